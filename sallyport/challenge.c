#include "challenge.h"

#include "delegation.h"
#include "quantity_text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LABEL "_acme-challenge"

int
challenge_set_domain(struct challenge *challenge, const char *text)
{
	challenge->for_wildcard = strncmp(text, "*.", 2) == 0;
	if (challenge->for_wildcard)
		text += 2;
	if (strncasecmp(text, LABEL ".", sizeof(LABEL)) == 0)
		text += sizeof(LABEL);
	if (name_from_text(&challenge->domain, text) != 0 ||
	    name_label_count(&challenge->domain) == 0 ||
	    name_from_text(&challenge->name, LABEL) != 0)
		return -1;
	return name_append(&challenge->name, &challenge->domain);
}

int
challenge_is_found(const struct challenge *challenge)
{
	/* A name below an existing domain need not exist itself; one directly below a public one has to. */
	return challenge->search == DNS_OUTCOME_ANSWERED &&
	       (challenge->search_rcode == DNS_RCODE_NOERROR ||
		   (challenge->search_rcode == DNS_RCODE_NXDOMAIN &&
		       name_label_count(&challenge->apex) > 1));
}

const struct name *
challenge_target(const struct challenge *challenge)
{
	for (unsigned i = 0; i < challenge->server_count; i++) {
		if (challenge->servers[i].content == CHALLENGE_CNAME)
			return &challenge->servers[i].target;
	}
	return NULL;
}

const struct name *
challenge_end(const struct challenge *challenge)
{
	const struct name *target = challenge_target(challenge);

	if (target != NULL && name_is_within(target, &challenge->zone))
		return target;
	return target != NULL && challenge->hops > 0 &&
		       name_is_within(&challenge->last, &challenge->zone)
		   ? &challenge->last
		   : NULL;
}

/* The record as it should be; `target` NULL: it is not known which account's. */
static void
fix_record(
    const struct challenge *challenge, const struct name *target, struct diagnosis *diagnosis)
{
	char name[NAME_MAX_TEXT], text[NAME_MAX_TEXT], apex[NAME_MAX_TEXT];

	name_to_text(&challenge->name, name);
	diagnosis_fix(diagnosis, "; in the zone %s", delegation_name(&challenge->apex, apex));
	if (target != NULL && name_is_within(target, &challenge->zone)) {
		name_to_text(target, text);
		diagnosis_fix(diagnosis, "%s  CNAME  %s", name, text);
		return;
	}
	name_to_text(&challenge->zone, text);
	diagnosis_fix(diagnosis, "%s  CNAME  SUBDOMAIN.%s", name, text);
	diagnosis_fix(diagnosis, "; SUBDOMAIN is what the account was told when it registered");
}

/* 1 if the name is one of ours with the domain's zone behind it, which is then cut off: its final dot was left out. */
static int
cut_doubled(const struct challenge *challenge, const struct name *target, struct name *meant)
{
	size_t tail = challenge->apex.length;
	struct name rest = *target;

	if (target->length <= tail || !name_is_within(target, &challenge->apex))
		return 0;
	*meant = *target;
	meant->length = (uint8_t)(target->length - tail + 1);
	meant->wire[meant->length - 1] = 0;
	/* Only where a label begins there: the ancestor is found by the labels. */
	while (rest.length > tail)
		(void)name_strip(&rest);
	return rest.length == tail && name_is_within(meant, &challenge->zone);
}

static void
judge_missing(const struct challenge *challenge, struct diagnosis *diagnosis)
{
	char name[NAME_MAX_TEXT], domain[NAME_MAX_TEXT], apex[NAME_MAX_TEXT];
	const struct name *target =
	    challenge->is_at_domain || challenge->is_doubled ? &challenge->misplaced_target : NULL;

	(void)delegation_name(&challenge->name, name);
	(void)delegation_name(&challenge->domain, domain);
	(void)delegation_name(&challenge->apex, apex);
	if (challenge->is_doubled) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "challenge.owner_without_dot",
		    "the record is at %s.%s: in a zone file a name without a dot at its end gets "
		    "the zone's name behind it",
		    name, apex);
	} else if (challenge->is_at_domain && name_is_within(target, &challenge->zone)) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "challenge.at_domain",
		    "the CNAME is at %s itself, where it takes away everything else that the name "
		    "has; it belongs to %s",
		    domain, name);
	} else {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "challenge.missing",
		    "%s has no CNAME: no challenge gets here", name);
	}
	fix_record(challenge, target, diagnosis);
}

static void
judge_target(
    const struct challenge *challenge, const struct name *target, struct diagnosis *diagnosis)
{
	char name[NAME_MAX_TEXT], text[NAME_MAX_TEXT], zone[NAME_MAX_TEXT], end[NAME_MAX_TEXT];
	const struct name *ours = challenge_end(challenge);
	struct name meant;

	(void)delegation_name(&challenge->name, name);
	(void)delegation_name(target, text);
	(void)delegation_name(&challenge->zone, zone);
	if (cut_doubled(challenge, target, &meant)) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "challenge.target_without_dot",
		    "%s leads to %s: in a zone file a name without a dot at its end gets the "
		    "zone's name behind it",
		    name, text);
		fix_record(challenge, &meant, diagnosis);
	} else if (challenge->is_circle) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "challenge.loop",
		    "%s leads to %s, and from there CNAMEs go in a circle, back to %s", name, text,
		    delegation_name(&challenge->circle, end));
		fix_record(challenge, NULL, diagnosis);
	} else if (ours == NULL) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "challenge.elsewhere",
		    "%s leads to %s, which is not in %s", name, text, zone);
		fix_record(challenge, NULL, diagnosis);
	} else if (name_equal(ours, &challenge->zone)) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "challenge.to_zone",
		    "%s leads to %s itself, and not to an account's name in it", name, text);
		fix_record(challenge, NULL, diagnosis);
	} else if (challenge->account == CHALLENGE_ACCOUNT_MISSING) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "challenge.no_account",
		    "%s leads to %s, and no account has that name", name,
		    delegation_name(ours, end));
		fix_record(challenge, NULL, diagnosis);
	} else if (challenge->account == CHALLENGE_ACCOUNT_UNKNOWN) {
		diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "challenge.account_unseen",
		    "%s leads to %s; whether an account has that name could not be asked here",
		    name, delegation_name(ours, end));
	} else {
		diagnosis_add(diagnosis, DIAGNOSIS_OK, "challenge.there",
		    "%s leads to %s, which is an account's", name, delegation_name(ours, end));
	}
	if (ours != NULL && challenge->is_wildcard) {
		diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "challenge.wildcard",
		    "every name below the domain leads there, not only %s: a wildcard record",
		    name);
		fix_record(challenge, ours, diagnosis);
	}
}

/* Those that do not say what the first one with a CNAME says. */
static void
judge_servers(
    const struct challenge *challenge, const struct name *target, struct diagnosis *diagnosis)
{
	char server[NAME_MAX_TEXT], address[ADDRESS_MAX_TEXT], name[NAME_MAX_TEXT];

	(void)delegation_name(&challenge->name, name);
	for (unsigned i = 0; i < challenge->server_count; i++) {
		const struct challenge_server *one = &challenge->servers[i];

		(void)delegation_name(&one->name, server);
		client_address_to_text(&one->address, address);
		if (one->result != DNS_OUTCOME_ANSWERED)
			diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "challenge.server_silent",
			    "%s (%s): %s", server, address, dns_outcome_text(one->result));
		else if (one->rcode != DNS_RCODE_NOERROR && one->rcode != DNS_RCODE_NXDOMAIN)
			diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "challenge.server_lame",
			    "%s (%s) says %s when it is asked for %s", server, address,
			    dns_rcode_text(one->rcode), name);
		else if (target != NULL &&
			 (one->content != CHALLENGE_CNAME || !name_equal(&one->target, target)))
			diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "challenge.partly",
			    "%s (%s) does not have that record, as others do: has it got the "
			    "newest version of its zone?",
			    server, address);
	}
}

/* How long that lasts is the time to live (TTL) that is left of it there; elsewhere it may have begun later. */
static void
add_stale(const struct challenge *challenge, struct diagnosis *diagnosis)
{
	char first[NAME_MAX_TEXT], left[QUANTITY_TEXT] = "its time to live";

	if (challenge->has_ttl)
		(void)quantity_duration(left, challenge->ttl);
	diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "challenge.stale",
	    "the resolver %s still has what was there before, %s%s, and keeps it for %s more; the "
	    "CA's may have it, too, and for longer",
	    challenge->resolver, challenge->hops > 0 ? "a CNAME to " : "no CNAME",
	    challenge->hops > 0 ? delegation_name(&challenge->first, first) : "", left);
}

static void
judge_resolved(
    const struct challenge *challenge, const struct name *target, struct diagnosis *diagnosis)
{
	char name[NAME_MAX_TEXT];

	(void)delegation_name(&challenge->name, name);
	if (challenge->resolved != DNS_OUTCOME_ANSWERED) {
		diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "challenge.unresolved",
		    "the resolver %s: %s", challenge->resolver,
		    dns_outcome_text(challenge->resolved));
	} else if (challenge->resolved_rcode != DNS_RCODE_NOERROR &&
		   challenge->resolved_rcode != DNS_RCODE_NXDOMAIN) {
		/* Of a circle that is all that can be said, and it has been. */
		if (!challenge->is_circle)
			diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "challenge.resolver_fails",
			    "the resolver %s answers %s when it is asked for %s",
			    challenge->resolver, dns_rcode_text(challenge->resolved_rcode), name);
	} else if (target != NULL && !challenge->forgery.is_there &&
		   (challenge->hops == 0 || !name_equal(&challenge->first, target))) {
		add_stale(challenge, diagnosis);
	}
}

static int
some_server_has(const struct challenge *challenge, enum challenge_content content)
{
	for (unsigned i = 0; i < challenge->server_count; i++) {
		if (challenge->servers[i].result == DNS_OUTCOME_ANSWERED &&
		    challenge->servers[i].content == content)
			return 1;
	}
	return 0;
}

/* Answers that say what is there: neither silence nor an error. */
static int
anybody_knows(const struct challenge *challenge)
{
	for (unsigned i = 0; i < challenge->server_count; i++) {
		const struct challenge_server *one = &challenge->servers[i];

		if (one->result == DNS_OUTCOME_ANSWERED &&
		    (one->rcode == DNS_RCODE_NOERROR || one->rcode == DNS_RCODE_NXDOMAIN))
			return 1;
	}
	return 0;
}

static void
judge_record(const struct challenge *challenge, struct diagnosis *diagnosis)
{
	const struct name *target = challenge_target(challenge);
	char name[NAME_MAX_TEXT], apex[NAME_MAX_TEXT];

	(void)delegation_name(&challenge->name, name);
	(void)delegation_name(&challenge->apex, apex);
	if (!anybody_knows(challenge)) {
		diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "challenge.unseen",
		    "no server of %s could be asked from here for %s", apex, name);
	} else if (target != NULL) {
		judge_target(challenge, target, diagnosis);
	} else if (some_server_has(challenge, CHALLENGE_TXT)) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "challenge.value",
		    "%s has a TXT record of its own: beside it there can be no CNAME", name);
		diagnosis_fix(diagnosis, "; take the TXT record away, and");
		fix_record(challenge, NULL, diagnosis);
	} else if (some_server_has(challenge, CHALLENGE_REFERRAL)) {
		diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "challenge.delegated",
		    "%s is a zone of its own (NS records): a CNAME here is simpler, and is all "
		    "that is needed",
		    name);
		fix_record(challenge, NULL, diagnosis);
	} else {
		judge_missing(challenge, diagnosis);
	}
	judge_servers(challenge, target, diagnosis);
	judge_resolved(challenge, target, diagnosis);
	caa_judge(&challenge->caa, &challenge->domain, challenge->for_wildcard, challenge->resolver,
	    diagnosis);
}

void
challenge_judge(const struct challenge *challenge, struct diagnosis *diagnosis)
{
	char domain[NAME_MAX_TEXT];

	(void)delegation_name(&challenge->domain, domain);
	if (challenge->forgery.is_there)
		delegation_judge_forgery(
		    &challenge->forgery, "challenge.bogus", challenge->resolver, diagnosis);
	if (challenge->resolver[0] == '\0') {
		diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "challenge.no_resolver",
		    "there is no resolver to ask for %s", domain);
		diagnosis_fix(diagnosis, "sallyport doctor --domain %s --resolver ADDRESS", domain);
	} else if (challenge->search != DNS_OUTCOME_ANSWERED) {
		diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "challenge.resolver_silent",
		    "the resolver %s: %s; nothing is known of %s", challenge->resolver,
		    dns_outcome_text(challenge->search), domain);
	} else if (!challenge_is_found(challenge)) {
		diagnosis_add(diagnosis,
		    challenge->search_rcode == DNS_RCODE_NXDOMAIN ? DIAGNOSIS_WRONG
								  : DIAGNOSIS_UNKNOWN,
		    "challenge.no_domain", "the resolver %s answers %s when it is asked for %s",
		    challenge->resolver, dns_rcode_text(challenge->search_rcode), domain);
	} else {
		judge_record(challenge, diagnosis);
	}
}
