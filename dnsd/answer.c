/* What is said to a query; see answer.h. */
#include "answer.h"

#include "dns.h"
#include "edns.h"
#include "lookup.h"
#include "response.h"

#include <string.h>

enum { OFFSET_FLAGS = 2, OFFSET_QDCOUNT = 4 };

/* What is decided about an answer beside the records that go into it. */
struct reply {
	const struct answer_source *source;
	const struct answer_client *client;
	const struct answer_task *task;
	const struct query *query; /* the task's */
	struct response response;
	enum dns_rcode rcode;
	uint64_t name_hash; /* of the name answered (see lookup_hash()) */
	uint8_t authoritative;
	uint8_t truncated;
	uint8_t empty; /* nothing of that type at the name asked for */
	uint8_t is_stale;
	uint8_t is_dynamic; /* what the table holds, or does not hold, is in the answer */
	uint8_t is_unknown; /* the table cannot say whether the name exists */
	struct edns_reply edns;
};

static void
put_u16(uint8_t *out, unsigned value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

static void
answer_dynamic(struct reply *reply, uint16_t owner, const struct table_values *values)
{
	uint16_t type = reply->query->type;

	unsigned count = 0;

	if (type == DNS_TYPE_TXT || type == DNS_TYPE_ANY)
		count = response_put_values(&reply->response, owner, values, reply->client->now);
	if (count == 0)
		response_put_soa(&reply->response);
}

/*
 * The rrset asked for; of ANY one is enough (RFC 8482, 4.1). A CNAME stands for every type but
 * its own (RFC 1034, 3.6.2).
 */
static const struct rrset *
select_rrset(const struct zone_node *node, uint16_t type)
{
	const struct rrset *rrset;

	if (type == DNS_TYPE_ANY)
		return node->rrset_count > 0 ? &node->rrsets[0] : NULL;
	rrset = zone_node_rrset(node, type);
	return rrset != NULL ? rrset : zone_node_rrset(node, DNS_TYPE_CNAME);
}

/*
 * Answers for one name, whose own stands at `owner`. Returns the name to go on at where the answer is
 * a CNAME that stays in the zone, with `owner` where it stands; otherwise NULL.
 */
static const struct qname *
answer_name(struct reply *reply, uint16_t *owner, const struct qname *name, int labels,
    const struct table_label *label)
{
	const struct zone *zone = reply->source->zone;
	struct response *response = &reply->response;
	struct lookup lookup = lookup_name(zone, reply->source->names, name, labels, label);
	uint16_t type = reply->query->type;
	const struct rrset *rrset;
	struct rrset_position position;

	/* What a CNAME leads on to is counted with the name that was asked for. */
	if (reply->name_hash == 0)
		reply->name_hash = lookup_hash(&lookup, zone, name);
	switch (lookup.kind) {
	case LOOKUP_UNKNOWN:
		reply->rcode = DNS_RCODE_SERVFAIL;
		reply->is_unknown = 1;
		return NULL;
	case LOOKUP_NOTHING:
		reply->is_dynamic = 1;
		reply->rcode = DNS_RCODE_NXDOMAIN;
		response_put_soa(response);
		return NULL;
	case LOOKUP_DYNAMIC:
		reply->is_dynamic = 1;
		answer_dynamic(reply, *owner, &lookup.values);
		return NULL;
	case LOOKUP_STATIC:
		break;
	}
	rrset = select_rrset(lookup.node, type);
	if (rrset == NULL) {
		response_put_soa(response);
		return NULL;
	}
	position = response_put_rrset(response, *owner, rrset);
	if (rrset->type == DNS_TYPE_CNAME && type != DNS_TYPE_CNAME && type != DNS_TYPE_ANY) {
		*owner = rrset_offset(&position, rrset->alias_name);
		return rrset->alias;
	}
	if (!response->writer.failed)
		response_put_hosts(response, rrset, &position);
	return NULL;
}

static int
is_same_name(const struct qname *a, const struct qname *b)
{
	return a->length == b->length && memcmp(a->lower, b->lower, a->length) == 0;
}

/*
 * Follows CNAMEs as long as they stay in the zone (RFC 1034, 4.3.2, 3a); the resolver takes it from
 * there. So it does where they come back to a name that was answered for, or go on for too long.
 */
static void
follow(struct reply *reply, uint16_t owner, const struct qname *alias)
{
	const struct qname *seen[ANSWER_MAX_CHAIN];
	struct table_label label = {0};
	int labels;

	for (unsigned hop = 0; alias != NULL && hop < ANSWER_MAX_CHAIN; hop++) {
		if (is_same_name(alias, &reply->query->name))
			return;
		for (unsigned i = 0; i < hop; i++) {
			if (is_same_name(alias, seen[i]))
				return;
		}
		seen[hop] = alias;
		labels = lookup_labels(reply->source->zone, alias);
		if (labels > 0)
			label = lookup_label(reply->source->names, alias, labels);
		alias = answer_name(reply, &owner, alias, labels, &label);
	}
}

/* One TXT record of one string, not to be kept (RFC 4892, 3). Everything else there is refused. */
static void
answer_chaos(struct reply *reply)
{
	const struct query *query = reply->query;
	struct slice text = identity_find(&reply->source->settings->identity, &query->name);
	struct writer *writer = &reply->response.writer;

	if (text.length == 0 || (query->type != DNS_TYPE_TXT && query->type != DNS_TYPE_ANY)) {
		reply->rcode = DNS_RCODE_REFUSED;
		return;
	}
	writer_u16(writer, RRSET_POINTER | DNS_HEADER);
	writer_u16(writer, DNS_TYPE_TXT);
	writer_u16(writer, DNS_CLASS_CHAOS);
	writer_u32(writer, 0);
	writer_u16(writer, (uint16_t)(text.length + 1));
	writer_string8(writer, text.data, text.length);
	reply->response.answers++;
}

static void
answer_question(struct reply *reply)
{
	const struct answer_task *task = reply->task;
	const struct qname *name = &reply->query->name, *alias;
	uint16_t owner = DNS_HEADER;

	if (task->labels < 0) {
		reply->rcode = DNS_RCODE_REFUSED;
		return;
	}
	reply->authoritative = 1;
	reply->response.zone_name =
	    (uint16_t)(DNS_HEADER + name->length - reply->source->zone->name.length);
	alias = answer_name(reply, &owner, name, task->labels, &task->dynamic);
	reply->empty = reply->response.answers == 0;
	if (alias != NULL)
		follow(reply, owner, alias);
}

/*
 * What goes into the OPT record; room for it is kept free from the start. The cookie is judged here,
 * before the question is answered.
 */
static void
prepare_edns(struct reply *reply, struct answer_outcome *outcome)
{
	const struct answer_settings *settings = reply->source->settings;
	const struct answer_client *client = reply->client;
	const struct query *query = reply->query;

	reply->edns.size = settings->edns_size;
	reply->edns.dnssec_ok = query->dnssec_ok;
	reply->is_stale = atomic_load_explicit(&settings->stale, memory_order_relaxed) != 0;
	/* What explain() will say beside an answer is not known yet, but how long it is. */
	reply->edns.error = reply->is_stale ? EDNS_ERROR_STALE : EDNS_ERROR_NONE;
	if (query->wants_nsid)
		reply->edns.nsid = settings->identity.nsid;
	/* Over UDP the option means nothing, and is not answered (RFC 7828, 3.2.1). */
	reply->edns.has_keepalive = query->wants_keepalive && client->transport == ANSWER_TCP;
	reply->edns.keepalive = client->keepalive;
	if (!query->has_cookie || settings->cookies.count == 0 || client->address_length == 0)
		return;
	outcome->cookie = cookie_answer(&settings->cookies, query->cookie, client->address,
	    client->address_length, client->now, reply->edns.cookie);
	reply->edns.has_cookie = outcome->cookie != COOKIE_MALFORMED;
	if (outcome->cookie == COOKIE_MALFORMED)
		reply->rcode = DNS_RCODE_FORMERR;
	/* Where nothing but a cookie was sent, its state is the answer (RFC 7873, 5.4). */
	else if (outcome->cookie == COOKIE_WRONG && query->question_length == 0)
		reply->rcode = DNS_RCODE_BADCOOKIE;
}

/*
 * Why there is no answer, for whoever looks into it (RFC 8914). A refusal or
 * failure has nothing else in it, so that no room was kept free for this.
 */
static enum edns_error
explain(const struct reply *reply)
{
	uint16_t type = reply->query->type;

	if (reply->rcode == DNS_RCODE_SERVFAIL)
		return reply->is_unknown ? EDNS_ERROR_NOT_READY : EDNS_ERROR_OTHER;
	if (reply->is_stale && reply->is_dynamic)
		return reply->rcode == DNS_RCODE_NXDOMAIN ? EDNS_ERROR_STALE_NXDOMAIN
							  : EDNS_ERROR_STALE;
	if (reply->rcode != DNS_RCODE_REFUSED)
		return EDNS_ERROR_NONE;
	if (type == DNS_TYPE_AXFR || type == DNS_TYPE_IXFR)
		return EDNS_ERROR_NOT_SUPPORTED;
	return EDNS_ERROR_NOT_AUTHORITATIVE;
}

static void
put_opt(struct reply *reply)
{
	reply->edns.error = explain(reply);
	reply->edns.upper_rcode = (uint8_t)(reply->rcode >> 4);
	reply->response.writer.capacity += edns_length(&reply->edns);
	edns_write(&reply->edns, &reply->response.writer);
	reply->response.additional++;
}

/*
 * What stands at the end of an answer whatever becomes of the rest: the OPT record, and for a signature with
 * a key that is not known here, which are all of them, the TSIG record.
 */
static void
put_tail(struct reply *reply, struct answer_outcome *outcome)
{
	struct response *response = &reply->response;
	size_t start = response->writer.length;
	uint16_t before = response->additional;

	if (reply->query->edns)
		put_opt(reply);
	if (reply->rcode == DNS_RCODE_NOTAUTH) {
		tsig_write(&reply->query->tsig, &response->writer);
		response->additional++;
	}
	outcome->tail_length = (uint16_t)(response->writer.length - start);
	outcome->tail_count = (uint16_t)(response->additional - before);
}

static void
put_header(const struct reply *reply)
{
	const struct response *response = &reply->response;
	const uint8_t *query = reply->task->bytes;
	uint8_t *header = response->writer.data;
	uint8_t echoed = query[OFFSET_FLAGS] & (DNS_MASK_OPCODE | DNS_BIT_RD);

	memcpy(header, query, OFFSET_FLAGS); /* the id */
	header[OFFSET_FLAGS] =
	    (uint8_t)(DNS_BIT_QR | echoed | (reply->authoritative ? DNS_BIT_AA : 0) |
		      (reply->truncated ? DNS_BIT_TC : 0));
	header[OFFSET_FLAGS + 1] = (uint8_t)(reply->rcode & DNS_MASK_RCODE);
	put_u16(header + OFFSET_QDCOUNT, reply->query->question_length > 0);
	put_u16(header + OFFSET_QDCOUNT + 2, response->answers);
	put_u16(header + OFFSET_QDCOUNT + 4, response->authority);
	put_u16(header + OFFSET_QDCOUNT + 6, response->additional);
}

static size_t
space(const struct reply *reply)
{
	size_t asked = reply->query->edns_size, own = reply->source->settings->edns_size;
	size_t limit = ANSWER_MAX_TCP;

	if (reply->client->transport == ANSWER_UDP)
		limit = asked < own ? asked : own;
	return reply->query->edns ? limit - edns_length(&reply->edns) : limit;
}

/* What the question itself led to decides, not what a CNAME led on to, but for NXDOMAIN. */
static void
classify(const struct reply *reply, struct answer_outcome *outcome)
{
	outcome->type = reply->query->type;
	outcome->rcode = (uint16_t)reply->rcode;
	outcome->has_edns = reply->query->edns;
	outcome->is_truncated = reply->truncated != 0;
	outcome->name_hash = 0;
	switch (reply->rcode) {
	case DNS_RCODE_NOERROR:
		outcome->class = reply->empty ? ANSWER_NODATA : ANSWER_POSITIVE;
		outcome->name_hash = reply->name_hash;
		break;
	case DNS_RCODE_NXDOMAIN:
		outcome->class = ANSWER_NXDOMAIN;
		break;
	default:
		outcome->class = ANSWER_ERROR;
		break;
	}
}

int
answer_read(struct answer_task *task, const struct answer_source *source, const uint8_t *bytes,
    size_t length)
{
	const struct qname *name = &task->query.name;

	if (query_read(&task->query, bytes, length) < 0)
		return -1;
	task->bytes = bytes;
	task->labels = -1;
	if (task->query.question_length > 0)
		task->labels = lookup_labels(source->zone, name);
	if (task->labels > 0) {
		task->dynamic = lookup_label(source->names, name, task->labels);
		table_prefetch_bucket(source->names, &task->dynamic);
	}
	return 0;
}

void
answer_fetch(const struct answer_task *task, const struct answer_source *source)
{
	if (task->labels > 0)
		table_prefetch_entry(source->names, &task->dynamic);
}

/* The rcode before anything is looked up. */
static enum dns_rcode
judge(const struct reply *reply, size_t question_end, size_t room)
{
	const struct query *query = reply->query;

	/* Nothing was asked, and the cookie that came instead means nothing here. */
	if (query->question_length == 0 && reply->rcode == DNS_RCODE_NOERROR &&
	    !reply->edns.has_cookie)
		return DNS_RCODE_FORMERR;
	/* Names that only a signature made for this has. */
	if (reply->rcode == DNS_RCODE_NOTAUTH && question_end + tsig_length(&query->tsig) > room)
		return DNS_RCODE_FORMERR;
	return reply->rcode;
}

/* What did not fit, or failed, is taken back. */
static void
settle(struct reply *reply, size_t question_end)
{
	struct response *response = &reply->response;

	if (response->writer.failed) {
		response_forget(response, question_end);
		/* There is no other transport to send the client to. */
		if (reply->client->transport == ANSWER_TCP)
			reply->rcode = DNS_RCODE_SERVFAIL;
		else
			reply->truncated = 1;
	}
	if (reply->rcode == DNS_RCODE_SERVFAIL) {
		response_forget(response, question_end);
		reply->truncated = 0;
		reply->authoritative = 0;
	}
	/* Not every class was looked at (RFC 1035, 6.2). */
	if (reply->query->class == DNS_CLASS_ANY)
		reply->authoritative = 0;
}

size_t
answer_write(const struct answer_task *task, const struct answer_source *source,
    const struct answer_client *client, uint8_t *answer, struct answer_outcome *outcome)
{
	const struct query *query = &task->query;
	size_t question_end = DNS_HEADER + (size_t)query->question_length, room;
	struct reply reply = {.source = source,
	    .client = client,
	    .task = task,
	    .query = query,
	    .rcode = query->rcode,
	    .response.zone = source->zone};

	outcome->cookie = COOKIE_NONE;
	if (query->edns)
		prepare_edns(&reply, outcome);
	room = space(&reply);
	reply.rcode = judge(&reply, question_end, room);
	writer_init(&reply.response.writer, answer, room);
	writer_bytes(&reply.response.writer, task->bytes, question_end);
	if (reply.rcode == DNS_RCODE_NOERROR && query->question_length > 0) {
		if (query->class == DNS_CLASS_CHAOS)
			answer_chaos(&reply);
		else
			answer_question(&reply);
	}
	settle(&reply, question_end);
	classify(&reply, outcome);
	outcome->question_end = (uint16_t)question_end;
	put_tail(&reply, outcome);
	put_header(&reply);
	return reply.response.writer.length;
}

size_t
answer_query(const struct answer_source *source, const struct answer_client *client,
    const uint8_t *query, size_t length, uint8_t *answer, struct answer_outcome *outcome)
{
	struct answer_task task;

	if (answer_read(&task, source, query, length) < 0)
		return 0;
	return answer_write(&task, source, client, answer, outcome);
}

size_t
answer_truncate(uint8_t *answer, size_t length, const struct answer_outcome *outcome)
{
	memmove(answer + outcome->question_end, answer + length - outcome->tail_length,
	    outcome->tail_length);
	answer[OFFSET_FLAGS] |= DNS_BIT_TC;
	put_u16(answer + OFFSET_QDCOUNT + 2, 0);
	put_u16(answer + OFFSET_QDCOUNT + 4, 0);
	put_u16(answer + OFFSET_QDCOUNT + 6, outcome->tail_count);
	return (size_t)outcome->question_end + outcome->tail_length;
}
