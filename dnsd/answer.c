/* The gates before an answer, its EDNS part and its header; see answer.h. */
#include "answer.h"

#include "lookup.h"
#include "reply.h"

#include <string.h>

enum { OFFSET_FLAGS = 2, OFFSET_QDCOUNT = 4 };

static void
put_u16(uint8_t *out, unsigned value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
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
			reply_to_chaos(&reply);
		else
			reply_to_question(&reply);
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
