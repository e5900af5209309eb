#include "statistic.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct statistic_metric
    dns_queries = {"sallyport_dns_queries_total", "Queries by the transport they came over."},
    dns_types = {"sallyport_dns_query_types_total",
	"Answered queries by type; \"none\": no readable question."},
    dns_answers = {"sallyport_dns_answers_total", "Answers by rcode, before the rate limit."},
    dns_nodata = {"sallyport_dns_nodata_total",
	"Answers NOERROR without a record: the name exists, the type does not."},
    dns_edns = {"sallyport_dns_edns_total", "Answered queries with EDNS."},
    dns_truncated = {"sallyport_dns_truncated_total",
	"Answers that did not fit over UDP; without those that the rate limit cut."},
    dns_cookies = {"sallyport_dns_cookies_total", "Answered queries by the state of their cookie."},
    dns_dropped = {"sallyport_dns_dropped_total",
	"Messages that got no answer: they are no query, or the answer did not leave."},
    dns_limited = {"sallyport_dns_rate_limited_total",
	"Answers that the rate limit kept back or cut down to TC."},
    dns_tcp_opened = {"sallyport_dns_tcp_connections_total", "Connections over TCP accepted."},
    dns_tcp_closed = {"sallyport_dns_tcp_connections_closed_total",
	"Connections over TCP that were closed from our side."},
    dns_tcp_open = {"sallyport_dns_tcp_connections_open", "Connections over TCP that are open."},
    dns_snapshots = {"sallyport_dns_snapshots_total",
	"Complete snapshots of all names taken from store."},
    dns_deltas = {"sallyport_dns_deltas_total",
	"Messages with committed changes taken from store."},
    dns_changes = {"sallyport_dns_changes_total", "Committed changes of a name in those messages."},
    dns_full = {"sallyport_dns_table_full_total",
	"Times that names found no room in the table and were left out."},
    dns_names = {"sallyport_dns_names", "Names in the table."},
    dns_bytes = {"sallyport_dns_table_bytes", "Bytes of the table."},
    http_requests = {"sallyport_http_requests_total",
	"Requests answered, by route and class of the status."},
    http_errors = {"sallyport_http_errors_total", "Requests refused, by the word of the answer."},
    http_opened = {"sallyport_http_connections_total", "Connections accepted."},
    http_displaced = {"sallyport_http_connections_displaced_total",
	"Connections closed to make room for a newer one."},
    http_open = {"sallyport_http_connections_open", "Connections that are open."},
    tls_handshakes = {"sallyport_tls_handshakes_total", "TLS handshakes by result."},
    tls_reloads = {"sallyport_tls_reloads_total",
	"Certificates and keys handed in by \"sallyport reload\", by result."},
    tls_certificate_end = {"sallyport_tls_certificate_end_timestamp_seconds",
	"When the certificate in use expires, in seconds since 1970; 0 without TLS."},
    store_commits = {"sallyport_store_commits_total", "Transactions by result."},
    store_changes = {"sallyport_store_changes_total", "Changes committed."},
    store_unacknowledged = {"sallyport_store_unacknowledged_total",
	"Changes answered without dnsd's acknowledgement."},
    store_busy = {"sallyport_store_busy_total", "Requests turned down because a queue was full."},
    store_bcrypt = {"sallyport_store_bcrypt_jobs_total", "Keys given to bcrypt."},
    store_remembered = {"sallyport_store_credentials_remembered_total",
	"Updates whose key was remembered, so that bcrypt was not asked."},
    store_links = {"sallyport_store_links_total", "Links greeted by a front process."},
    store_drops = {"sallyport_store_link_drops_total",
	"Links ended by store: a broken rule, no progress, or a failure."};

static const struct statistic_description table[STATISTICS] = {
    [STATISTIC_DNS_UDP4] = {&dns_queries, "transport=\"udp\",family=\"4\"", "udp"},
    [STATISTIC_DNS_UDP6] = {&dns_queries, "transport=\"udp\",family=\"6\"", "udp6"},
    [STATISTIC_DNS_TCP4] = {&dns_queries, "transport=\"tcp\",family=\"4\"", "tcp"},
    [STATISTIC_DNS_TCP6] = {&dns_queries, "transport=\"tcp\",family=\"6\"", "tcp6"},
    [STATISTIC_DNS_TYPE_A] = {&dns_types, "type=\"A\"", "A"},
    [STATISTIC_DNS_TYPE_NS] = {&dns_types, "type=\"NS\"", "NS"},
    [STATISTIC_DNS_TYPE_CNAME] = {&dns_types, "type=\"CNAME\"", "CNAME"},
    [STATISTIC_DNS_TYPE_SOA] = {&dns_types, "type=\"SOA\"", "SOA"},
    [STATISTIC_DNS_TYPE_PTR] = {&dns_types, "type=\"PTR\"", "PTR"},
    [STATISTIC_DNS_TYPE_MX] = {&dns_types, "type=\"MX\"", "MX"},
    [STATISTIC_DNS_TYPE_TXT] = {&dns_types, "type=\"TXT\"", "TXT"},
    [STATISTIC_DNS_TYPE_AAAA] = {&dns_types, "type=\"AAAA\"", "AAAA"},
    [STATISTIC_DNS_TYPE_SRV] = {&dns_types, "type=\"SRV\"", "SRV"},
    [STATISTIC_DNS_TYPE_DS] = {&dns_types, "type=\"DS\"", "DS"},
    [STATISTIC_DNS_TYPE_DNSKEY] = {&dns_types, "type=\"DNSKEY\"", "DNSKEY"},
    [STATISTIC_DNS_TYPE_HTTPS] = {&dns_types, "type=\"HTTPS\"", "HTTPS"},
    [STATISTIC_DNS_TYPE_ANY] = {&dns_types, "type=\"ANY\"", "ANY"},
    [STATISTIC_DNS_TYPE_CAA] = {&dns_types, "type=\"CAA\"", "CAA"},
    [STATISTIC_DNS_TYPE_OTHER] = {&dns_types, "type=\"other\"", "type.other"},
    [STATISTIC_DNS_TYPE_NONE] = {&dns_types, "type=\"none\"", "type.none"},
    [STATISTIC_DNS_RCODE_NOERROR] = {&dns_answers, "rcode=\"NOERROR\"", "NOERROR"},
    [STATISTIC_DNS_RCODE_FORMERR] = {&dns_answers, "rcode=\"FORMERR\"", "FORMERR"},
    [STATISTIC_DNS_RCODE_SERVFAIL] = {&dns_answers, "rcode=\"SERVFAIL\"", "SERVFAIL"},
    [STATISTIC_DNS_RCODE_NXDOMAIN] = {&dns_answers, "rcode=\"NXDOMAIN\"", "NXDOMAIN"},
    [STATISTIC_DNS_RCODE_NOTIMP] = {&dns_answers, "rcode=\"NOTIMP\"", "NOTIMP"},
    [STATISTIC_DNS_RCODE_REFUSED] = {&dns_answers, "rcode=\"REFUSED\"", "REFUSED"},
    [STATISTIC_DNS_RCODE_NOTAUTH] = {&dns_answers, "rcode=\"NOTAUTH\"", "NOTAUTH"},
    [STATISTIC_DNS_RCODE_BADVERS] = {&dns_answers, "rcode=\"BADVERS\"", "BADVERS"},
    [STATISTIC_DNS_RCODE_BADCOOKIE] = {&dns_answers, "rcode=\"BADCOOKIE\"", "BADCOOKIE"},
    [STATISTIC_DNS_RCODE_OTHER] = {&dns_answers, "rcode=\"other\"", "rcode.other"},
    [STATISTIC_DNS_NODATA] = {&dns_nodata, "", "nodata"},
    [STATISTIC_DNS_EDNS] = {&dns_edns, "", "edns"},
    [STATISTIC_DNS_TRUNCATED] = {&dns_truncated, "", "truncated"},
    [STATISTIC_DNS_COOKIE_NONE] = {&dns_cookies, "state=\"none\"", "cookie.none"},
    [STATISTIC_DNS_COOKIE_MALFORMED] = {&dns_cookies, "state=\"malformed\"", "cookie.malformed"},
    [STATISTIC_DNS_COOKIE_CLIENT] = {&dns_cookies, "state=\"client\"", "cookie.client"},
    [STATISTIC_DNS_COOKIE_WRONG] = {&dns_cookies, "state=\"wrong\"", "cookie.wrong"},
    [STATISTIC_DNS_COOKIE_RIGHT] = {&dns_cookies, "state=\"right\"", "cookie.right"},
    [STATISTIC_DNS_DROPPED_NO_QUERY] = {&dns_dropped, "reason=\"no_query\"", "dropped.no_query"},
    [STATISTIC_DNS_DROPPED_UNSENT] = {&dns_dropped, "reason=\"unsent\"", "dropped.unsent"},
    [STATISTIC_DNS_LIMITED_DROPPED] = {&dns_limited, "action=\"drop\"", "limited.drop"},
    [STATISTIC_DNS_LIMITED_SLIPPED] = {&dns_limited, "action=\"slip\"", "limited.slip"},
    [STATISTIC_DNS_TCP_OPENED] = {&dns_tcp_opened, "", "tcp.opened"},
    [STATISTIC_DNS_TCP_CLOSED_IDLE] = {&dns_tcp_closed, "reason=\"idle\"", "tcp.idle"},
    [STATISTIC_DNS_TCP_CLOSED_LIFETIME] = {&dns_tcp_closed, "reason=\"lifetime\"", "tcp.lifetime"},
    [STATISTIC_DNS_TCP_CLOSED_BOUND] = {&dns_tcp_closed, "reason=\"bound\"", "tcp.bound"},
    [STATISTIC_DNS_TCP_OPEN] = {&dns_tcp_open, "", "tcp.open"},
    [STATISTIC_DNS_SNAPSHOTS] = {&dns_snapshots, "", "snapshots"},
    [STATISTIC_DNS_DELTAS] = {&dns_deltas, "", "deltas"},
    [STATISTIC_DNS_CHANGES] = {&dns_changes, "", "changes"},
    [STATISTIC_DNS_FULL] = {&dns_full, "", "full"},
    [STATISTIC_DNS_NAMES] = {&dns_names, "", "names"},
    [STATISTIC_DNS_BYTES] = {&dns_bytes, "", "bytes"},

    [STATISTIC_HTTP_REGISTER_2XX] = {&http_requests, "route=\"register\",status=\"2xx\"",
	"register.2xx"},
    [STATISTIC_HTTP_REGISTER_4XX] = {&http_requests, "route=\"register\",status=\"4xx\"",
	"register.4xx"},
    [STATISTIC_HTTP_REGISTER_5XX] = {&http_requests, "route=\"register\",status=\"5xx\"",
	"register.5xx"},
    [STATISTIC_HTTP_UPDATE_2XX] = {&http_requests, "route=\"update\",status=\"2xx\"", "update.2xx"},
    [STATISTIC_HTTP_UPDATE_4XX] = {&http_requests, "route=\"update\",status=\"4xx\"", "update.4xx"},
    [STATISTIC_HTTP_UPDATE_5XX] = {&http_requests, "route=\"update\",status=\"5xx\"", "update.5xx"},
    [STATISTIC_HTTP_ACCOUNT_2XX] = {&http_requests, "route=\"account\",status=\"2xx\"",
	"account.2xx"},
    [STATISTIC_HTTP_ACCOUNT_4XX] = {&http_requests, "route=\"account\",status=\"4xx\"",
	"account.4xx"},
    [STATISTIC_HTTP_ACCOUNT_5XX] = {&http_requests, "route=\"account\",status=\"5xx\"",
	"account.5xx"},
    [STATISTIC_HTTP_HEALTH_2XX] = {&http_requests, "route=\"health\",status=\"2xx\"", "health.2xx"},
    [STATISTIC_HTTP_HEALTH_4XX] = {&http_requests, "route=\"health\",status=\"4xx\"", "health.4xx"},
    [STATISTIC_HTTP_HEALTH_5XX] = {&http_requests, "route=\"health\",status=\"5xx\"", "health.5xx"},
    [STATISTIC_HTTP_OTHER_2XX] = {&http_requests, "route=\"other\",status=\"2xx\"", "other.2xx"},
    [STATISTIC_HTTP_OTHER_4XX] = {&http_requests, "route=\"other\",status=\"4xx\"", "other.4xx"},
    [STATISTIC_HTTP_OTHER_5XX] = {&http_requests, "route=\"other\",status=\"5xx\"", "other.5xx"},
    [STATISTIC_HTTP_ERROR_BAD_REQUEST] = {&http_errors, "error=\"bad_request\"", "bad_request"},
    [STATISTIC_HTTP_ERROR_MALFORMED_JSON] = {&http_errors, "error=\"malformed_json_payload\"",
	"malformed_json_payload"},
    [STATISTIC_HTTP_ERROR_BAD_NETWORK] = {&http_errors, "error=\"invalid_allowfrom_cidr\"",
	"invalid_allowfrom_cidr"},
    [STATISTIC_HTTP_ERROR_BAD_SUBDOMAIN] = {&http_errors, "error=\"bad_subdomain\"",
	"bad_subdomain"},
    [STATISTIC_HTTP_ERROR_BAD_TXT] = {&http_errors, "error=\"bad_txt\"", "bad_txt"},
    [STATISTIC_HTTP_ERROR_FORBIDDEN] = {&http_errors, "error=\"forbidden\"", "forbidden"},
    [STATISTIC_HTTP_ERROR_REGISTRATION_FORBIDDEN] = {&http_errors,
	"error=\"registration_forbidden\"", "registration_forbidden"},
    [STATISTIC_HTTP_ERROR_NOT_FOUND] = {&http_errors, "error=\"not_found\"", "not_found"},
    [STATISTIC_HTTP_ERROR_METHOD] = {&http_errors, "error=\"method_not_allowed\"",
	"method_not_allowed"},
    [STATISTIC_HTTP_ERROR_TIMEOUT] = {&http_errors, "error=\"request_timeout\"", "request_timeout"},
    [STATISTIC_HTTP_ERROR_BODY_TOO_LARGE] = {&http_errors, "error=\"body_too_large\"",
	"body_too_large"},
    [STATISTIC_HTTP_ERROR_TARGET_TOO_LONG] = {&http_errors, "error=\"target_too_long\"",
	"target_too_long"},
    [STATISTIC_HTTP_ERROR_EXPECTATION] = {&http_errors, "error=\"expectation_failed\"",
	"expectation_failed"},
    [STATISTIC_HTTP_ERROR_TOO_MANY_REQUESTS] = {&http_errors, "error=\"too_many_requests\"",
	"too_many_requests"},
    [STATISTIC_HTTP_ERROR_HEAD_TOO_LARGE] = {&http_errors, "error=\"headers_too_large\"",
	"headers_too_large"},
    [STATISTIC_HTTP_ERROR_DATABASE] = {&http_errors, "error=\"db_error\"", "db_error"},
    [STATISTIC_HTTP_ERROR_NOT_IMPLEMENTED] = {&http_errors, "error=\"not_implemented\"",
	"not_implemented"},
    [STATISTIC_HTTP_ERROR_BUSY] = {&http_errors, "error=\"busy\"", "busy"},
    [STATISTIC_HTTP_ERROR_UNAVAILABLE] = {&http_errors, "error=\"store_unavailable\"",
	"store_unavailable"},
    [STATISTIC_HTTP_ERROR_VERSION] = {&http_errors, "error=\"http_version_not_supported\"",
	"http_version_not_supported"},
    [STATISTIC_HTTP_ERROR_HTTPS_REQUIRED] = {&http_errors, "error=\"https_required\"",
	"https_required"},
    [STATISTIC_HTTP_OPENED] = {&http_opened, "", "opened"},
    [STATISTIC_HTTP_DISPLACED] = {&http_displaced, "", "displaced"},
    [STATISTIC_HTTP_OPEN] = {&http_open, "", "open"},
    [STATISTIC_TLS_FULL] = {&tls_handshakes, "result=\"full\"", "tls.full"},
    [STATISTIC_TLS_RESUMED] = {&tls_handshakes, "result=\"resumed\"", "tls.resumed"},
    [STATISTIC_TLS_FAILED] = {&tls_handshakes, "result=\"failed\"", "tls.failed"},
    [STATISTIC_TLS_RELOADED] = {&tls_reloads, "result=\"ok\"", "tls.reloaded"},
    [STATISTIC_TLS_REFUSED] = {&tls_reloads, "result=\"refused\"", "tls.refused"},
    [STATISTIC_TLS_CERTIFICATE_END] = {&tls_certificate_end, "", "tls.certificate_end"},

    [STATISTIC_STORE_COMMITS] = {&store_commits, "result=\"ok\"", "commits"},
    [STATISTIC_STORE_COMMITS_FAILED] = {&store_commits, "result=\"failed\"", "commits.failed"},
    [STATISTIC_STORE_REGISTRATIONS] = {&store_changes, "kind=\"register\"", "registrations"},
    [STATISTIC_STORE_VALUES_SET] = {&store_changes, "kind=\"set\"", "values.set"},
    [STATISTIC_STORE_VALUES_CLEARED] = {&store_changes, "kind=\"clear\"", "values.cleared"},
    [STATISTIC_STORE_NETWORKS_CHANGED] = {&store_changes, "kind=\"allowfrom\"", "allowfrom"},
    [STATISTIC_STORE_KEYS_ROTATED] = {&store_changes, "kind=\"rotate\"", "rotations"},
    [STATISTIC_STORE_DELETIONS] = {&store_changes, "kind=\"delete\"", "deletions"},
    [STATISTIC_STORE_UNACKNOWLEDGED] = {&store_unacknowledged, "", "unacknowledged"},
    [STATISTIC_STORE_BUSY] = {&store_busy, "", "busy"},
    [STATISTIC_STORE_BCRYPT_HASH] = {&store_bcrypt, "kind=\"hash\"", "bcrypt.hash"},
    [STATISTIC_STORE_BCRYPT_VERIFY] = {&store_bcrypt, "kind=\"verify\"", "bcrypt.verify"},
    [STATISTIC_STORE_REMEMBERED] = {&store_remembered, "", "remembered"},
    [STATISTIC_STORE_LINKS_DNSD] = {&store_links, "front=\"dnsd\"", "links.dnsd"},
    [STATISTIC_STORE_LINKS_APID] = {&store_links, "front=\"apid\"", "links.apid"},
    [STATISTIC_STORE_DROPS_DNSD] = {&store_drops, "front=\"dnsd\"", "drops.dnsd"},
    [STATISTIC_STORE_DROPS_APID] = {&store_drops, "front=\"apid\"", "drops.apid"},
};

static const struct statistic_range ranges[STATISTIC_SOURCES] = {
    [STATISTIC_DNSD] = {"dnsd", 0, STATISTIC_DNSD_END},
    [STATISTIC_APID] = {"apid", STATISTIC_DNSD_END, STATISTIC_APID_END - STATISTIC_DNSD_END},
    [STATISTIC_STORE] = {"store", STATISTIC_APID_END, STATISTICS - STATISTIC_APID_END},
};

struct statistic_range
statistic_range(enum statistic_source source)
{
	return ranges[source];
}

const struct statistic_description *
statistic_describe(enum statistic which)
{
	return &table[which];
}

struct statistic_counters *
statistic_counters_new(unsigned count)
{
	size_t size = count * sizeof(struct statistic_counters);
	struct statistic_counters *counters =
	    aligned_alloc(alignof(struct statistic_counters), size);

	if (counters != NULL)
		memset(counters, 0, size);
	return counters;
}

void
statistic_sum(const struct statistic_counters *counters, unsigned count, uint64_t sums[STATISTICS])
{
	for (unsigned i = 0; i < count; i++) {
		for (unsigned which = 0; which < STATISTICS; which++)
			sums[which] +=
			    atomic_load_explicit(&counters[i].values[which], memory_order_relaxed);
	}
}

size_t
statistic_text(char *text, size_t capacity, enum statistic_source source,
    const uint64_t values[STATISTICS], unsigned *next)
{
	const struct statistic_range *range = &ranges[source];
	unsigned which;
	size_t length = 0;

	text[0] = '\0';
	for (; *next < range->count && capacity - length >= STATISTIC_MAX_ITEM; (*next)++) {
		which = range->first + *next;
		if (values[which] != 0)
			length +=
			    (size_t)snprintf(text + length, capacity - length, "%s%s=%" PRIu64,
				length > 0 ? " " : "", table[which].key, values[which]);
	}
	return length;
}
