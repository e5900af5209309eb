/*
 * Query bytes to answer bytes, over UDP and TCP, before and after the first snapshot. Whatever is
 * asked, the answer must be one: an id and a question echoed, no longer than allowed, and
 * readable by another implementation to its last byte.
 */
#include "answer.h"

#include "dns.h"
#include "dns_statistic.h"
#include "dns_fixture.h"
#include "query.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const lines[] = {
    "auth.example.org. NS ns.auth.example.org.",
    "auth.example.org. MX 10 mail.auth.example.org.",
    "auth.example.org. A 198.51.100.1",
    "ns.auth.example.org. A 198.51.100.2",
    "ns.auth.example.org. AAAA 2001:db8::2",
    "host.deep.auth.example.org. A 198.51.100.3",
    "alias.auth.example.org. CNAME host.deep.auth.example.org.",
    "dynamic.auth.example.org. CNAME TWO.auth.example.org.",
    "circle1.auth.example.org. CNAME circle2.auth.example.org.",
    "circle2.auth.example.org. CNAME circle1.auth.example.org.",
    "*.wild.auth.example.org. TXT \"wild\"",
    "*.loop.auth.example.org. CNAME x.loop.auth.example.org.",
    "*.auth.example.org. MX 5 ns.auth.example.org.",
    "exchange.auth.example.org. MX 1 a.hosts.example.net.",
    "exchange.auth.example.org. MX 2 b.hosts.example.net.",
    "exchange.auth.example.org. MX 3 c.host.auth.example.org.",
    "exchange.auth.example.org. MX 4 auth.example.org.",
    "exchange.auth.example.org. MX 5 .",
    "*.host.auth.example.org. A 198.51.100.5",
    "service.auth.example.org. SRV 1 2 3 d.host.auth.example.org.",
    "service.auth.example.org. MINFO ns.auth.example.org. hosts.auth.example.org.",
};

static struct zone *zone;
static struct table *empty, *filled;
static struct statistic_counters counters;
static uint64_t answered;

static void
put(uint64_t commit, const char *label, const char *const *values)
{
	struct message_name name = dns_fixture_name(commit, label, values);

	if (table_snapshot_add(filled, &name, 1) != TABLE_OK)
		abort();
}

static void
set_up(void)
{
	static char large[MESSAGE_MAX_TXT + 1];

	memset(large, 'x', MESSAGE_MAX_TXT);
	zone = dns_fixture_zone(lines, sizeof(lines) / sizeof(lines[0]));
	empty = dns_fixture_table(1);
	filled = dns_fixture_table(1);
	if (zone == NULL)
		abort();
	table_snapshot_begin(filled, 3);
	put(1, "none", (const char *const[]){NULL});
	put(2, "two", (const char *const[]){"first", "second", NULL});
	put(3, "large", (const char *const[]){large, large, "", NULL});
	table_snapshot_end(filled, 1);
}

static void
need(int holds)
{
	if (!holds)
		abort();
}

/* The header's counts are those of the records that are there, to the last byte. */
static void
check_readable(const uint8_t *answer, size_t length)
{
	ldns_pkt *packet = NULL;

	need(ldns_wire2pkt(&packet, answer, length) == LDNS_STATUS_OK);
	ldns_pkt_free(packet);
}

/* A question that comes back is the one that was asked. */
static void
check_question(const uint8_t *query, size_t query_length, const uint8_t *answer, size_t length)
{
	size_t end = DNS_HEADER;

	need(answer[4] == 0 && answer[5] <= 1);
	if (answer[5] == 0)
		return;
	while (end < length && answer[end] != 0)
		end += 1 + (size_t)answer[end];
	end += 5;
	need(end <= length && end <= query_length);
	need(memcmp(answer + DNS_HEADER, query + DNS_HEADER, end - DNS_HEADER) == 0);
}

/* The smaller of the two sides' sizes. */
static size_t
allowed(enum answer_transport transport, const uint8_t *message, size_t length)
{
	struct query query;

	need(query_read(&query, message, length) == 0);
	if (transport == ANSWER_TCP)
		return ANSWER_MAX_TCP;
	return query.edns_size < ANSWER_DEFAULT_EDNS ? query.edns_size : ANSWER_DEFAULT_EDNS;
}

static uint64_t
counted(enum statistic first, enum statistic last)
{
	uint64_t sum = 0;

	for (unsigned i = first; i <= last; i++)
		sum += atomic_load(&counters.values[i]);
	return sum;
}

/* Whatever it was, it has one transport, one type, one rcode and one state of its cookie. */
static void
check_counters(const struct answer_client *client, const struct answer_outcome *outcome)
{
	dns_statistic_count(&counters, client, outcome);
	answered++;
	need(counted(STATISTIC_DNS_UDP4, STATISTIC_DNS_TCP6) == answered);
	need(counted(STATISTIC_DNS_TYPE_A, STATISTIC_DNS_TYPE_NONE) == answered);
	need(counted(STATISTIC_DNS_RCODE_NOERROR, STATISTIC_DNS_RCODE_OTHER) == answered);
	need(counted(STATISTIC_DNS_RCODE_OTHER, STATISTIC_DNS_RCODE_OTHER) == 0);
	need(counted(STATISTIC_DNS_COOKIE_NONE, STATISTIC_DNS_COOKIE_RIGHT) == answered);
}

static void
ask(struct table *names, enum answer_transport transport, const uint8_t *query, size_t query_length)
{
	static const uint8_t address[4] = {192, 0, 2, 1};
	struct answer_settings settings = {.edns_size = ANSWER_DEFAULT_EDNS,
	    .cookies = {.count = 1},
	    .identity = {
		.nsid = {address, sizeof(address)}, .version = {address, sizeof(address)}}};
	struct answer_source source = {zone, &settings, table_reader(names, 0)};
	struct answer_client client = {
	    .transport = transport, .address = address, .address_length = sizeof(address)};
	struct answer_outcome outcome;
	size_t room = transport == ANSWER_UDP ? ANSWER_MAX_UDP : ANSWER_MAX_TCP;
	uint8_t *answer = malloc(room);
	size_t length;

	if (answer == NULL)
		abort();
	table_enter(source.names);
	length = answer_query(&source, &client, query, query_length, answer, &outcome);
	table_leave(source.names);
	need((length == 0) == (query_length < DNS_HEADER || (query[2] & DNS_BIT_QR) != 0));
	if (length > 0) {
		need(length >= DNS_HEADER && length <= allowed(transport, query, query_length));
		need(memcmp(answer, query, 2) == 0 && (answer[2] & DNS_BIT_QR) != 0);
		need(transport == ANSWER_UDP || (answer[2] & DNS_BIT_TC) == 0);
		check_question(query, query_length, answer, length);
		check_readable(answer, length);
		need(outcome.class < ANSWER_CLASSES);
		check_counters(&client, &outcome);
		length = answer_truncate(answer, length, &outcome);
		need(length <= room && (answer[2] & DNS_BIT_TC) != 0);
		check_question(query, query_length, answer, length);
		check_readable(answer, length);
	}
	free(answer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (zone == NULL)
		set_up();
	ask(filled, ANSWER_UDP, data, size);
	ask(filled, ANSWER_TCP, data, size);
	ask(empty, ANSWER_UDP, data, size);
	return 0;
}
