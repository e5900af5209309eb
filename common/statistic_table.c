/* The table of statistic.h: every value that is counted, with its name, labels and help. */
#include "statistic.h"

enum { MICROSECONDS = 1000000 };

static const uint64_t time_bounds[] = {
    500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 10000000};
static const uint64_t size_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

/* Numbers of something; a time, and histograms of times and of sizes. */
#define METRIC(NAME, HELP) {.name = (NAME), .help = (HELP)}
#define TIME(NAME, HELP)   {.name = (NAME), .help = (HELP), .scale = MICROSECONDS}
#define TIMES(NAME, HELP)                                                                          \
	{.name = (NAME),                                                                           \
	    .help = (HELP),                                                                        \
	    .scale = MICROSECONDS,                                                                 \
	    .bounds = time_bounds,                                                                 \
	    .bound_count = STATISTIC_TIME_BUCKETS - 1}
#define SIZES(NAME, HELP)                                                                          \
	{.name = (NAME),                                                                           \
	    .help = (HELP),                                                                        \
	    .bounds = size_bounds,                                                                 \
	    .bound_count = STATISTIC_SIZE_BUCKETS - 1}

_Static_assert(sizeof(time_bounds) / sizeof(time_bounds[0]) == STATISTIC_TIME_BUCKETS - 1 &&
		   sizeof(size_bounds) / sizeof(size_bounds[0]) == STATISTIC_SIZE_BUCKETS - 1,
    "one bucket more than bounds");

#define VALUE(WHICH, METRIC, LABELS, KEY) [WHICH] = {&(METRIC), LABELS, KEY, STATISTIC_VALUE}

/* LABELS: those of the whole series, each behind a comma. */
#define BUCKET(FIRST, NUMBER, METRIC, BOUND, LABELS)                                               \
	[(FIRST) + (NUMBER)] = {&(METRIC), "le=\"" BOUND "\"" LABELS, NULL, STATISTIC_BUCKET}

#define SUM_ROW(FIRST, BUCKETS, METRIC, LABELS)                                                    \
	[(FIRST) + (BUCKETS)] = {&(METRIC), (LABELS) + (sizeof(LABELS) > 1), NULL, STATISTIC_SUM}

#define TIME_ROWS(FIRST, METRIC, LABELS)                                                           \
	BUCKET(FIRST, 0, METRIC, "0.0005", LABELS), BUCKET(FIRST, 1, METRIC, "0.001", LABELS),     \
	    BUCKET(FIRST, 2, METRIC, "0.0025", LABELS), BUCKET(FIRST, 3, METRIC, "0.005", LABELS), \
	    BUCKET(FIRST, 4, METRIC, "0.01", LABELS), BUCKET(FIRST, 5, METRIC, "0.025", LABELS),   \
	    BUCKET(FIRST, 6, METRIC, "0.05", LABELS), BUCKET(FIRST, 7, METRIC, "0.1", LABELS),     \
	    BUCKET(FIRST, 8, METRIC, "0.25", LABELS), BUCKET(FIRST, 9, METRIC, "0.5", LABELS),     \
	    BUCKET(FIRST, 10, METRIC, "1", LABELS), BUCKET(FIRST, 11, METRIC, "2.5", LABELS),      \
	    BUCKET(FIRST, 12, METRIC, "10", LABELS), BUCKET(FIRST, 13, METRIC, "+Inf", LABELS),    \
	    SUM_ROW(FIRST, STATISTIC_TIME_BUCKETS, METRIC, LABELS)

#define SIZE_ROWS(FIRST, METRIC, LABELS)                                                           \
	BUCKET(FIRST, 0, METRIC, "1", LABELS), BUCKET(FIRST, 1, METRIC, "2", LABELS),              \
	    BUCKET(FIRST, 2, METRIC, "4", LABELS), BUCKET(FIRST, 3, METRIC, "8", LABELS),          \
	    BUCKET(FIRST, 4, METRIC, "16", LABELS), BUCKET(FIRST, 5, METRIC, "32", LABELS),        \
	    BUCKET(FIRST, 6, METRIC, "64", LABELS), BUCKET(FIRST, 7, METRIC, "128", LABELS),       \
	    BUCKET(FIRST, 8, METRIC, "256", LABELS), BUCKET(FIRST, 9, METRIC, "512", LABELS),      \
	    BUCKET(FIRST, 10, METRIC, "1024", LABELS), BUCKET(FIRST, 11, METRIC, "+Inf", LABELS),  \
	    SUM_ROW(FIRST, STATISTIC_SIZE_BUCKETS, METRIC, LABELS)

static const struct statistic_metric
    dns_queries = METRIC("sallyport_dns_queries_total", "Queries by the transport they came over."),
    dns_types = METRIC("sallyport_dns_query_types_total",
	"Answered queries by type; \"none\": no readable question."),
    dns_answers = METRIC("sallyport_dns_answers_total", "Answers by rcode, before the rate limit."),
    dns_nodata = METRIC("sallyport_dns_nodata_total",
	"Answers NOERROR without a record: the name exists, the type does not."),
    dns_edns = METRIC("sallyport_dns_edns_total", "Answered queries with EDNS."),
    dns_truncated = METRIC("sallyport_dns_truncated_total",
	"Answers that did not fit over UDP; without those that the rate limit cut."),
    dns_cookies =
	METRIC("sallyport_dns_cookies_total", "Answered queries by the state of their cookie."),
    dns_dropped = METRIC("sallyport_dns_dropped_total",
	"Messages that got no answer: they are no query, or the answer did not leave."),
    dns_limited = METRIC("sallyport_dns_rate_limited_total",
	"Answers that the rate limit kept back or cut down to TC."),
    dns_tcp_opened =
	METRIC("sallyport_dns_tcp_connections_total", "Connections over TCP accepted."),
    dns_tcp_closed = METRIC("sallyport_dns_tcp_connections_closed_total",
	"Connections over TCP that were closed from our side."),
    dns_tcp_open =
	METRIC("sallyport_dns_tcp_connections_open", "Connections over TCP that are open."),
    dns_snapshots = METRIC(
	"sallyport_dns_snapshots_total", "Complete snapshots of all names taken from store."),
    dns_deltas =
	METRIC("sallyport_dns_deltas_total", "Messages with committed changes taken from store."),
    dns_changes =
	METRIC("sallyport_dns_changes_total", "Committed changes of a name in those messages."),
    dns_full = METRIC("sallyport_dns_table_full_total",
	"Times that names found no room in the table and were left out."),
    dns_names = METRIC("sallyport_dns_names", "Names in the table."),
    dns_bytes = METRIC("sallyport_dns_table_bytes", "Bytes of the table."),
    dns_synchronised = METRIC("sallyport_dns_synchronised",
	"1 while dnsd has all names and follows store; 0: it serves what it knew."),
    dns_started =
	METRIC("sallyport_dns_start_time_seconds", "When dnsd was started, in seconds since 1970."),
    http_requests = METRIC(
	"sallyport_http_requests_total", "Requests answered, by route and class of the status."),
    http_times = TIMES("sallyport_http_request_duration_seconds",
	"From a request's last byte to its answer, by route."),
    http_errors =
	METRIC("sallyport_http_errors_total", "Requests refused, by the word of the answer."),
    http_opened = METRIC("sallyport_http_connections_total", "Connections accepted."),
    http_displaced = METRIC("sallyport_http_connections_displaced_total",
	"Connections closed to make room for a newer one."),
    http_open = METRIC("sallyport_http_connections_open", "Connections that are open."),
    http_pending = METRIC("sallyport_http_requests_pending", "Requests that wait for store."),
    http_unanswered = METRIC(
	"sallyport_http_requests_unanswered_total", "Requests that store did not answer in time."),
    http_linked = METRIC("sallyport_http_store_linked", "1 while apid is linked to store."),
    http_started = METRIC(
	"sallyport_http_start_time_seconds", "When apid was started, in seconds since 1970."),
    tls_handshakes = METRIC("sallyport_tls_handshakes_total", "TLS handshakes by result."),
    tls_reloads = METRIC("sallyport_tls_reloads_total",
	"Certificates and keys handed in by \"sallyport reload\", by result."),
    tls_certificate_end = METRIC("sallyport_tls_certificate_end_timestamp_seconds",
	"When the certificate in use expires, in seconds since 1970; 0 without TLS."),
    store_commits = METRIC("sallyport_store_commits_total", "Transactions by result."),
    store_commit_times = TIMES("sallyport_store_commit_duration_seconds",
	"Time that a transaction took to be written and synced to the disk."),
    store_group_sizes =
	SIZES("sallyport_store_commit_changes", "Changes that shared a transaction."),
    store_changes = METRIC("sallyport_store_changes_total", "Changes committed."),
    store_delta_times = TIMES("sallyport_store_delta_duration_seconds",
	"From a committed change being sent to dnsd until dnsd served it; a sample at a time."),
    store_delta_lag = TIME("sallyport_store_delta_lag_seconds",
	"For how long a committed change that was sent to dnsd has not been served yet; 0: all "
	"are."),
    store_snapshot_time = TIME("sallyport_store_snapshot_duration_seconds",
	"How long sending dnsd all names took, the last time."),
    store_snapshot_damaged = METRIC("sallyport_store_snapshot_damaged",
	"1: names could not be read when dnsd was last sent all; names that it does not know get "
	"SERVFAIL."),
    store_unacknowledged = METRIC(
	"sallyport_store_unacknowledged_total", "Changes answered without dnsd's acknowledgement."),
    store_busy =
	METRIC("sallyport_store_busy_total", "Requests turned down because a queue was full."),
    store_limited = METRIC("sallyport_store_limited_total",
	"Requests refused because their address has sent too many, by api.limits."),
    store_queue =
	METRIC("sallyport_store_queue_length", "What waits for bcrypt, or for a transaction."),
    store_bcrypt = METRIC("sallyport_store_bcrypt_jobs_total", "Keys given to bcrypt."),
    store_remembered = METRIC("sallyport_store_credentials_remembered_total",
	"Updates whose key was remembered, so that bcrypt was not asked."),
    store_credentials = METRIC("sallyport_store_credentials", "Keys that are remembered."),
    store_links = METRIC("sallyport_store_links_total", "Links greeted by a front process."),
    store_drops = METRIC("sallyport_store_link_drops_total",
	"Links ended by store: a broken rule, no progress, or a failure."),
    store_violations = METRIC("sallyport_store_protocol_violations_total",
	"Messages that broke the rules of their link, which ended it."),
    store_linked =
	METRIC("sallyport_store_linked", "1 while the front process is linked and has greeted."),
    store_accounts = METRIC("sallyport_store_accounts", "Accounts there are."),
    store_names =
	METRIC("sallyport_store_names", "Names there are, with those of deleted accounts."),
    store_tokens = METRIC("sallyport_store_tokens",
	"Registration tokens there are, with those that are spent or revoked."),
    store_map =
	METRIC("sallyport_store_map_bytes", "Size of the database's map, which grows by itself."),
    store_map_used = METRIC("sallyport_store_map_used_bytes",
	"Bytes of the map that were ever in use; what became free among them is used again."),
    store_disk_free = METRIC("sallyport_store_disk_free_bytes",
	"Bytes that store may still write to the disk of its database."),
    store_started = METRIC(
	"sallyport_store_start_time_seconds", "When store was started, in seconds since 1970.");

#define TYPE(NAME)  VALUE(STATISTIC_DNS_TYPE_##NAME, dns_types, "type=\"" #NAME "\"", #NAME)
#define RCODE(NAME) VALUE(STATISTIC_DNS_RCODE_##NAME, dns_answers, "rcode=\"" #NAME "\"", #NAME)

#define HTTP_STATUS(WHICH, ROUTE, STATUS)                                                          \
	VALUE(WHICH, http_requests, "route=\"" ROUTE "\",status=\"" STATUS "\"", ROUTE "." STATUS)

#define HTTP_ROUTE(NAME, ROUTE)                                                                    \
	HTTP_STATUS(STATISTIC_HTTP_##NAME##_2XX, ROUTE, "2xx"),                                    \
	    HTTP_STATUS(STATISTIC_HTTP_##NAME##_4XX, ROUTE, "4xx"),                                \
	    HTTP_STATUS(STATISTIC_HTTP_##NAME##_5XX, ROUTE, "5xx")

#define HTTP_ERROR(NAME, WORD)                                                                     \
	VALUE(STATISTIC_HTTP_ERROR_##NAME, http_errors, "error=\"" WORD "\"", WORD)

static const struct statistic_description table[STATISTICS] = {
    VALUE(STATISTIC_DNS_UDP4, dns_queries, "transport=\"udp\",family=\"4\"", "udp"),
    VALUE(STATISTIC_DNS_UDP6, dns_queries, "transport=\"udp\",family=\"6\"", "udp6"),
    VALUE(STATISTIC_DNS_TCP4, dns_queries, "transport=\"tcp\",family=\"4\"", "tcp"),
    VALUE(STATISTIC_DNS_TCP6, dns_queries, "transport=\"tcp\",family=\"6\"", "tcp6"),
    TYPE(A),
    TYPE(NS),
    TYPE(CNAME),
    TYPE(SOA),
    TYPE(PTR),
    TYPE(MX),
    TYPE(TXT),
    TYPE(AAAA),
    TYPE(SRV),
    TYPE(DS),
    TYPE(DNSKEY),
    TYPE(HTTPS),
    TYPE(ANY),
    TYPE(CAA),
    VALUE(STATISTIC_DNS_TYPE_OTHER, dns_types, "type=\"other\"", "type.other"),
    VALUE(STATISTIC_DNS_TYPE_NONE, dns_types, "type=\"none\"", "type.none"),
    RCODE(NOERROR),
    RCODE(FORMERR),
    RCODE(SERVFAIL),
    RCODE(NXDOMAIN),
    RCODE(NOTIMP),
    RCODE(REFUSED),
    RCODE(NOTAUTH),
    RCODE(BADVERS),
    RCODE(BADCOOKIE),
    VALUE(STATISTIC_DNS_RCODE_OTHER, dns_answers, "rcode=\"other\"", "rcode.other"),
    VALUE(STATISTIC_DNS_NODATA, dns_nodata, "", "nodata"),
    VALUE(STATISTIC_DNS_EDNS, dns_edns, "", "edns"),
    VALUE(STATISTIC_DNS_TRUNCATED, dns_truncated, "", "truncated"),
    VALUE(STATISTIC_DNS_COOKIE_NONE, dns_cookies, "state=\"none\"", "cookie.none"),
    VALUE(STATISTIC_DNS_COOKIE_MALFORMED, dns_cookies, "state=\"malformed\"", "cookie.malformed"),
    VALUE(STATISTIC_DNS_COOKIE_CLIENT, dns_cookies, "state=\"client\"", "cookie.client"),
    VALUE(STATISTIC_DNS_COOKIE_WRONG, dns_cookies, "state=\"wrong\"", "cookie.wrong"),
    VALUE(STATISTIC_DNS_COOKIE_RIGHT, dns_cookies, "state=\"right\"", "cookie.right"),
    VALUE(STATISTIC_DNS_DROPPED_NO_QUERY, dns_dropped, "reason=\"no_query\"", "dropped.no_query"),
    VALUE(STATISTIC_DNS_DROPPED_UNSENT, dns_dropped, "reason=\"unsent\"", "dropped.unsent"),
    VALUE(STATISTIC_DNS_LIMITED_DROPPED, dns_limited, "action=\"drop\"", "limited.drop"),
    VALUE(STATISTIC_DNS_LIMITED_SLIPPED, dns_limited, "action=\"slip\"", "limited.slip"),
    VALUE(STATISTIC_DNS_TCP_OPENED, dns_tcp_opened, "", "tcp.opened"),
    VALUE(STATISTIC_DNS_TCP_CLOSED_IDLE, dns_tcp_closed, "reason=\"idle\"", "tcp.idle"),
    VALUE(STATISTIC_DNS_TCP_CLOSED_LIFETIME, dns_tcp_closed, "reason=\"lifetime\"", "tcp.lifetime"),
    VALUE(STATISTIC_DNS_TCP_CLOSED_BOUND, dns_tcp_closed, "reason=\"bound\"", "tcp.bound"),
    VALUE(STATISTIC_DNS_TCP_OPEN, dns_tcp_open, "", "tcp.open"),
    VALUE(STATISTIC_DNS_SNAPSHOTS, dns_snapshots, "", "snapshots"),
    VALUE(STATISTIC_DNS_DELTAS, dns_deltas, "", "deltas"),
    VALUE(STATISTIC_DNS_CHANGES, dns_changes, "", "changes"),
    VALUE(STATISTIC_DNS_FULL, dns_full, "", "full"),
    VALUE(STATISTIC_DNS_NAMES, dns_names, "", "names"),
    VALUE(STATISTIC_DNS_BYTES, dns_bytes, "", "bytes"),
    VALUE(STATISTIC_DNS_SYNCHRONISED, dns_synchronised, "", NULL),
    VALUE(STATISTIC_DNS_STARTED, dns_started, "", NULL),

    HTTP_ROUTE(REGISTER, "register"),
    HTTP_ROUTE(UPDATE, "update"),
    HTTP_ROUTE(ACCOUNT, "account"),
    HTTP_ROUTE(HEALTH, "health"),
    HTTP_ROUTE(OTHER, "other"),
    TIME_ROWS(STATISTIC_HTTP_REGISTER_TIME, http_times, ",route=\"register\""),
    TIME_ROWS(STATISTIC_HTTP_UPDATE_TIME, http_times, ",route=\"update\""),
    TIME_ROWS(STATISTIC_HTTP_ACCOUNT_TIME, http_times, ",route=\"account\""),
    TIME_ROWS(STATISTIC_HTTP_HEALTH_TIME, http_times, ",route=\"health\""),
    TIME_ROWS(STATISTIC_HTTP_OTHER_TIME, http_times, ",route=\"other\""),
    HTTP_ERROR(BAD_REQUEST, "bad_request"),
    HTTP_ERROR(MALFORMED_JSON, "malformed_json_payload"),
    HTTP_ERROR(BAD_NETWORK, "invalid_allowfrom_cidr"),
    HTTP_ERROR(BAD_SUBDOMAIN, "bad_subdomain"),
    HTTP_ERROR(BAD_TXT, "bad_txt"),
    HTTP_ERROR(FORBIDDEN, "forbidden"),
    VALUE(STATISTIC_HTTP_ERROR_REGISTRATION_FORBIDDEN, http_errors,
	"error=\"registration_forbidden\"", "registration_forbidden"),
    HTTP_ERROR(NOT_FOUND, "not_found"),
    HTTP_ERROR(METHOD, "method_not_allowed"),
    HTTP_ERROR(TIMEOUT, "request_timeout"),
    HTTP_ERROR(BODY_TOO_LARGE, "body_too_large"),
    HTTP_ERROR(TARGET_TOO_LONG, "target_too_long"),
    HTTP_ERROR(EXPECTATION, "expectation_failed"),
    HTTP_ERROR(TOO_MANY_REQUESTS, "too_many_requests"),
    HTTP_ERROR(HEAD_TOO_LARGE, "headers_too_large"),
    HTTP_ERROR(DATABASE, "db_error"),
    HTTP_ERROR(NOT_IMPLEMENTED, "not_implemented"),
    HTTP_ERROR(BUSY, "busy"),
    HTTP_ERROR(UNAVAILABLE, "store_unavailable"),
    HTTP_ERROR(VERSION, "http_version_not_supported"),
    HTTP_ERROR(NO_ROOM, "insufficient_storage"),
    HTTP_ERROR(HTTPS_REQUIRED, "https_required"),
    VALUE(STATISTIC_HTTP_OPENED, http_opened, "", "opened"),
    VALUE(STATISTIC_HTTP_DISPLACED, http_displaced, "", "displaced"),
    VALUE(STATISTIC_HTTP_OPEN, http_open, "", "open"),
    VALUE(STATISTIC_HTTP_PENDING, http_pending, "", NULL),
    VALUE(STATISTIC_HTTP_UNANSWERED, http_unanswered, "", "unanswered"),
    VALUE(STATISTIC_HTTP_LINKED, http_linked, "", NULL),
    VALUE(STATISTIC_HTTP_STARTED, http_started, "", NULL),
    VALUE(STATISTIC_TLS_FULL, tls_handshakes, "result=\"full\"", "tls.full"),
    VALUE(STATISTIC_TLS_RESUMED, tls_handshakes, "result=\"resumed\"", "tls.resumed"),
    VALUE(STATISTIC_TLS_FAILED, tls_handshakes, "result=\"failed\"", "tls.failed"),
    VALUE(STATISTIC_TLS_RELOADED, tls_reloads, "result=\"ok\"", "tls.reloaded"),
    VALUE(STATISTIC_TLS_REFUSED, tls_reloads, "result=\"refused\"", "tls.refused"),
    VALUE(STATISTIC_TLS_CERTIFICATE_END, tls_certificate_end, "", "tls.certificate_end"),

    VALUE(STATISTIC_STORE_COMMITS, store_commits, "result=\"ok\"", "commits"),
    VALUE(STATISTIC_STORE_COMMITS_FAILED, store_commits, "result=\"failed\"", "commits.failed"),
    TIME_ROWS(STATISTIC_STORE_COMMIT_TIME, store_commit_times, ""),
    SIZE_ROWS(STATISTIC_STORE_GROUP_SIZE, store_group_sizes, ""),
    VALUE(STATISTIC_STORE_REGISTRATIONS, store_changes, "kind=\"register\"", "registrations"),
    VALUE(STATISTIC_STORE_VALUES_SET, store_changes, "kind=\"set\"", "values.set"),
    VALUE(STATISTIC_STORE_VALUES_CLEARED, store_changes, "kind=\"clear\"", "values.cleared"),
    VALUE(STATISTIC_STORE_NETWORKS_CHANGED, store_changes, "kind=\"allowfrom\"", "allowfrom"),
    VALUE(STATISTIC_STORE_KEYS_ROTATED, store_changes, "kind=\"rotate\"", "rotations"),
    VALUE(STATISTIC_STORE_DELETIONS, store_changes, "kind=\"delete\"", "deletions"),
    TIME_ROWS(STATISTIC_STORE_DELTA_TIME, store_delta_times, ""),
    VALUE(STATISTIC_STORE_DELTA_LAG, store_delta_lag, "", NULL),
    VALUE(STATISTIC_STORE_SNAPSHOT_TIME, store_snapshot_time, "", NULL),
    VALUE(STATISTIC_STORE_SNAPSHOT_DAMAGED, store_snapshot_damaged, "", NULL),
    VALUE(STATISTIC_STORE_UNACKNOWLEDGED, store_unacknowledged, "", "unacknowledged"),
    VALUE(STATISTIC_STORE_BUSY, store_busy, "", "busy"),
    VALUE(STATISTIC_STORE_LIMITED_REGISTRATIONS, store_limited, "limit=\"registrations\"",
	"limited.registrations"),
    VALUE(
	STATISTIC_STORE_LIMITED_FAILURES, store_limited, "limit=\"failures\"", "limited.failures"),
    VALUE(STATISTIC_STORE_BCRYPT_HASH, store_bcrypt, "kind=\"hash\"", "bcrypt.hash"),
    VALUE(STATISTIC_STORE_BCRYPT_VERIFY, store_bcrypt, "kind=\"verify\"", "bcrypt.verify"),
    VALUE(STATISTIC_STORE_QUEUE_BCRYPT, store_queue, "queue=\"bcrypt\"", NULL),
    VALUE(STATISTIC_STORE_QUEUE_COMMIT, store_queue, "queue=\"commit\"", NULL),
    VALUE(STATISTIC_STORE_REMEMBERED, store_remembered, "", "remembered"),
    VALUE(STATISTIC_STORE_CREDENTIALS, store_credentials, "", NULL),
    VALUE(STATISTIC_STORE_LINKS_DNSD, store_links, "front=\"dnsd\"", "links.dnsd"),
    VALUE(STATISTIC_STORE_LINKS_APID, store_links, "front=\"apid\"", "links.apid"),
    VALUE(STATISTIC_STORE_DROPS_DNSD, store_drops, "front=\"dnsd\"", "drops.dnsd"),
    VALUE(STATISTIC_STORE_DROPS_APID, store_drops, "front=\"apid\"", "drops.apid"),
    VALUE(STATISTIC_STORE_VIOLATIONS_DNSD, store_violations, "link=\"dnsd\"", "violations.dnsd"),
    VALUE(STATISTIC_STORE_VIOLATIONS_APID, store_violations, "link=\"apid\"", "violations.apid"),
    VALUE(STATISTIC_STORE_VIOLATIONS_CONTROL, store_violations, "link=\"control\"",
	"violations.control"),
    VALUE(STATISTIC_STORE_LINKED_DNSD, store_linked, "front=\"dnsd\"", NULL),
    VALUE(STATISTIC_STORE_LINKED_APID, store_linked, "front=\"apid\"", NULL),
    VALUE(STATISTIC_STORE_ACCOUNTS, store_accounts, "", NULL),
    VALUE(STATISTIC_STORE_NAMES, store_names, "", NULL),
    VALUE(STATISTIC_STORE_TOKENS, store_tokens, "", NULL),
    VALUE(STATISTIC_STORE_MAP_BYTES, store_map, "", NULL),
    VALUE(STATISTIC_STORE_MAP_USED_BYTES, store_map_used, "", NULL),
    VALUE(STATISTIC_STORE_DISK_FREE_BYTES, store_disk_free, "", NULL),
    VALUE(STATISTIC_STORE_STARTED, store_started, "", NULL),
};

const struct statistic_description *
statistic_describe(enum statistic which)
{
	return &table[which];
}
