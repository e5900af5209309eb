#include "challenge_look.h"

/* A label that nobody has: what answers for it answers for every name. */
#define UNLIKELY "sallyport-doctor-looks-for-a-wildcard"

enum { CHAIN = 16 /* names that are looked at for a circle of CNAMEs */ };

/* Where a CNAME of this owner in the last answer leads to. 0, or -1: there is none. */
static int
take_target(const struct dns_answer *answer, const struct name *owner, struct name *target)
{
	const struct dns_record *record =
	    dns_answer_next(answer, DNS_SECTION_ANSWER, owner, DNS_TYPE_CNAME, NULL);

	return record != NULL ? dns_answer_target(answer, record, target) : -1;
}

static enum dns_outcome
ask(struct inquiry *inquiry, const struct client_address *address, const struct name *name)
{
	struct address at = client_address_at(address, INQUIRY_PORT);

	return dns_client_ask(
	    &inquiry->client, &at, name, DNS_TYPE_TXT, DNS_CLIENT_RETRY, &inquiry->answer);
}

static void
ask_server(
    struct inquiry *inquiry, const struct challenge *challenge, struct challenge_server *server)
{
	const struct dns_answer *answer = &inquiry->answer;

	server->result = ask(inquiry, &server->address, &challenge->name);
	if (server->result != DNS_OUTCOME_ANSWERED)
		return;
	server->rcode = answer->rcode;
	if (take_target(answer, &challenge->name, &server->target) == 0)
		server->content = CHALLENGE_CNAME;
	else if (dns_answer_next(
		     answer, DNS_SECTION_ANSWER, &challenge->name, DNS_TYPE_TXT, NULL) != NULL)
		server->content = CHALLENGE_TXT;
	else if (!answer->is_authoritative && answer->rcode == DNS_RCODE_NOERROR &&
		 dns_answer_next(answer, DNS_SECTION_AUTHORITY, NULL, DNS_TYPE_NS, NULL) != NULL)
		server->content = CHALLENGE_REFERRAL;
}

/* Whether a CNAME stands at a name, says the first server that answers. */
static int
find_cname(struct inquiry *inquiry, const struct challenge *challenge, const struct name *name,
    struct name *target)
{
	for (unsigned i = 0; i < challenge->server_count; i++) {
		if (ask(inquiry, &challenge->servers[i].address, name) == DNS_OUTCOME_ANSWERED)
			return take_target(&inquiry->answer, name, target) == 0;
	}
	return 0;
}

/* Where else the record may be. */
static void
look_for_mistakes(struct inquiry *inquiry, struct challenge *challenge)
{
	const struct name *target = challenge_target(challenge);
	struct name name, found;

	if (target != NULL) {
		if (name_from_text(&name, UNLIKELY) == 0 &&
		    name_append(&name, &challenge->domain) == 0 &&
		    find_cname(inquiry, challenge, &name, &found))
			challenge->is_wildcard = name_equal(&found, target);
		return;
	}
	if (name_is_within(&challenge->domain, &challenge->apex))
		challenge->is_at_domain = find_cname(
		    inquiry, challenge, &challenge->domain, &challenge->misplaced_target);
	name = challenge->name;
	if (!challenge->is_at_domain && name_append(&name, &challenge->apex) == 0)
		challenge->is_doubled =
		    find_cname(inquiry, challenge, &name, &challenge->misplaced_target);
}

static void
resolve(struct inquiry *inquiry, struct challenge *challenge)
{
	const struct dns_answer *answer = &inquiry->answer;
	const struct dns_record *record;

	challenge->resolved = inquiry_resolve(inquiry, &challenge->name, DNS_TYPE_TXT);
	if (challenge->resolved != DNS_OUTCOME_ANSWERED)
		return;
	challenge->resolved_rcode = answer->rcode;
	challenge->hops = dns_answer_follow(answer, &challenge->name, &challenge->last);
	if (take_target(answer, &challenge->name, &challenge->first) != 0)
		challenge->hops = 0;
	record =
	    challenge->hops > 0
		? dns_answer_next(
		      answer, DNS_SECTION_ANSWER, &challenge->name, DNS_TYPE_CNAME, NULL)
		/* What is not there is remembered for as long as the SOA beside that says (RFC 2308, 5). */
		: dns_answer_next(answer, DNS_SECTION_AUTHORITY, NULL, DNS_TYPE_SOA, NULL);
	challenge->has_ttl = record != NULL;
	challenge->ttl = record != NULL ? record->ttl : 0;
}

static int
is_among(const struct name *names, unsigned count, const struct name *name)
{
	for (unsigned i = 0; i < count; i++)
		if (name_equal(&names[i], name))
			return 1;
	return 0;
}

/* Whether the CNAMEs never end. They are asked for one by one: a circle is answered like any other failure, or in part. */
static void
look_for_circle(struct inquiry *inquiry, struct challenge *challenge)
{
	const struct name *target = challenge_target(challenge);
	struct name seen[CHAIN] = {challenge->name};
	struct name here;

	if (target == NULL || challenge_end(challenge) != NULL)
		return;
	here = *target;
	for (unsigned count = 1; count < CHAIN; count++) {
		if (is_among(seen, count, &here)) {
			challenge->is_circle = 1;
			challenge->circle = here;
			return;
		}
		seen[count] = here;
		if (inquiry_resolve(inquiry, &seen[count], DNS_TYPE_CNAME) !=
			DNS_OUTCOME_ANSWERED ||
		    take_target(&inquiry->answer, &seen[count], &here) != 0)
			return;
	}
}

static void
look_for_account(struct inquiry *inquiry, const struct address *ours, struct challenge *challenge)
{
	const struct name *end = challenge_end(challenge);
	const struct dns_answer *answer = &inquiry->answer;

	if (end == NULL || ours == NULL ||
	    dns_client_ask(&inquiry->client, ours, end, DNS_TYPE_TXT, DNS_CLIENT_RETRY,
		&inquiry->answer) != DNS_OUTCOME_ANSWERED)
		return;
	if (answer->rcode == DNS_RCODE_NOERROR)
		challenge->account = CHALLENGE_ACCOUNT_THERE;
	else if (answer->rcode == DNS_RCODE_NXDOMAIN)
		challenge->account = CHALLENGE_ACCOUNT_MISSING;
}

/* From the domain upwards, until there are some (RFC 8659, 3), or it is not known. */
static void
look_for_caa(struct inquiry *inquiry, struct challenge *challenge)
{
	struct name name = challenge->domain, last;
	struct caa *caa = &challenge->caa;

	do {
		caa->at = name;
		caa->result = inquiry_resolve(inquiry, &name, DNS_TYPE_CAA);
		caa->rcode = inquiry->answer.rcode;
		if (caa->result != DNS_OUTCOME_ANSWERED ||
		    (caa->rcode != DNS_RCODE_NOERROR && caa->rcode != DNS_RCODE_NXDOMAIN))
			return;
		(void)dns_answer_follow(&inquiry->answer, &name, &last);
		if (caa_take(caa, &inquiry->answer, &last)) {
			caa->at = last;
			return;
		}
	} while (name_strip(&name) == 0 && name_label_count(&name) > 0);
}

/* All that there is to know where the domain's zone is found. */
static void
look_around(struct inquiry *inquiry, const struct address *ours, struct challenge *challenge)
{
	struct inquiry_server servers[INQUIRY_SERVERS];

	_Static_assert((int)INQUIRY_SERVERS <= (int)CHALLENGE_SERVERS, "all of them have a place");
	challenge->server_count = inquiry_find_servers(inquiry, &challenge->apex, servers);
	for (unsigned i = 0; i < challenge->server_count; i++) {
		challenge->servers[i] = (struct challenge_server){
		    .name = servers[i].name, .address = servers[i].address};
		ask_server(inquiry, challenge, &challenge->servers[i]);
	}
	look_for_mistakes(inquiry, challenge);
	resolve(inquiry, challenge);
	look_for_circle(inquiry, challenge);
	look_for_account(inquiry, ours, challenge);
	look_for_caa(inquiry, challenge);
}

void
challenge_look(struct inquiry *inquiry, const struct address *ours, struct challenge *challenge)
{
	inquiry_begin(inquiry);
	challenge->search = inquiry_find_zone(inquiry, &challenge->domain, &challenge->apex);
	challenge->search_rcode = inquiry->answer.rcode;
	if (challenge_is_found(challenge))
		look_around(inquiry, ours, challenge);
	challenge->forgery = inquiry->forgery;
}
