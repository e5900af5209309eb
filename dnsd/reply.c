/* Names, chains and CHAOS; see reply.h. */
#include "reply.h"

#include "lookup.h"

#include <string.h>

static void
put_dynamic(struct reply *reply, uint16_t owner, const struct table_values *values)
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
reply_to_name(struct reply *reply, uint16_t *owner, const struct qname *name, int labels,
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
		put_dynamic(reply, *owner, &lookup.values);
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
		alias = reply_to_name(reply, &owner, alias, labels, &label);
	}
}

/* One TXT record of one string, not to be kept (RFC 4892, 3). Everything else there is refused. */
void
reply_to_chaos(struct reply *reply)
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

void
reply_to_question(struct reply *reply)
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
	alias = reply_to_name(reply, &owner, name, task->labels, &task->dynamic);
	reply->empty = reply->response.answers == 0;
	if (alias != NULL)
		follow(reply, owner, alias);
}
