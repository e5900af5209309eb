#include "delegation.h"

#include "dns_answer.h"

#include <arpa/inet.h>
#include <string.h>

const char *
delegation_name(const struct name *name, char text[NAME_MAX_TEXT])
{
	size_t length;

	name_to_text(name, text);
	length = strlen(text);
	if (length > 1)
		text[length - 1] = '\0';
	return text;
}

struct delegation_host *
delegation_host(struct delegation *delegation, const struct name *name)
{
	struct delegation_host *host;

	for (unsigned i = 0; i < delegation->host_count; i++)
		if (name_equal(&delegation->hosts[i].name, name))
			return &delegation->hosts[i];
	if (delegation->host_count == DELEGATION_HOSTS)
		return NULL;
	host = &delegation->hosts[delegation->host_count++];
	*host = (struct delegation_host){
	    .name = *name, .is_within = name_is_within(name, &delegation->zone)};
	return host;
}

static void
take_address(struct address_set *set, const struct record *record)
{
	struct client_address address = {{0}};
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	if (record->type == DNS_TYPE_A && record->rdata_length == sizeof(v4.sin_addr)) {
		memcpy(&v4.sin_addr, record->rdata, sizeof(v4.sin_addr));
		address = client_address_from_socket((const struct sockaddr *)&v4);
	} else if (record->type == DNS_TYPE_AAAA && record->rdata_length == sizeof(address.bytes)) {
		memcpy(address.bytes, record->rdata, sizeof(address.bytes));
	} else {
		return;
	}
	address_set_add(set, &address);
}

void
delegation_configure(struct delegation *delegation, const struct conf *conf)
{
	const struct record_list *list = &conf->zone.records;

	for (size_t i = 0; i < list->count; i++) {
		struct delegation_host *host = NULL;
		struct name name;

		if (list->records[i].type != DNS_TYPE_NS ||
		    !name_equal(&list->records[i].owner, &delegation->zone) ||
		    list->records[i].rdata_length > sizeof(name.wire))
			continue;
		name.length = (uint8_t)list->records[i].rdata_length;
		memcpy(name.wire, list->records[i].rdata, name.length);
		host = delegation_host(delegation, &name);
		if (host != NULL)
			host->is_configured = 1;
	}
	for (unsigned k = 0; k < delegation->host_count; k++)
		for (size_t i = 0; i < list->count; i++)
			if (name_equal(&list->records[i].owner, &delegation->hosts[k].name))
				take_address(&delegation->hosts[k].own, &list->records[i]);
}

static void
add_all(struct address_set *set, const struct address_set *other)
{
	for (unsigned i = 0; i < other->count; i++)
		address_set_add(set, &other->addresses[i]);
}

void
delegation_addresses(const struct delegation *delegation, struct address_set *set)
{
	for (unsigned i = 0; i < delegation->host_count; i++) {
		const struct delegation_host *host = &delegation->hosts[i];

		add_all(set, &host->glue);
		add_all(set, &host->own);
		add_all(set, &host->found);
	}
}

/* --- the lines that mend it --- */

/* Where a record is to be written. */
enum place { IN_ZONE_FILE, IN_CONFIGURATION };

static void
fix_record(struct diagnosis *diagnosis, enum place place, const char *record)
{
	diagnosis_fix(diagnosis, place == IN_ZONE_FILE ? "%s" : "    - \"%s\"", record);
}

static void
fix_addresses(const struct name *owner, const struct address_set *addresses, enum place place,
    struct diagnosis *diagnosis)
{
	char name[NAME_MAX_TEXT], text[INET6_ADDRSTRLEN], line[DIAGNOSIS_LINE];

	name_to_text(owner, name);
	for (unsigned i = 0; i < addresses->count; i++) {
		client_address_to_text(&addresses->addresses[i], text);
		(void)snprintf(line, sizeof(line), "%.255s  %s  %s", name,
		    address_record(&addresses->addresses[i]), text);
		fix_record(diagnosis, place, line);
	}
}

/* What this machine could be reached at from elsewhere. */
static struct address_set
own_public(const struct delegation *delegation)
{
	struct address_set set = {0};

	for (unsigned i = 0; i < delegation->interfaces.count; i++)
		if (address_scope(&delegation->interfaces.addresses[i]) == ADDRESS_PUBLIC)
			address_set_add(&set, &delegation->interfaces.addresses[i]);
	return set;
}

/* The configured NS records, or one where there is none; then the addresses of those within the zone. */
static void
fix_records(const struct delegation *delegation, enum place place, struct diagnosis *diagnosis)
{
	struct address_set here = own_public(delegation);
	char zone[NAME_MAX_TEXT], name[NAME_MAX_TEXT], line[DIAGNOSIS_LINE];
	unsigned written = 0;

	name_to_text(&delegation->zone, zone);
	for (unsigned i = 0; i < delegation->host_count; i++) {
		if (!delegation->hosts[i].is_configured)
			continue;
		name_to_text(&delegation->hosts[i].name, name);
		(void)snprintf(line, sizeof(line), "%.255s  NS  %.255s", zone, name);
		fix_record(diagnosis, place, line);
		written++;
	}
	for (unsigned i = 0; i < delegation->host_count; i++) {
		const struct delegation_host *host = &delegation->hosts[i];

		if (host->is_configured && host->is_within)
			fix_addresses(&host->name, host->own.count > 0 ? &host->own : &here, place,
			    diagnosis);
	}
	if (written > 0)
		return;
	(void)snprintf(line, sizeof(line), "%.255s  NS  %.255s", zone, zone);
	fix_record(diagnosis, place, line);
	fix_addresses(&delegation->zone, &here, place, diagnosis);
	if (here.count > 0)
		return;
	(void)snprintf(line, sizeof(line), "%.255s  A  ADDRESS-OF-THIS-MACHINE", zone);
	fix_record(diagnosis, place, line);
}

/* --- the configuration's own records --- */

static void
judge_configured(const struct delegation *delegation, struct diagnosis *diagnosis)
{
	char name[NAME_MAX_TEXT], text[ADDRESS_SET_TEXT];
	unsigned count = 0;

	for (unsigned i = 0; i < delegation->host_count; i++) {
		const struct delegation_host *host = &delegation->hosts[i];

		count += (unsigned)host->is_configured;
		if (!host->is_configured || !host->is_within)
			continue;
		(void)delegation_name(&host->name, name);
		if (host->own.count == 0) {
			struct address_set here = own_public(delegation);

			diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "records.no_address",
			    "zone.records names %s as a name server, but has no address of it",
			    name);
			diagnosis_fix(
			    diagnosis, "# in %s, below zone.records:", delegation->config);
			fix_addresses(&host->name, &here, IN_CONFIGURATION, diagnosis);
		}
		for (unsigned k = 0; k < host->own.count; k++) {
			if (address_scope(&host->own.addresses[k]) != ADDRESS_DOCUMENTATION)
				continue;
			client_address_to_text(&host->own.addresses[k], text);
			diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "records.example_address",
			    "zone.records says that %s is at %s, which is an address for "
			    "examples: nobody has it",
			    name, text);
			diagnosis_fix(diagnosis, "# put this machine's address in its place, in %s",
			    delegation->config);
		}
	}
	if (count > 0)
		return;
	diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "records.no_ns",
	    "zone.records has no NS record of the zone: resolvers that ask for it get none");
	diagnosis_fix(diagnosis, "# in %s", delegation->config);
	diagnosis_fix(diagnosis, "zone:");
	diagnosis_fix(diagnosis, "  records:");
	fix_records(delegation, IN_CONFIGURATION, diagnosis);
}

/* --- one name server --- */

static void
judge_addresses(
    const struct delegation_host *host, const struct address_set *set, struct diagnosis *diagnosis)
{
	char name[NAME_MAX_TEXT], text[INET6_ADDRSTRLEN];

	(void)delegation_name(&host->name, name);
	for (unsigned i = 0; i < set->count; i++) {
		client_address_to_text(&set->addresses[i], text);
		switch (address_scope(&set->addresses[i])) {
		case ADDRESS_PUBLIC:
			break;
		case ADDRESS_DOCUMENTATION:
			diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "delegation.example_address",
			    "the world is told that %s is at %s, which is an address for "
			    "examples: nobody has it",
			    name, text);
			break;
		case ADDRESS_PRIVATE:
		case ADDRESS_LOOPBACK:
			diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "delegation.private_address",
			    "%s is at %s, which is reached from within its own network alone: a "
			    "public CA does not see it",
			    name, text);
			break;
		}
	}
}

static void
judge_glue(const struct delegation *delegation, const struct delegation_host *host,
    struct diagnosis *diagnosis)
{
	char name[NAME_MAX_TEXT], parent[NAME_MAX_TEXT], told[ADDRESS_SET_TEXT],
	    own[ADDRESS_SET_TEXT];

	(void)delegation_name(&host->name, name);
	(void)delegation_name(&delegation->parent, parent);
	if (host->glue.count == 0) {
		struct address_set here = own_public(delegation);

		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "delegation.no_glue",
		    "%s names %s without its address, which nobody can find elsewhere (glue)",
		    parent, name);
		diagnosis_fix(diagnosis, "; in the zone %s, beside the NS record", parent);
		fix_addresses(
		    &host->name, host->own.count > 0 ? &host->own : &here, IN_ZONE_FILE, diagnosis);
	} else if (host->is_configured && host->own.count > 0 &&
		   !address_set_equal(&host->glue, &host->own)) {
		diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "delegation.other_glue",
		    "%s says that %s is at %s, but zone.records: %s", parent, name,
		    address_set_text(&host->glue, told), address_set_text(&host->own, own));
		diagnosis_fix(diagnosis, "; in the zone %s, if zone.records is right", parent);
		fix_addresses(&host->name, &host->own, IN_ZONE_FILE, diagnosis);
		diagnosis_fix(diagnosis, "# in %s, below zone.records, if the zone above is right",
		    delegation->config);
		fix_addresses(&host->name, &host->glue, IN_CONFIGURATION, diagnosis);
	} else {
		diagnosis_add(diagnosis, DIAGNOSIS_OK, "delegation.glue",
		    "%s tells %s's address: %s", parent, name, address_set_text(&host->glue, told));
	}
	judge_addresses(host, &host->glue, diagnosis);
}

static void
judge_found(const struct delegation_host *host, struct diagnosis *diagnosis)
{
	char name[NAME_MAX_TEXT], text[ADDRESS_SET_TEXT];

	(void)delegation_name(&host->name, name);
	if (host->is_alias) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "delegation.alias",
		    "the name server %s is a CNAME, which a name server must not be: many "
		    "resolvers give up there",
		    name);
		diagnosis_fix(diagnosis, "; in place of the CNAME");
		fix_addresses(&host->name, &host->found, IN_ZONE_FILE, diagnosis);
	} else if (host->found.count == 0) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "delegation.no_address",
		    "the name server %s has no address", name);
		diagnosis_fix(diagnosis, "%s.  A  ADDRESS-OF-THIS-MACHINE", name);
	} else {
		diagnosis_add(diagnosis, DIAGNOSIS_OK, "delegation.address", "%s is at %s", name,
		    address_set_text(&host->found, text));
	}
	judge_addresses(host, &host->found, diagnosis);
}

static void
judge_hosts(const struct delegation *delegation, struct diagnosis *diagnosis)
{
	char name[NAME_MAX_TEXT], parent[NAME_MAX_TEXT], zone[NAME_MAX_TEXT];

	(void)delegation_name(&delegation->parent, parent);
	name_to_text(&delegation->zone, zone);
	for (unsigned i = 0; i < delegation->host_count; i++) {
		const struct delegation_host *host = &delegation->hosts[i];

		name_to_text(&host->name, name);
		if (host->is_delegated && !host->is_configured) {
			diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "delegation.other_ns",
			    "%s names the name server %s, but zone.records does not", parent, name);
			diagnosis_fix(diagnosis, "# in %s, below zone.records", delegation->config);
			diagnosis_fix(diagnosis, "    - \"%s  NS  %s\"", zone, name);
		} else if (!host->is_delegated) {
			diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "delegation.missing_ns",
			    "zone.records names the name server %s, but %s does not", name, parent);
			diagnosis_fix(diagnosis, "; in the zone %s", parent);
			diagnosis_fix(diagnosis, "%s  NS  %s", zone, name);
			if (host->is_within)
				fix_addresses(&host->name, &host->own, IN_ZONE_FILE, diagnosis);
		}
		if (host->is_delegated && host->is_within)
			judge_glue(delegation, host, diagnosis);
		else if (host->is_delegated)
			judge_found(host, diagnosis);
	}
}

/* --- the zone above --- */

static unsigned
count_replies(const struct delegation *delegation, enum delegation_reply reply)
{
	unsigned count = 0;

	for (unsigned i = 0; i < delegation->server_count; i++)
		count += delegation->servers[i].reply == reply;
	return count;
}

static void
add_failed_servers(const struct delegation *delegation, struct diagnosis *diagnosis)
{
	for (unsigned i = 0; i < delegation->server_count; i++) {
		const struct delegation_server *server = &delegation->servers[i];
		char name[NAME_MAX_TEXT], parent[NAME_MAX_TEXT], text[INET6_ADDRSTRLEN];

		if (server->reply != DELEGATION_FAILED)
			continue;
		(void)delegation_name(&server->name, name);
		(void)delegation_name(&delegation->parent, parent);
		client_address_to_text(&server->address, text);
		if (server->result != DNS_OUTCOME_ANSWERED)
			diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "delegation.server_silent",
			    "%s (%s), a server of %s: %s", name, text, parent,
			    dns_outcome_text(server->result));
		else
			diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "delegation.server_lame",
			    "%s (%s), a server of %s, says %s", name, text, parent,
			    server->rcode == DNS_RCODE_NOERROR ? "nothing of it"
							       : dns_rcode_text(server->rcode));
	}
}

static void
add_ignorant_servers(const struct delegation *delegation, struct diagnosis *diagnosis)
{
	for (unsigned i = 0; i < delegation->server_count; i++) {
		const struct delegation_server *server = &delegation->servers[i];
		char name[NAME_MAX_TEXT], text[INET6_ADDRSTRLEN];

		if (server->reply != DELEGATION_NONE)
			continue;
		(void)delegation_name(&server->name, name);
		client_address_to_text(&server->address, text);
		diagnosis_add(diagnosis, DIAGNOSIS_WARNING, "delegation.partly",
		    "%s (%s) does not know of the delegation, as others do: has it got the newest "
		    "version of its zone?",
		    name, text);
	}
}

static void
judge_servers(const struct delegation *delegation, struct diagnosis *diagnosis)
{
	unsigned referrals = count_replies(delegation, DELEGATION_REFERRAL);
	unsigned served = count_replies(delegation, DELEGATION_SERVED);
	unsigned none = count_replies(delegation, DELEGATION_NONE);
	char zone[NAME_MAX_TEXT], parent[NAME_MAX_TEXT];

	(void)delegation_name(&delegation->zone, zone);
	(void)delegation_name(&delegation->parent, parent);
	add_failed_servers(delegation, diagnosis);
	if (referrals > 0) {
		diagnosis_add(diagnosis, DIAGNOSIS_OK, "delegation.there",
		    "%s delegates %s (%u of its servers asked)", parent, zone, referrals);
		add_ignorant_servers(delegation, diagnosis);
		judge_hosts(delegation, diagnosis);
	} else if (served > 0) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "delegation.served",
		    "the servers of %s answer for %s themselves, as for a zone of their own: "
		    "nobody is sent here",
		    parent, zone);
		diagnosis_fix(
		    diagnosis, "; take the zone %s away there, and put this into %s", zone, parent);
		fix_records(delegation, IN_ZONE_FILE, diagnosis);
	} else if (none > 0) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "delegation.missing",
		    "%s does not delegate %s: nobody finds this server", parent, zone);
		diagnosis_fix(diagnosis, "; in the zone %s, where that is kept", parent);
		fix_records(delegation, IN_ZONE_FILE, diagnosis);
	} else {
		diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "delegation.unseen",
		    "no server of %s could be asked from here, so nothing is known of the "
		    "delegation",
		    parent);
	}
	if (delegation->has_ds) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "delegation.ds",
		    "%s has a DS record for %s, which says that the zone is signed; it is not, and "
		    "resolvers that validate answer SERVFAIL",
		    parent, zone);
		diagnosis_fix(diagnosis, "; take away from the zone %s", parent);
		diagnosis_fix(diagnosis, "%s.  DS  ...", zone);
	}
}

void
delegation_judge_forgery(const struct dns_forgery *forgery, const char *id, const char *resolver,
    struct diagnosis *diagnosis)
{
	char name[NAME_MAX_TEXT];

	(void)delegation_name(&forgery->name, name);
	diagnosis_add(diagnosis, DIAGNOSIS_WRONG, id,
	    "the resolver %s finds the signatures (DNSSEC) of %s wrong%s%s%s: it gives no answer, "
	    "and neither will the CA's",
	    resolver, name, forgery->why != NULL ? " (its reason: " : "",
	    forgery->why != NULL ? forgery->why : "", forgery->why != NULL ? ")" : "");
	diagnosis_fix(diagnosis, "; that zone has to be signed anew, or its DS records above it be "
				 "put right; what is wrong with it says");
	diagnosis_fix(diagnosis, "delv %s", name);
}

void
delegation_judge(const struct delegation *delegation, struct diagnosis *diagnosis)
{
	char zone[NAME_MAX_TEXT], parent[NAME_MAX_TEXT];

	(void)delegation_name(&delegation->zone, zone);
	(void)delegation_name(&delegation->parent, parent);
	judge_configured(delegation, diagnosis);
	if (delegation->forgery.is_there)
		delegation_judge_forgery(
		    &delegation->forgery, "delegation.bogus", delegation->resolver, diagnosis);
	switch (delegation->search) {
	case DELEGATION_FOUND:
		judge_servers(delegation, diagnosis);
		return;
	case DELEGATION_NO_RESOLVER:
		if (delegation->resolver[0] == '\0')
			diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "resolver.none",
			    "/etc/resolv.conf names no resolver to ask: nothing is known of the "
			    "world outside");
		else
			diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "resolver.silent",
			    "the resolver %s: %s; nothing is known of the world outside",
			    delegation->resolver, dns_outcome_text(delegation->result));
		diagnosis_fix(diagnosis, "sallyport doctor --resolver ADDRESS");
		return;
	case DELEGATION_REFUSED:
		diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "resolver.refuses",
		    "the resolver %s answers %s when it is asked for %s", delegation->resolver,
		    dns_rcode_text(delegation->rcode), parent);
		diagnosis_fix(diagnosis, "sallyport doctor --resolver ADDRESS");
		return;
	case DELEGATION_NO_PARENT:
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "delegation.no_parent",
		    "%s, in which the zone lies, does not exist, says the resolver %s; if it is "
		    "of your own network, ask that network's with --resolver",
		    parent, delegation->resolver);
		return;
	}
}
