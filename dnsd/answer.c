/* Looking up and answering; see answer.h. */
#include "answer.h"

#include "dns.h"
#include "edns.h"
#include "pack.h"

#include <string.h>

enum {
	POINTER = 0xc000, /* a compression pointer (RFC 1035, 4.1.4) */
	OFFSET_FLAGS = 2,
	OFFSET_QDCOUNT = 4,
	TXT_HEAD = 8 /* type, class, TTL */
};

/* The owner of the records being written, as it is written. */
struct owner {
	size_t length;
	uint8_t wire[NAME_MAX_WIRE + 2];
};

struct response {
	const struct answer_source *source;
	const struct answer_client *client;
	const struct answer_task *task;
	const struct query *query; /* the task's */
	struct writer writer;
	uint16_t answers, authority, additional;
	enum dns_rcode rcode;
	uint64_t
	    name_hash; /* of the name answered, relative to the zone; a wildcard's where it was one */
	uint8_t authoritative;
	uint8_t truncated;
	uint8_t empty; /* nothing of that type at the name asked for */
	uint8_t is_stale;
	uint8_t is_dynamic; /* what the table holds, or does not hold, is in the answer */
	uint8_t is_unknown; /* the table cannot say whether the name exists */
	struct edns_reply edns;
};

/* What a name turned out to be. */
enum kind { KIND_STATIC, KIND_DYNAMIC, KIND_NOTHING, KIND_UNKNOWN };

struct found {
	enum kind kind;
	const struct zone_node *node;
	struct table_values values;
};

/* Fast, and no defence: whoever could make names collide could as well ask for one of them. */
static uint64_t
hash_name(const uint8_t *bytes, size_t length)
{
	uint64_t hash = length + 1, word;

	for (; length >= sizeof(word); length -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, bytes, length);
	hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
	return hash ^ hash >> 32;
}

/* Labels of `name` in front of the zone's, or -1 when it lies outside. */
static int
labels_in_zone(const struct zone *zone, const struct qname *name)
{
	int labels = name->label_count - (int)zone->label_count;
	size_t start;

	if (labels < 0)
		return -1;
	if (name->length < zone->name.length)
		return -1;
	start = (size_t)name->length - zone->name.length;
	if (zone->label_count > 0 && name->labels[labels] != start)
		return -1;
	return memcmp(name->lower + start, zone->name.wire, zone->name.length) == 0 ? labels : -1;
}

static enum table_find
find_dynamic(const struct answer_task *task, const struct answer_source *source,
    const uint8_t *label, struct table_values *values)
{
	struct table_label other;

	if (task->labels > 0 && label + 1 == task->dynamic.bytes)
		return table_find(source->names, &task->dynamic, values);
	/* What a CNAME led to. */
	other = table_label(source->names, label + 1, label[0]);
	return table_find(source->names, &other, values);
}

/*
 * The longest existing name above one that does not exist itself (RFC 4592, 3.3.1). NULL: it is
 * dynamic, and has nothing below it, not even a wildcard.
 */
static const struct zone_node *
find_encloser(const struct response *response, const struct qname *name, int labels, int *unknown)
{
	const struct answer_source *source = response->source;
	size_t end = (size_t)name->length - source->zone->name.length;
	const struct zone_node *node;
	struct table_values values;
	const uint8_t *start;

	for (int i = 1; i < labels; i++) {
		start = name->lower + name->labels[i];
		node = zone_find(source->zone, start, end - name->labels[i]);
		if (node != NULL)
			return node;
		if (i < labels - 1)
			continue;
		switch (find_dynamic(response->task, source, start, &values)) {
		case TABLE_FOUND:
			return NULL;
		case TABLE_UNKNOWN:
			*unknown = 1;
			break;
		case TABLE_ABSENT:
			break;
		}
	}
	return &source->zone->nodes[0];
}

static struct found
find(const struct response *response, const struct qname *name, int labels)
{
	const struct answer_source *source = response->source;
	size_t end = (size_t)name->length - source->zone->name.length;
	struct found found = {.kind = KIND_STATIC};
	const struct zone_node *encloser;
	int unknown = 0;

	found.node = zone_find(source->zone, name->lower, end);
	if (found.node != NULL)
		return found;
	if (labels == 1) {
		switch (find_dynamic(response->task, source, name->lower, &found.values)) {
		case TABLE_FOUND:
			found.kind = KIND_DYNAMIC;
			return found;
		case TABLE_UNKNOWN:
			found.kind = KIND_UNKNOWN;
			return found;
		case TABLE_ABSENT:
			break;
		}
	}
	encloser = find_encloser(response, name, labels, &unknown);
	if (encloser == NULL || encloser->wildcard == NULL)
		found.kind = KIND_NOTHING;
	else if (unknown && encloser == &source->zone->nodes[0])
		found.kind = KIND_UNKNOWN;
	else
		found.node = encloser->wildcard;
	return found;
}

static void
put_u16(uint8_t *out, unsigned value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

/*
 * Every name here ends in the zone's name, and so does the question: what stands in front is
 * written, the rest is a pointer into the question (whose case is thereby echoed).
 */
static void
set_owner(
    struct owner *owner, const struct response *response, const uint8_t *wire, size_t relative)
{
	size_t zone_offset =
	    DNS_HEADER + (size_t)response->query->name.length - response->source->zone->name.length;

	if (relative > 0)
		memcpy(owner->wire, wire, relative);
	put_u16(owner->wire + relative, (unsigned)(POINTER | zone_offset));
	owner->length = relative + 2;
}

static void
put_rrset(struct response *response, const struct owner *owner, const struct zone_rrset *rrset)
{
	const uint8_t *record = rrset->records;
	size_t length;

	for (unsigned i = 0; i < rrset->count; i++) {
		length = DNS_RECORD_FIXED +
			 (size_t)(record[DNS_RECORD_FIXED - 2] << 8 | record[DNS_RECORD_FIXED - 1]);
		writer_bytes(&response->writer, owner->wire, owner->length);
		writer_bytes(&response->writer, record, length);
		record += length;
	}
}

static void
put_values(struct response *response, const struct owner *owner, const struct table_values *values)
{
	const uint8_t *record = values->records;
	uint32_t ttl = response->source->zone->txt_ttl;
	uint8_t head[NAME_MAX_WIRE + 2 + TXT_HEAD];
	uint8_t *fixed = head + owner->length;
	size_t length;

	memcpy(head, owner->wire, owner->length);
	put_u16(fixed, DNS_TYPE_TXT);
	put_u16(fixed + 2, DNS_CLASS_IN);
	put_u16(fixed + 4, ttl >> 16);
	put_u16(fixed + 6, ttl & 0xffff);
	for (unsigned i = 0; i < values->count; i++) {
		length = 2 + (size_t)(record[0] << 8 | record[1]);
		writer_bytes(&response->writer, head, owner->length + TXT_HEAD);
		writer_bytes(&response->writer, record, length);
		record += length;
	}
}

static void
put_soa(struct response *response)
{
	const struct zone *zone = response->source->zone;
	struct owner owner;

	set_owner(&owner, response, NULL, 0);
	writer_bytes(&response->writer, owner.wire, owner.length);
	writer_bytes(&response->writer, zone->negative_soa, zone->negative_soa_length);
	response->authority++;
}

/* Addresses of the hosts the answer names, as far as they are known and fit (RFC 1034, 4.3.2). */
static void
put_targets(struct response *response, const struct zone_rrset *answer)
{
	static const uint16_t types[] = {DNS_TYPE_A, DNS_TYPE_AAAA};
	const struct zone_node *node;
	const struct zone_rrset *rrset;
	struct owner owner;
	size_t before;

	for (size_t i = 0; i < answer->target_count; i++) {
		node = answer->targets[i];
		set_owner(&owner, response, node->relative, node->length);
		for (size_t k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
			rrset = zone_node_rrset(node, types[k]);
			if (rrset == NULL)
				continue;
			before = response->writer.length;
			put_rrset(response, &owner, rrset);
			if (response->writer.failed) {
				response->writer.length = before;
				response->writer.failed = 0;
				return;
			}
			response->additional = (uint16_t)(response->additional + rrset->count);
		}
	}
}

static void
answer_dynamic(
    struct response *response, const struct owner *owner, const struct table_values *values)
{
	uint16_t type = response->query->type;

	if (values->count == 0 || (type != DNS_TYPE_TXT && type != DNS_TYPE_ANY)) {
		put_soa(response);
		return;
	}
	put_values(response, owner, values);
	response->answers = (uint16_t)(response->answers + values->count);
}

/*
 * The rrset asked for; of ANY one is enough (RFC 8482, 4.1). A CNAME stands for every type but
 * its own (RFC 1034, 3.6.2).
 */
static const struct zone_rrset *
select_rrset(const struct zone_node *node, uint16_t type)
{
	const struct zone_rrset *rrset;

	if (type == DNS_TYPE_ANY)
		return node->rrset_count > 0 ? &node->rrsets[0] : NULL;
	rrset = zone_node_rrset(node, type);
	return rrset != NULL ? rrset : zone_node_rrset(node, DNS_TYPE_CNAME);
}

static uint64_t
hash_found(const struct zone *zone, const struct found *found, const struct qname *name)
{
	if (found->kind == KIND_STATIC)
		return hash_name(found->node->relative, found->node->length);
	return hash_name(name->lower, (size_t)name->length - zone->name.length);
}

/*
 * Answers for one name. Returns the CNAME's rrset if the answer is one and goes on at what it
 * names, otherwise NULL.
 */
static const struct zone_rrset *
answer_name(
    struct response *response, const struct owner *owner, const struct qname *name, int labels)
{
	struct found found = find(response, name, labels);
	uint16_t type = response->query->type;
	const struct zone_rrset *rrset;

	/* What a CNAME leads on to is counted with the name that was asked for. */
	if (response->name_hash == 0)
		response->name_hash = hash_found(response->source->zone, &found, name);
	switch (found.kind) {
	case KIND_UNKNOWN:
		response->rcode = DNS_RCODE_SERVFAIL;
		response->is_unknown = 1;
		return NULL;
	case KIND_NOTHING:
		response->is_dynamic = 1;
		response->rcode = DNS_RCODE_NXDOMAIN;
		put_soa(response);
		return NULL;
	case KIND_DYNAMIC:
		response->is_dynamic = 1;
		answer_dynamic(response, owner, &found.values);
		return NULL;
	case KIND_STATIC:
		break;
	}
	rrset = select_rrset(found.node, type);
	if (rrset == NULL) {
		put_soa(response);
		return NULL;
	}
	put_rrset(response, owner, rrset);
	response->answers = (uint16_t)(response->answers + rrset->count);
	if (rrset->type == DNS_TYPE_CNAME && type != DNS_TYPE_CNAME && type != DNS_TYPE_ANY)
		return rrset;
	if (!response->writer.failed)
		put_targets(response, rrset);
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
follow(struct response *response, const struct zone_rrset *cname)
{
	const struct zone *zone = response->source->zone;
	struct qname names[ANSWER_MAX_CHAIN];
	struct qname *name;
	struct owner owner;
	const uint8_t *wire;
	int labels;

	for (unsigned hop = 0; cname != NULL && hop < ANSWER_MAX_CHAIN; hop++) {
		name = &names[hop];
		wire = cname->records + DNS_RECORD_FIXED;
		if (qname_read(name, wire, cname->length - DNS_RECORD_FIXED) < 0)
			return;
		labels = labels_in_zone(zone, name);
		if (labels < 0 || is_same_name(name, &response->query->name))
			return;
		for (unsigned i = 0; i < hop; i++) {
			if (is_same_name(name, &names[i]))
				return;
		}
		set_owner(&owner, response, wire, (size_t)name->length - zone->name.length);
		cname = answer_name(response, &owner, name, labels);
	}
}

/* One TXT record of one string, not to be kept (RFC 4892, 3). Everything else there is refused. */
static void
answer_chaos(struct response *response)
{
	const struct query *query = response->query;
	struct slice text = identity_find(&response->source->settings->identity, &query->name);
	struct writer *writer = &response->writer;

	if (text.length == 0 || (query->type != DNS_TYPE_TXT && query->type != DNS_TYPE_ANY)) {
		response->rcode = DNS_RCODE_REFUSED;
		return;
	}
	response->authoritative = 1;
	writer_u16(writer, POINTER | DNS_HEADER);
	writer_u16(writer, DNS_TYPE_TXT);
	writer_u16(writer, DNS_CLASS_CHAOS);
	writer_u32(writer, 0);
	writer_u16(writer, (uint16_t)(text.length + 1));
	writer_string8(writer, text.data, text.length);
	response->answers++;
}

static void
answer_question(struct response *response)
{
	const struct qname *name = &response->query->name;
	int labels = response->task->labels;
	const struct zone_rrset *cname;
	struct owner owner;

	if (labels < 0) {
		response->rcode = DNS_RCODE_REFUSED;
		return;
	}
	response->authoritative = 1;
	put_u16(owner.wire, POINTER | DNS_HEADER);
	owner.length = 2;
	cname = answer_name(response, &owner, name, labels);
	response->empty = response->answers == 0;
	if (cname != NULL)
		follow(response, cname);
}

/* Takes back everything but the question. */
static void
forget(struct response *response)
{
	response->writer.length = DNS_HEADER + (size_t)response->query->question_length;
	response->writer.failed = 0;
	response->answers = 0;
	response->authority = 0;
	response->additional = 0;
}

/*
 * What goes into the OPT record; room for it is kept free from the start. The cookie is judged here,
 * before the question is answered.
 */
static void
prepare_edns(struct response *response, struct answer_outcome *outcome)
{
	const struct answer_settings *settings = response->source->settings;
	const struct answer_client *client = response->client;
	const struct query *query = response->query;
	enum cookie_state cookie;

	response->edns.size = settings->edns_size;
	response->edns.dnssec_ok = query->dnssec_ok;
	response->is_stale = atomic_load_explicit(&settings->stale, memory_order_relaxed) != 0;
	/* What explain() will say beside an answer is not known yet, but how long it is. */
	response->edns.error = response->is_stale ? EDNS_ERROR_STALE : EDNS_ERROR_NONE;
	if (query->wants_nsid)
		response->edns.nsid = settings->identity.nsid;
	/* Over UDP the option means nothing, and is not answered (RFC 7828, 3.2.1). */
	response->edns.has_keepalive = query->wants_keepalive && client->transport == ANSWER_TCP;
	response->edns.keepalive = client->keepalive;
	if (!query->has_cookie || settings->cookies.count == 0 || client->address_length == 0)
		return;
	cookie = cookie_answer(&settings->cookies, query->cookie, client->address,
	    client->address_length, client->now, response->edns.cookie);
	response->edns.has_cookie = cookie != COOKIE_MALFORMED;
	outcome->has_cookie = cookie == COOKIE_RIGHT;
	if (cookie == COOKIE_MALFORMED)
		response->rcode = DNS_RCODE_FORMERR;
	/* Where nothing but a cookie was sent, its state is the answer (RFC 7873, 5.4). */
	else if (cookie == COOKIE_WRONG && query->question_length == 0)
		response->rcode = DNS_RCODE_BADCOOKIE;
}

/*
 * Why there is no answer, for whoever looks into it (RFC 8914). A refusal or
 * failure has nothing else in it, so that no room was kept free for this.
 */
static enum edns_error
explain(const struct response *response)
{
	uint16_t type = response->query->type;

	if (response->rcode == DNS_RCODE_SERVFAIL)
		return response->is_unknown ? EDNS_ERROR_NOT_READY : EDNS_ERROR_OTHER;
	if (response->is_stale && response->is_dynamic)
		return response->rcode == DNS_RCODE_NXDOMAIN ? EDNS_ERROR_STALE_NXDOMAIN
							     : EDNS_ERROR_STALE;
	if (response->rcode != DNS_RCODE_REFUSED)
		return EDNS_ERROR_NONE;
	if (type == DNS_TYPE_AXFR || type == DNS_TYPE_IXFR)
		return EDNS_ERROR_NOT_SUPPORTED;
	return EDNS_ERROR_NOT_AUTHORITATIVE;
}

static void
put_opt(struct response *response)
{
	response->edns.error = explain(response);
	response->edns.upper_rcode = (uint8_t)(response->rcode >> 4);
	response->writer.capacity += edns_length(&response->edns);
	edns_write(&response->edns, &response->writer);
	response->additional++;
}

static void
put_header(struct response *response, const uint8_t *query)
{
	uint8_t *header = response->writer.data;
	uint8_t echoed = query[OFFSET_FLAGS] & (DNS_MASK_OPCODE | DNS_BIT_RD);

	memcpy(header, query, OFFSET_FLAGS); /* the id */
	header[OFFSET_FLAGS] =
	    (uint8_t)(DNS_BIT_QR | echoed | (response->authoritative ? DNS_BIT_AA : 0) |
		      (response->truncated ? DNS_BIT_TC : 0));
	header[OFFSET_FLAGS + 1] = (uint8_t)(response->rcode & DNS_MASK_RCODE);
	put_u16(header + OFFSET_QDCOUNT, response->query->question_length > 0);
	put_u16(header + OFFSET_QDCOUNT + 2, response->answers);
	put_u16(header + OFFSET_QDCOUNT + 4, response->authority);
	put_u16(header + OFFSET_QDCOUNT + 6, response->additional);
}

static size_t
space(const struct response *response)
{
	size_t asked = response->query->edns_size, own = response->source->settings->edns_size;
	size_t limit = ANSWER_MAX_TCP;

	if (response->client->transport == ANSWER_UDP)
		limit = asked < own ? asked : own;
	return response->query->edns ? limit - edns_length(&response->edns) : limit;
}

/* What the question itself led to decides, not what a CNAME led on to, but for NXDOMAIN. */
static void
classify(const struct response *response, struct answer_outcome *outcome)
{
	outcome->name_hash = 0;
	switch (response->rcode) {
	case DNS_RCODE_NOERROR:
		outcome->class = response->empty ? ANSWER_NODATA : ANSWER_POSITIVE;
		outcome->name_hash = response->name_hash;
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
	const uint8_t *label;

	if (query_read(&task->query, bytes, length) < 0)
		return -1;
	task->bytes = bytes;
	task->labels = -1;
	if (task->query.question_length > 0)
		task->labels = labels_in_zone(source->zone, name);
	if (task->labels > 0) {
		label = name->lower + name->labels[task->labels - 1];
		task->dynamic = table_label(source->names, label + 1, label[0]);
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

size_t
answer_write(const struct answer_task *task, const struct answer_source *source,
    const struct answer_client *client, uint8_t *answer, struct answer_outcome *outcome)
{
	const struct query *query = &task->query;
	struct response response = {
	    .source = source, .client = client, .task = task, .query = query};
	size_t length;

	response.rcode = query->rcode;
	outcome->has_cookie = 0;
	if (query->edns)
		prepare_edns(&response, outcome);
	/* Nothing was asked, and the cookie that came instead means nothing here. */
	if (query->question_length == 0 && response.rcode == DNS_RCODE_NOERROR &&
	    !response.edns.has_cookie)
		response.rcode = DNS_RCODE_FORMERR;
	writer_init(&response.writer, answer, space(&response));
	writer_bytes(&response.writer, task->bytes, DNS_HEADER + (size_t)query->question_length);
	if (response.rcode == DNS_RCODE_NOERROR && query->question_length > 0) {
		if (query->class == DNS_CLASS_CHAOS)
			answer_chaos(&response);
		else
			answer_question(&response);
	}
	if (response.writer.failed) {
		forget(&response);
		/* There is no other transport to send the client to. */
		if (client->transport == ANSWER_TCP)
			response.rcode = DNS_RCODE_SERVFAIL;
		else
			response.truncated = 1;
	}
	if (response.rcode == DNS_RCODE_SERVFAIL) {
		forget(&response);
		response.truncated = 0;
		response.authoritative = 0;
	}
	/* Not every class was looked at (RFC 1035, 6.2). */
	if (query->class == DNS_CLASS_ANY)
		response.authoritative = 0;
	classify(&response, outcome);
	outcome->question_end = (uint16_t)(DNS_HEADER + query->question_length);
	outcome->opt_length = 0;
	if (query->edns) {
		length = response.writer.length;
		put_opt(&response);
		outcome->opt_length = (uint16_t)(response.writer.length - length);
	}
	put_header(&response, task->bytes);
	return response.writer.length;
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
	memmove(answer + outcome->question_end, answer + length - outcome->opt_length,
	    outcome->opt_length);
	answer[OFFSET_FLAGS] |= DNS_BIT_TC;
	put_u16(answer + OFFSET_QDCOUNT + 2, 0);
	put_u16(answer + OFFSET_QDCOUNT + 4, 0);
	put_u16(answer + OFFSET_QDCOUNT + 6, outcome->opt_length > 0);
	return (size_t)outcome->question_end + outcome->opt_length;
}
