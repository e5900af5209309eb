#include "delegation_look.h"

#include <string.h>

/* Notes the name servers of a referral, and the addresses that come with it. */
static void
take_referral(struct delegation *delegation, const struct dns_answer *answer)
{
	const struct dns_record *record = NULL;

	while ((record = dns_answer_next(answer, DNS_SECTION_AUTHORITY, &delegation->zone,
		    DNS_TYPE_NS, record)) != NULL) {
		struct delegation_host *host = NULL;
		struct name name;

		if (dns_answer_target(answer, record, &name) == 0)
			host = delegation_host(delegation, &name);
		if (host != NULL)
			host->is_delegated = 1;
	}
	for (unsigned i = 0; i < answer->count; i++) {
		struct client_address address;

		record = &answer->records[i];
		if (record->section != DNS_SECTION_ADDITIONAL ||
		    dns_answer_address(answer, record, &address) != 0)
			continue;
		for (unsigned k = 0; k < delegation->host_count; k++)
			if (delegation->hosts[k].is_within &&
			    name_equal(&delegation->hosts[k].name, &record->owner))
				address_set_add(&delegation->hosts[k].glue, &address);
	}
}

static enum delegation_reply
judge_reply(const struct delegation *delegation, const struct dns_answer *answer)
{
	if (answer->rcode == DNS_RCODE_NOERROR && dns_answer_next(answer, DNS_SECTION_ANSWER,
						      &delegation->zone, DNS_TYPE_NS, NULL) != NULL)
		return answer->is_authoritative ? DELEGATION_SERVED : DELEGATION_FAILED;
	if (answer->rcode == DNS_RCODE_NOERROR && !answer->is_authoritative &&
	    dns_answer_next(answer, DNS_SECTION_AUTHORITY, &delegation->zone, DNS_TYPE_NS, NULL) !=
		NULL)
		return DELEGATION_REFERRAL;
	if (answer->is_authoritative &&
	    (answer->rcode == DNS_RCODE_NOERROR || answer->rcode == DNS_RCODE_NXDOMAIN))
		return DELEGATION_NONE;
	return DELEGATION_FAILED;
}

static void
ask_server(struct inquiry *inquiry, struct delegation *delegation, struct delegation_server *server)
{
	struct address at = client_address_at(&server->address, INQUIRY_PORT);

	server->reply = DELEGATION_FAILED;
	server->result = dns_client_ask(&inquiry->client, &at, &delegation->zone, DNS_TYPE_NS,
	    DNS_CLIENT_RETRY, &inquiry->answer);
	if (server->result != DNS_OUTCOME_ANSWERED)
		return;
	server->rcode = inquiry->answer.rcode;
	server->reply = judge_reply(delegation, &inquiry->answer);
	if (server->reply != DELEGATION_REFERRAL)
		return;
	take_referral(delegation, &inquiry->answer);
	/* The DS record is the one thing of our zone that is kept in the zone above (RFC 4035, 2.4). */
	if (!delegation->has_ds &&
	    dns_client_ask(&inquiry->client, &at, &delegation->zone, DNS_TYPE_DS, DNS_CLIENT_RETRY,
		&inquiry->answer) == DNS_OUTCOME_ANSWERED)
		delegation->has_ds = dns_answer_next(&inquiry->answer, DNS_SECTION_ANSWER,
					 &delegation->zone, DNS_TYPE_DS, NULL) != NULL;
}

/* Finds the zone above. 0, or -1: `search` says why not. */
static int
find_parent(struct inquiry *inquiry, struct delegation *delegation)
{
	struct name above = delegation->zone;

	(void)name_strip(&above);
	delegation->parent = above;
	delegation->search = DELEGATION_NO_RESOLVER;
	delegation->result = inquiry_find_zone(inquiry, &above, &delegation->parent);
	if (delegation->result != DNS_OUTCOME_ANSWERED) {
		delegation->parent = above;
		return -1;
	}
	delegation->rcode = inquiry->answer.rcode;
	if (delegation->rcode == DNS_RCODE_NXDOMAIN) {
		delegation->search = DELEGATION_NO_PARENT;
		delegation->parent = above;
	} else if (delegation->rcode != DNS_RCODE_NOERROR) {
		delegation->search = DELEGATION_REFUSED;
	} else {
		delegation->search = DELEGATION_FOUND;
		return 0;
	}
	return -1;
}

/* All that there is to know where the zone above is found. */
static void
look_around(struct inquiry *inquiry, struct delegation *delegation)
{
	struct inquiry_server servers[INQUIRY_SERVERS];

	delegation->server_count = inquiry_find_servers(inquiry, &delegation->parent, servers);
	for (unsigned i = 0; i < delegation->server_count; i++) {
		delegation->servers[i] = (struct delegation_server){
		    .name = servers[i].name, .address = servers[i].address};
		ask_server(inquiry, delegation, &delegation->servers[i]);
	}
	for (unsigned i = 0; i < delegation->host_count; i++) {
		struct delegation_host *host = &delegation->hosts[i];

		if (!host->is_within)
			inquiry_find_addresses(inquiry, &host->name, &host->found, &host->is_alias);
	}
}

void
delegation_look(struct inquiry *inquiry, struct delegation *delegation)
{
	inquiry_begin(inquiry);
	if (inquiry->has_resolver)
		address_to_text(&inquiry->resolver, delegation->resolver);
	if (find_parent(inquiry, delegation) == 0)
		look_around(inquiry, delegation);
	delegation->forgery = inquiry->forgery;
}

enum contact_value
delegation_find_trial(struct inquiry *inquiry, const struct address *address,
    const struct name *zone, const struct delegation_trial *trial, unsigned flags)
{
	const struct dns_answer *answer = &inquiry->answer;
	const struct dns_record *record = NULL;
	char text[NAME_MAX_LABEL + 2];
	struct name name;

	if (trial->label[0] == '\0' || name_from_text(&name, trial->label) != 0 ||
	    name_append(&name, zone) != 0)
		return CONTACT_VALUE_NOT_ASKED;
	if (dns_client_ask(&inquiry->client, address, &name, DNS_TYPE_TXT, flags,
		&inquiry->answer) != DNS_OUTCOME_ANSWERED)
		return CONTACT_VALUE_NOT_ASKED;
	while ((record = dns_answer_next(
		    answer, DNS_SECTION_ANSWER, &name, DNS_TYPE_TXT, record)) != NULL) {
		(void)dns_answer_text(answer, record, text, sizeof(text));
		if (strcmp(text, trial->value) == 0)
			return CONTACT_VALUE_SEEN;
	}
	return CONTACT_VALUE_ABSENT;
}

void
delegation_contact(struct inquiry *inquiry, const struct address *address, const struct name *zone,
    const struct delegation_trial *trial, unsigned flags, struct contact_reply *reply)
{
	const struct dns_answer *answer = &inquiry->answer;
	const struct dns_record *soa;

	*reply = (struct contact_reply){.primary = {.length = 1}};
	reply->result = dns_client_ask(&inquiry->client, address, zone, DNS_TYPE_SOA,
	    flags | DNS_CLIENT_IDENTITY, &inquiry->answer);
	if (reply->result != DNS_OUTCOME_ANSWERED)
		return;
	reply->rcode = answer->rcode;
	reply->is_authoritative = answer->is_authoritative;
	memcpy(reply->identity, answer->identity, sizeof(reply->identity));
	soa = dns_answer_next(answer, DNS_SECTION_ANSWER, zone, DNS_TYPE_SOA, NULL);
	reply->has_soa = soa != NULL && dns_answer_target(answer, soa, &reply->primary) == 0 &&
			 dns_answer_serial(answer, soa, &reply->serial) == 0;
	if (reply->has_soa && reply->is_authoritative)
		reply->value = delegation_find_trial(inquiry, address, zone, trial, flags);
}
