/*
 * Everything the three processes count: one table of all counters, and the arrays they are counted in. Pure.
 *
 * Each thread that counts has an array of its own, on cache lines of its own, and is the only one that writes
 * it: counting is a load and a store, without a lock, and any thread may read meanwhile. A front process adds its
 * arrays up and reports its part of the table to store (report.h), where all of it comes together.
 *
 * Counters begin at 0 with their process. Gauges say what is the case now.
 */
#ifndef COMMON_STATISTIC_H
#define COMMON_STATISTIC_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Buckets of a histogram, the last of which has no bound; its rows are these, and the sum. */
enum {
	STATISTIC_TIME_BUCKETS = 14, /* of microseconds; 0.5 ms to 10 s */
	STATISTIC_SIZE_BUCKETS = 12  /* of a group; 1 to 1024 */
};

/* A histogram begins with its lowest bucket; what follows it follows its sum. */
#define STATISTIC_TIMES(NAME) NAME, NAME##_SUM = (NAME) + STATISTIC_TIME_BUCKETS
#define STATISTIC_SIZES(NAME) NAME, NAME##_SUM = (NAME) + STATISTIC_SIZE_BUCKETS

/* In the order of the table in statistic_table.c; what one process counts stands together. */
enum statistic {
	/* dnsd's workers */
	STATISTIC_DNS_UDP4,
	STATISTIC_DNS_UDP6,
	STATISTIC_DNS_TCP4,
	STATISTIC_DNS_TCP6,
	STATISTIC_DNS_TYPE_A,
	STATISTIC_DNS_TYPE_NS,
	STATISTIC_DNS_TYPE_CNAME,
	STATISTIC_DNS_TYPE_SOA,
	STATISTIC_DNS_TYPE_PTR,
	STATISTIC_DNS_TYPE_MX,
	STATISTIC_DNS_TYPE_TXT,
	STATISTIC_DNS_TYPE_AAAA,
	STATISTIC_DNS_TYPE_SRV,
	STATISTIC_DNS_TYPE_DS,
	STATISTIC_DNS_TYPE_DNSKEY,
	STATISTIC_DNS_TYPE_HTTPS,
	STATISTIC_DNS_TYPE_ANY,
	STATISTIC_DNS_TYPE_CAA,
	STATISTIC_DNS_TYPE_OTHER,
	STATISTIC_DNS_TYPE_NONE,
	STATISTIC_DNS_RCODE_NOERROR,
	STATISTIC_DNS_RCODE_FORMERR,
	STATISTIC_DNS_RCODE_SERVFAIL,
	STATISTIC_DNS_RCODE_NXDOMAIN,
	STATISTIC_DNS_RCODE_NOTIMP,
	STATISTIC_DNS_RCODE_REFUSED,
	STATISTIC_DNS_RCODE_NOTAUTH,
	STATISTIC_DNS_RCODE_BADVERS,
	STATISTIC_DNS_RCODE_BADCOOKIE,
	STATISTIC_DNS_RCODE_OTHER,
	STATISTIC_DNS_NODATA,
	STATISTIC_DNS_EDNS,
	STATISTIC_DNS_TRUNCATED,
	/* In the order of enum cookie_state (dnsd). */
	STATISTIC_DNS_COOKIE_NONE,
	STATISTIC_DNS_COOKIE_MALFORMED,
	STATISTIC_DNS_COOKIE_CLIENT,
	STATISTIC_DNS_COOKIE_WRONG,
	STATISTIC_DNS_COOKIE_RIGHT,
	STATISTIC_DNS_DROPPED_NO_QUERY,
	STATISTIC_DNS_DROPPED_UNSENT,
	STATISTIC_DNS_LIMITED_DROPPED,
	STATISTIC_DNS_LIMITED_SLIPPED,
	STATISTIC_DNS_TCP_OPENED,
	STATISTIC_DNS_TCP_CLOSED_IDLE,
	STATISTIC_DNS_TCP_CLOSED_LIFETIME,
	STATISTIC_DNS_TCP_CLOSED_BOUND,
	STATISTIC_DNS_TCP_OPEN,
	/* dnsd's main thread */
	STATISTIC_DNS_SNAPSHOTS,
	STATISTIC_DNS_DELTAS,
	STATISTIC_DNS_CHANGES,
	STATISTIC_DNS_FULL,
	STATISTIC_DNS_NAMES,
	STATISTIC_DNS_BYTES,
	STATISTIC_DNS_SYNCHRONISED,
	STATISTIC_DNS_STARTED,
	STATISTIC_DNSD_END,

	/* apid */
	STATISTIC_HTTP_REGISTER_2XX = STATISTIC_DNSD_END,
	STATISTIC_HTTP_REGISTER_4XX,
	STATISTIC_HTTP_REGISTER_5XX,
	STATISTIC_HTTP_UPDATE_2XX,
	STATISTIC_HTTP_UPDATE_4XX,
	STATISTIC_HTTP_UPDATE_5XX,
	STATISTIC_HTTP_ACCOUNT_2XX,
	STATISTIC_HTTP_ACCOUNT_4XX,
	STATISTIC_HTTP_ACCOUNT_5XX,
	STATISTIC_HTTP_HEALTH_2XX,
	STATISTIC_HTTP_HEALTH_4XX,
	STATISTIC_HTTP_HEALTH_5XX,
	STATISTIC_HTTP_OTHER_2XX,
	STATISTIC_HTTP_OTHER_4XX,
	STATISTIC_HTTP_OTHER_5XX,
	STATISTIC_TIMES(STATISTIC_HTTP_REGISTER_TIME),
	STATISTIC_TIMES(STATISTIC_HTTP_UPDATE_TIME),
	STATISTIC_TIMES(STATISTIC_HTTP_ACCOUNT_TIME),
	STATISTIC_TIMES(STATISTIC_HTTP_HEALTH_TIME),
	STATISTIC_TIMES(STATISTIC_HTTP_OTHER_TIME),
	/* In the order of enum response_error (apid). */
	STATISTIC_HTTP_ERROR_BAD_REQUEST,
	STATISTIC_HTTP_ERROR_MALFORMED_JSON,
	STATISTIC_HTTP_ERROR_BAD_NETWORK,
	STATISTIC_HTTP_ERROR_BAD_SUBDOMAIN,
	STATISTIC_HTTP_ERROR_BAD_TXT,
	STATISTIC_HTTP_ERROR_FORBIDDEN,
	STATISTIC_HTTP_ERROR_REGISTRATION_FORBIDDEN,
	STATISTIC_HTTP_ERROR_NOT_FOUND,
	STATISTIC_HTTP_ERROR_METHOD,
	STATISTIC_HTTP_ERROR_TIMEOUT,
	STATISTIC_HTTP_ERROR_BODY_TOO_LARGE,
	STATISTIC_HTTP_ERROR_TARGET_TOO_LONG,
	STATISTIC_HTTP_ERROR_EXPECTATION,
	STATISTIC_HTTP_ERROR_TOO_MANY_REQUESTS,
	STATISTIC_HTTP_ERROR_HEAD_TOO_LARGE,
	STATISTIC_HTTP_ERROR_DATABASE,
	STATISTIC_HTTP_ERROR_NOT_IMPLEMENTED,
	STATISTIC_HTTP_ERROR_BUSY,
	STATISTIC_HTTP_ERROR_UNAVAILABLE,
	STATISTIC_HTTP_ERROR_VERSION,
	STATISTIC_HTTP_ERROR_NO_ROOM,
	STATISTIC_HTTP_ERROR_HTTPS_REQUIRED,
	STATISTIC_HTTP_OPENED,
	STATISTIC_HTTP_DISPLACED,
	STATISTIC_HTTP_OPEN,
	STATISTIC_HTTP_PENDING,
	STATISTIC_HTTP_UNANSWERED,
	STATISTIC_HTTP_LINKED,
	STATISTIC_HTTP_STARTED,
	STATISTIC_TLS_FULL,
	STATISTIC_TLS_RESUMED,
	STATISTIC_TLS_FAILED,
	STATISTIC_TLS_RELOADED,
	STATISTIC_TLS_REFUSED,
	STATISTIC_TLS_CERTIFICATE_END,
	STATISTIC_APID_END,

	/* store */
	STATISTIC_STORE_COMMITS = STATISTIC_APID_END,
	STATISTIC_STORE_COMMITS_FAILED,
	STATISTIC_TIMES(STATISTIC_STORE_COMMIT_TIME),
	STATISTIC_SIZES(STATISTIC_STORE_GROUP_SIZE),
	STATISTIC_STORE_REGISTRATIONS,
	STATISTIC_STORE_VALUES_SET,
	STATISTIC_STORE_VALUES_CLEARED,
	STATISTIC_STORE_NETWORKS_CHANGED,
	STATISTIC_STORE_KEYS_ROTATED,
	STATISTIC_STORE_DELETIONS,
	STATISTIC_TIMES(STATISTIC_STORE_DELTA_TIME),
	STATISTIC_STORE_DELTA_LAG,
	STATISTIC_STORE_SNAPSHOT_TIME,
	STATISTIC_STORE_SNAPSHOT_DAMAGED,
	STATISTIC_STORE_UNACKNOWLEDGED,
	STATISTIC_STORE_BUSY,
	/* In the order of enum client_limit_kind (store). */
	STATISTIC_STORE_LIMITED_REGISTRATIONS,
	STATISTIC_STORE_LIMITED_FAILURES,
	STATISTIC_STORE_BCRYPT_HASH,
	STATISTIC_STORE_BCRYPT_VERIFY,
	STATISTIC_STORE_QUEUE_BCRYPT,
	STATISTIC_STORE_QUEUE_COMMIT,
	STATISTIC_STORE_REMEMBERED,
	STATISTIC_STORE_CREDENTIALS,
	STATISTIC_STORE_LINKS_DNSD,
	STATISTIC_STORE_LINKS_APID,
	STATISTIC_STORE_DROPS_DNSD,
	STATISTIC_STORE_DROPS_APID,
	STATISTIC_STORE_VIOLATIONS_DNSD,
	STATISTIC_STORE_VIOLATIONS_APID,
	STATISTIC_STORE_VIOLATIONS_CONTROL,
	STATISTIC_STORE_LINKED_DNSD,
	STATISTIC_STORE_LINKED_APID,
	STATISTIC_STORE_ACCOUNTS,
	STATISTIC_STORE_NAMES,
	STATISTIC_STORE_TOKENS,
	STATISTIC_STORE_MAP_BYTES,
	STATISTIC_STORE_MAP_USED_BYTES,
	STATISTIC_STORE_DISK_FREE_BYTES,
	STATISTIC_STORE_STARTED,
	STATISTICS
};

/* A front tells store what it counts as often, if anything changed since. */
enum { STATISTIC_REPORT_MS = 1000 };

/* Who counts. */
enum statistic_source { STATISTIC_DNSD, STATISTIC_APID, STATISTIC_STORE, STATISTIC_SOURCES };

/* A source's part of the table. */
struct statistic_range {
	const char *source; /* "dnsd" */
	unsigned first;
	unsigned count;
};

struct statistic_range statistic_range(enum statistic_source source);

/* What the rows of one metric share, in the terms of Prometheus's text format. */
struct statistic_metric {
	const char
	    *name; /* a counter's ends with _total; any other, unless it has bounds, is a gauge */
	const char *help;
	uint64_t scale;		/* this many are 1 of the unit in its name; 0: one is */
	const uint64_t *bounds; /* of a histogram: the highest value of each bucket but the last */
	unsigned bound_count;
};

enum statistic_part { STATISTIC_VALUE, STATISTIC_BUCKET, STATISTIC_SUM };

struct statistic_description {
	const struct statistic_metric *metric; /* rows of one stand together */
	const char *labels;		       /* transport="udp",family="4"; may be empty */
	const char *key; /* for log lines; unlike any other of its source; NULL: not for them */
	enum statistic_part part;
};

const struct statistic_description *statistic_describe(enum statistic which);

/* One thread's array: static, or from statistic_counters_new(), because of its alignment. */
struct statistic_counters {
	alignas(64) _Atomic(uint64_t) values[STATISTICS];
};

/* `count` arrays of zeroes; free() them. NULL when memory is short. */
struct statistic_counters *statistic_counters_new(unsigned count);

/* By the array's thread alone. */
static inline void
statistic_set(struct statistic_counters *counters, enum statistic which, uint64_t value)
{
	atomic_store_explicit(&counters->values[which], value, memory_order_relaxed);
}

static inline void
statistic_add(struct statistic_counters *counters, enum statistic which, uint64_t amount)
{
	uint64_t value = atomic_load_explicit(&counters->values[which], memory_order_relaxed);

	statistic_set(counters, which, value + amount);
}

static inline void
statistic_count(struct statistic_counters *counters, enum statistic which)
{
	statistic_add(counters, which, 1);
}

/* Counts `value` in the histogram that begins with `first`. */
void statistic_observe(struct statistic_counters *counters, enum statistic first, uint64_t value);

/* From any thread: adds `count` arrays up into `sums`. Each value is one that its counter had meanwhile. */
void statistic_sum(
    const struct statistic_counters *counters, unsigned count, uint64_t sums[STATISTICS]);

enum { STATISTIC_SAMPLE = 32 }; /* bytes of a sample's text, its NUL included */

/*
 * Writes a row's value in the unit of its metric's name: "12", "0.250000". A bucket has what is in all buckets up to
 * its own, as Prometheus wants it. Returns `text`.
 */
const char *statistic_sample(
    char text[STATISTIC_SAMPLE], const uint64_t values[STATISTICS], enum statistic which);

/* What stands behind the metric's name in the sample's: "", "_bucket" or "_sum". */
const char *statistic_suffix(enum statistic_part part);

enum { STATISTIC_MAX_ITEM = 64 }; /* bytes that a text needs for one value, its NUL included */

/*
 * Writes "key=value key=value" of a source's values that are not 0 into `text`, beginning at its row *next: as many
 * as `capacity` (at least STATISTIC_MAX_ITEM) holds. *next becomes the row to go on with; at the range's count all
 * is written. Returns the text's length.
 */
size_t statistic_text(char *text, size_t capacity, enum statistic_source source,
    const uint64_t values[STATISTICS], unsigned *next);

#endif
