#include "inquiry.h"

#include <stdio.h>
#include <string.h>

enum { LINE = 512, CLIMBS = 8 /* names above one that are tried */ };

/* The first usable "nameserver" of /etc/resolv.conf. An address with a zone ("fe80::1%eth0") is passed over. */
static int
read_resolver(struct client_address *address)
{
	static const char word[] = "nameserver";
	FILE *file = fopen("/etc/resolv.conf", "re");
	char line[LINE];
	int found = 0;

	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
		char *text = line + strspn(line, " \t");

		if (strncmp(text, word, sizeof(word) - 1) != 0)
			continue;
		text += sizeof(word) - 1;
		if (*text != ' ' && *text != '\t')
			continue;
		text += strspn(text, " \t");
		found = client_address_from_text(address, text, strcspn(text, " \t\r\n")) == 0;
	}
	if (file != NULL)
		(void)fclose(file);
	return found ? 0 : -1;
}

int
inquiry_init(struct inquiry *inquiry, const char *given)
{
	struct client_address address;
	const char *why;

	inquiry->has_resolver = 1;
	if (given != NULL && address_from_text(&inquiry->resolver, given, &why) == 0)
		return inquiry->resolver.socket.any.sa_family == AF_UNIX ? -1 : 0;
	if (given != NULL) {
		if (client_address_from_text(&address, given, strlen(given)) != 0)
			return -1;
	} else if (read_resolver(&address) != 0) {
		inquiry->has_resolver = 0;
		return 0;
	}
	inquiry->resolver = client_address_at(&address, INQUIRY_PORT);
	return 0;
}

void
inquiry_begin(struct inquiry *inquiry)
{
	dns_client_allow(&inquiry->client, INQUIRY_STAGE_MS);
	inquiry->forgery = (struct dns_forgery){0};
}

static enum dns_outcome
ask(struct inquiry *inquiry, const struct name *name, uint16_t type, unsigned flags)
{
	return dns_client_ask(&inquiry->client, &inquiry->resolver, name, type,
	    DNS_CLIENT_RECURSION | DNS_CLIENT_RETRY | flags, &inquiry->answer);
}

/* It fails: is it for the signatures? Whoever does not check them (CD) gets an answer then (RFC 4035, 5.5). */
static void
look_for_forgery(struct inquiry *inquiry, const struct name *name, uint16_t type)
{
	struct dns_answer *answer = &inquiry->answer;
	const char *why = answer->has_error ? dns_forgery_text(answer->error) : NULL;

	if (ask(inquiry, name, type, DNS_CLIENT_CHECKING_DISABLED) != DNS_OUTCOME_ANSWERED)
		*answer = (struct dns_answer){.rcode = DNS_RCODE_SERVFAIL};
	else if (!inquiry->forgery.is_there &&
		 (answer->rcode == DNS_RCODE_NOERROR || answer->rcode == DNS_RCODE_NXDOMAIN))
		inquiry->forgery = (struct dns_forgery){.is_there = 1, .name = *name, .why = why};
}

enum dns_outcome
inquiry_resolve(struct inquiry *inquiry, const struct name *name, uint16_t type)
{
	enum dns_outcome result;

	if (!inquiry->has_resolver)
		return DNS_OUTCOME_NOT_ASKED;
	result = ask(inquiry, name, type, 0);
	if (result == DNS_OUTCOME_ANSWERED && inquiry->answer.rcode == DNS_RCODE_SERVFAIL)
		look_for_forgery(inquiry, name, type);
	return result;
}

enum dns_outcome
inquiry_find_zone(struct inquiry *inquiry, const struct name *name, struct name *apex)
{
	const struct dns_answer *answer = &inquiry->answer;
	struct name here = *name;

	for (unsigned i = 0; i < CLIMBS; i++) {
		enum dns_outcome result = inquiry_resolve(inquiry, &here, DNS_TYPE_SOA);
		const struct dns_record *soa;

		if (result != DNS_OUTCOME_ANSWERED)
			return result;
		*apex = here;
		if (answer->rcode != DNS_RCODE_NOERROR && answer->rcode != DNS_RCODE_NXDOMAIN)
			return result;
		/* What a CNAME leads to lies elsewhere; and a zone never begins at one. */
		if (dns_answer_next(answer, DNS_SECTION_ANSWER, &here, DNS_TYPE_CNAME, NULL) ==
		    NULL) {
			soa =
			    dns_answer_next(answer, DNS_SECTION_ANSWER, &here, DNS_TYPE_SOA, NULL);
			if (soa == NULL)
				soa = dns_answer_next(
				    answer, DNS_SECTION_AUTHORITY, NULL, DNS_TYPE_SOA, NULL);
			if (soa != NULL && name_is_within(&here, &soa->owner)) {
				*apex = soa->owner;
				return result;
			}
		}
		if (name_strip(&here) != 0)
			return result;
	}
	return DNS_OUTCOME_ANSWERED;
}

void
inquiry_find_addresses(
    struct inquiry *inquiry, const struct name *name, struct address_set *set, int *is_alias)
{
	static const uint16_t types[] = {DNS_TYPE_A, DNS_TYPE_AAAA};
	const struct dns_answer *answer = &inquiry->answer;

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct dns_record *record = NULL;
		struct client_address address;
		struct name last;

		if (inquiry_resolve(inquiry, name, types[i]) != DNS_OUTCOME_ANSWERED)
			continue;
		if (dns_answer_follow(answer, name, &last) > 0 && is_alias != NULL)
			*is_alias = 1;
		while ((record = dns_answer_next(
			    answer, DNS_SECTION_ANSWER, &last, types[i], record)) != NULL)
			if (dns_answer_address(answer, record, &address) == 0)
				address_set_add(set, &address);
	}
}

unsigned
inquiry_find_servers(struct inquiry *inquiry, const struct name *apex,
    struct inquiry_server servers[INQUIRY_SERVERS])
{
	const struct dns_record *record = NULL;
	struct name names[INQUIRY_SERVERS];
	unsigned name_count = 0, count = 0;

	if (inquiry_resolve(inquiry, apex, DNS_TYPE_NS) != DNS_OUTCOME_ANSWERED)
		return 0;
	while (name_count < INQUIRY_SERVERS &&
	       (record = dns_answer_next(
		    &inquiry->answer, DNS_SECTION_ANSWER, apex, DNS_TYPE_NS, record)) != NULL)
		if (dns_answer_target(&inquiry->answer, record, &names[name_count]) == 0)
			name_count++;
	for (unsigned i = 0; i < name_count; i++) {
		struct address_set set = {0};

		/* The first one: of IPv4, where there is any. */
		inquiry_find_addresses(inquiry, &names[i], &set, NULL);
		if (set.count > 0)
			servers[count++] =
			    (struct inquiry_server){.name = names[i], .address = set.addresses[0]};
	}
	return count;
}
