#include "contact.h"

#include <stdio.h>
#include <string.h>

enum { IDENTITY = DNS_ANSWER_IDENTITY + 32 };

enum contact_verdict
contact_judge(const struct contact_reply *reply, const struct contact_reply *local)
{
	if (reply->result != DNS_OUTCOME_ANSWERED)
		return CONTACT_ABSENT;
	if (reply->rcode != DNS_RCODE_NOERROR || !reply->is_authoritative || !reply->has_soa)
		return CONTACT_NO_ZONE;
	if (reply->value != CONTACT_VALUE_NOT_ASKED)
		return reply->value == CONTACT_VALUE_SEEN ? CONTACT_OURS : CONTACT_OTHER;
	if (local == NULL ||
	    (reply->serial == local->serial && name_equal(&reply->primary, &local->primary)))
		return CONTACT_OURS;
	return CONTACT_OTHER;
}

const char *
contact_describe(const struct contact_reply *reply, char why[CONTACT_WHY])
{
	if (reply->result != DNS_OUTCOME_ANSWERED)
		(void)snprintf(why, CONTACT_WHY, "%s", dns_outcome_text(reply->result));
	else if (reply->rcode != DNS_RCODE_NOERROR)
		(void)snprintf(
		    why, CONTACT_WHY, "what answers says %s", dns_rcode_text(reply->rcode));
	else if (!reply->is_authoritative || !reply->has_soa)
		(void)snprintf(why, CONTACT_WHY, "what answers does not serve the zone");
	else if (reply->value == CONTACT_VALUE_ABSENT)
		(void)snprintf(why, CONTACT_WHY, "it does not have the test value");
	else
		(void)snprintf(
		    why, CONTACT_WHY, "its SOA has the serial %lu", (unsigned long)reply->serial);
	return why;
}

void
contact_fix_firewall(struct diagnosis *diagnosis)
{
	diagnosis_fix(diagnosis, "# let port 53 in, with whichever of them this machine has:");
	diagnosis_fix(diagnosis, "ufw allow 53");
	diagnosis_fix(
	    diagnosis, "firewall-cmd --permanent --add-service=dns && firewall-cmd --reload");
	diagnosis_fix(diagnosis,
	    "nft add rule inet filter input meta l4proto { tcp, udp } th dport 53 accept");
	diagnosis_fix(
	    diagnosis, "# and 53/udp and 53/tcp in the firewall of the provider, or in the router");
}

/* 1 if a router may stand between this machine and the address, which this machine itself has not. */
static int
may_be_behind_router(const struct contacts *contacts, const struct contact *contact)
{
	return !contact->is_here && address_scope(&contact->address) == ADDRESS_PUBLIC &&
	       !address_set_has_public(&contacts->interfaces);
}

static int
is_v6(const struct client_address *address)
{
	return strcmp(address_record(address), "AAAA") == 0;
}

/* What is said of: one address, over one transport or over both where they do not differ. */
struct saying {
	const struct contacts *contacts;
	const struct contact *contact;
	const char *transport;
	const struct contact_reply *reply;
	struct diagnosis *diagnosis;
};

/* Nothing answers, and that is evidence. */
static void
add_silent(const struct saying *saying, const char *text, const char *why)
{
	int only_tcp = saying->reply == &saying->contact->tcp &&
		       contact_judge(&saying->contact->udp, NULL) == CONTACT_OURS;

	diagnosis_add(saying->diagnosis, DIAGNOSIS_WRONG, "address.silent", "%s over %s: %s%s",
	    text, saying->transport, why,
	    only_tcp ? "; resolvers need it, and over UDP it works" : "");
	if (!saying->contact->is_here || saying->reply->result != DNS_OUTCOME_CLOSED) {
		contact_fix_firewall(saying->diagnosis);
		return;
	}
	/* The machine itself says that nobody listens: no firewall is between. */
	diagnosis_fix(
	    saying->diagnosis, "# this machine has the address; in %s", saying->contacts->config);
	diagnosis_fix(saying->diagnosis, "dns:");
	if (only_tcp)
		diagnosis_fix(saying->diagnosis, "  protocols: [udp, tcp]");
	else
		diagnosis_fix(saying->diagnosis,
		    strchr(text, ':') != NULL ? "  listen: [\"[%s]:53\"]" : "  listen: [\"%s:53\"]",
		    text);
	diagnosis_fix(saying->diagnosis, "# then");
	diagnosis_fix(saying->diagnosis, "systemctl restart sallyport-dnsd");
}

static void
fix_asking(const struct saying *saying, const char *text)
{
	char zone[NAME_MAX_TEXT];

	name_to_text(saying->contacts->zone, zone);
	diagnosis_fix(saying->diagnosis, "dig +norecurse SOA %s @%s", zone, text);
	diagnosis_fix(saying->diagnosis, "dig +norecurse +tcp SOA %s @%s", zone, text);
}

/* Nothing answers: is that evidence? */
static void
add_absent(const struct saying *saying, const char *text, const char *why)
{
	const struct contact_reply *reply = saying->reply;

	if (reply->result == DNS_OUTCOME_SPENT || reply->result == DNS_OUTCOME_NOT_ASKED) {
		diagnosis_add(saying->diagnosis, DIAGNOSIS_UNKNOWN, "address.not_asked",
		    "%s over %s: %s", text, saying->transport, why);
	} else if (reply->result == DNS_OUTCOME_UNREACHABLE) {
		diagnosis_add(saying->diagnosis, DIAGNOSIS_UNKNOWN, "address.no_way",
		    "%s over %s: %s%s", text, saying->transport, why,
		    is_v6(&saying->contact->address) ? ", perhaps no IPv6 at all" : "");
	} else if (may_be_behind_router(saying->contacts, saying->contact)) {
		diagnosis_add(saying->diagnosis, DIAGNOSIS_UNKNOWN, "address.behind_router",
		    "%s over %s: %s; but this machine has private addresses only, and many routers "
		    "let nobody reach their outer address from within: ask from elsewhere",
		    text, saying->transport, why);
	} else {
		add_silent(saying, text, why);
		return;
	}
	fix_asking(saying, text);
}

/* Somebody else answers: who gets what is sent to the address? `what` goes on where " over UDP" ends. */
static void
add_stranger(const struct saying *saying, const char *id, const char *text, const char *what)
{
	if (!may_be_behind_router(saying->contacts, saying->contact)) {
		diagnosis_add(saying->diagnosis, DIAGNOSIS_WRONG, id, "%s over %s: %s%s", text,
		    saying->transport, what,
		    saying->contact->is_here ? "" : "; this machine does not have that address");
		if (saying->contact->is_here) {
			diagnosis_fix(saying->diagnosis, "ss -lnptu 'sport = :53'");
			return;
		}
		diagnosis_fix(saying->diagnosis,
		    "# if this machine had it once: the new address belongs into zone.records, "
		    "and into the zone above");
		return;
	}
	if (saying->contacts->resolver_value == CONTACT_VALUE_SEEN) {
		/* Then it is only from within that it looks like that. */
		diagnosis_add(saying->diagnosis, DIAGNOSIS_UNKNOWN, id,
		    "%s over %s: %s; but the router in front of this machine (NAT) may answer "
		    "itself what comes from within, and the resolver %s is led here",
		    text, saying->transport, what, saying->contacts->resolver);
	} else {
		diagnosis_add(saying->diagnosis, DIAGNOSIS_WRONG, id,
		    "%s over %s: %s; this machine has private addresses only, so a router (NAT) "
		    "has that one: it sends port 53 to another machine, or answers itself",
		    text, saying->transport, what);
		diagnosis_fix(saying->diagnosis,
		    "# in the router: forward 53/udp and 53/tcp to this machine");
	}
	diagnosis_fix(saying->diagnosis, "# from elsewhere:");
	fix_asking(saying, text);
}

/* What a stranger calls itself, a clause behind others; "": it does not tell. */
static const char *
identity(const struct contact_reply *reply, char text[IDENTITY])
{
	text[0] = '\0';
	if (reply->identity[0] != '\0')
		(void)snprintf(text, IDENTITY, " (it calls itself \"%s\")", reply->identity);
	return text;
}

static void
add(const struct saying *saying)
{
	const struct contact_reply *local =
	    saying->contacts->has_local ? &saying->contacts->local : NULL;
	char text[INET6_ADDRSTRLEN], why[CONTACT_WHY], what[CONTACT_WHY + 256], name[IDENTITY];

	client_address_to_text(&saying->contact->address, text);
	(void)contact_describe(saying->reply, why);
	switch (contact_judge(saying->reply, local)) {
	case CONTACT_OURS:
		diagnosis_add(saying->diagnosis, DIAGNOSIS_OK, "address.ours",
		    "%s answers over %s%s%s", text, saying->transport,
		    saying->reply->value == CONTACT_VALUE_SEEN
			? ", and is the server that runs here: it has the test value"
		    : local != NULL ? ", with the same SOA as the server here"
				    : ", with authority for the zone",
		    saying->contact->is_here ? " (asked from the machine itself: what a firewall "
					       "keeps out cannot be seen)"
					     : "");
		break;
	case CONTACT_OTHER:
		(void)snprintf(what, sizeof(what),
		    "another server answers for the zone, not the one that runs here: %s%s", why,
		    identity(saying->reply, name));
		add_stranger(saying, "address.other", text, what);
		break;
	case CONTACT_NO_ZONE:
		(void)snprintf(what, sizeof(what),
		    "%s%s; it is not Sallyport that listens there, or it has another zone", why,
		    identity(saying->reply, name));
		add_stranger(saying, "address.no_zone", text, what);
		break;
	case CONTACT_ABSENT:
		add_absent(saying, text, why);
		break;
	}
}

/* 1 if the same is to be said of both. */
static int
is_same(const struct contacts *contacts, const struct contact *contact)
{
	const struct contact_reply *local = contacts->has_local ? &contacts->local : NULL;
	enum contact_verdict verdict = contact_judge(&contact->udp, local);

	return verdict == contact_judge(&contact->tcp, local) &&
	       contact->udp.value == contact->tcp.value &&
	       contact->udp.rcode == contact->tcp.rcode &&
	       contact->udp.result == contact->tcp.result &&
	       strcmp(contact->udp.identity, contact->tcp.identity) == 0;
}

/* The whole way that the world goes. */
static void
judge_resolver(const struct contacts *contacts, struct diagnosis *diagnosis)
{
	if (contacts->resolver_value == CONTACT_VALUE_SEEN)
		diagnosis_add(diagnosis, DIAGNOSIS_OK, "value.resolved",
		    "the resolver %s finds the test value: the world is led here",
		    contacts->resolver);
	else if (contacts->resolver_value == CONTACT_VALUE_ABSENT &&
		 contacts->resolver_rcode != DNS_RCODE_NOERROR &&
		 contacts->resolver_rcode != DNS_RCODE_NXDOMAIN)
		diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "value.fails",
		    "the resolver %s answers %s when it is asked for the test value, which the "
		    "server here serves",
		    contacts->resolver, dns_rcode_text(contacts->resolver_rcode));
	else if (contacts->resolver_value == CONTACT_VALUE_ABSENT)
		diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "value.lost",
		    "the resolver %s does not find the test value, which the server here serves: "
		    "it is led elsewhere, or remembers where it was led before",
		    contacts->resolver);
}

void
contacts_judge(const struct contacts *contacts, struct diagnosis *diagnosis)
{
	for (unsigned i = 0; i < contacts->count; i++) {
		const struct contact *contact = &contacts->contacts[i];
		struct saying saying = {.contacts = contacts,
		    .contact = contact,
		    .transport = "UDP and TCP",
		    .reply = &contact->udp,
		    .diagnosis = diagnosis};

		if (is_same(contacts, contact)) {
			add(&saying);
			continue;
		}
		saying.transport = "UDP";
		add(&saying);
		saying.transport = "TCP";
		saying.reply = &contact->tcp;
		add(&saying);
	}
	judge_resolver(contacts, diagnosis);
	if (contacts->no_value != NULL && contacts->has_local)
		diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "value.none",
		    "no test value could be shown, so another server with the same SOA would be "
		    "taken for this one: %s",
		    contacts->no_value);
}

int
contacts_have_ours(const struct contacts *contacts)
{
	const struct contact_reply *local = contacts->has_local ? &contacts->local : NULL;

	for (unsigned i = 0; i < contacts->count; i++)
		if (contact_judge(&contacts->contacts[i].udp, local) == CONTACT_OURS)
			return 1;
	return 0;
}
