/* The zone: its name, its name server and administrator, its records. */
#include "conf_value.h"

#include <arpa/inet.h>
#include <string.h>

enum { ACCOUNT_LABEL = 37 }; /* bytes of the label in front of the zone: a UUID and its length */

/* 1 if every label is one of a host name (underscores allowed, as the zone's own names have them). */
static int
is_host_name(const struct name *name)
{
	struct name lower = *name;
	const uint8_t *at = lower.wire;

	name_lower_wire(lower.wire, lower.length);
	for (; *at != 0; at += *at + 1) {
		if (!label_is_valid((const char *)at + 1, *at))
			return 0;
	}
	return 1;
}

/* Reads a host name; -1 with a message. */
static int
read_host_name(struct conf_loading *loading, const struct conf_key *key,
    const struct conf_value *value, struct name *name)
{
	struct in_addr v4;
	struct in6_addr v6;
	const char *meant = "give a name such as auth.example.org";

	if (inet_pton(AF_INET, value->text, &v4) == 1 ||
	    inet_pton(AF_INET6, value->text, &v6) == 1) {
		conf_report_error(loading->report, value->place, "%s: \"%s\" is an address; %s",
		    key->path, value->text, meant);
		return -1;
	}
	for (const char *at = value->text; *at != '\0'; at++) {
		if ((unsigned char)*at >= 0x80)
			meant = "write other letters than a to z in their \"xn--\" form";
	}
	if (name_from_text(name, value->text) != 0 || name->length == 1 || !is_host_name(name)) {
		conf_report_error(loading->report, value->place,
		    "%s: \"%.*s\" is not a valid name; %s", key->path, CONF_SHOWN, value->text,
		    meant);
		return -1;
	}
	return 0;
}

void
conf_set_zone_name(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	struct name name;

	if (read_host_name(loading, key, value, &name) != 0)
		return;
	if (name.length + ACCOUNT_LABEL > NAME_MAX_WIRE) {
		conf_report_error(loading->report, value->place,
		    "%s is too long; an account's name, %d bytes, must fit in front of it",
		    key->path, ACCOUNT_LABEL);
		return;
	}
	name_lower_wire(name.wire, name.length);
	loading->conf->zone.name = name;
	loading->zone_known = 1;
}

void
conf_set_nameserver(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	struct name name;
	char zone[NAME_MAX_TEXT] = "example.org";

	if (read_host_name(loading, key, value, &name) != 0)
		return;
	if (name_label_count(&name) < 2 && !name_equal(&name, &loading->conf->zone.name)) {
		if (loading->zone_known)
			name_to_text(&loading->conf->zone.name, zone);
		conf_report_error(loading->report, value->place,
		    "%s: \"%s\" is not a full name; did you mean \"%s.%s\"?", key->path,
		    value->text, value->text, zone);
		return;
	}
	loading->conf->zone.nameserver = name;
}

/*
 * "host.master@example.org" as the name host\.master.example.org (RFC 1035, 8). 0, or -1: it is no
 * such address.
 */
static int
read_mail_address(struct name *name, const char *text)
{
	char spelled[2 * NAME_MAX_LABEL + 2 + NAME_MAX_TEXT];
	size_t local = strcspn(text, "@"), used = 0;
	const char *domain = text + local + 1;
	struct name host;

	if (local == 0 || local > NAME_MAX_LABEL || strlen(domain) >= NAME_MAX_TEXT ||
	    name_from_text(&host, domain) != 0 || host.length == 1 || !is_host_name(&host))
		return -1;
	for (size_t i = 0; i < local; i++) {
		if (text[i] == '.' || text[i] == '\\')
			spelled[used++] = '\\';
		spelled[used++] = text[i];
	}
	snprintf(spelled + used, sizeof(spelled) - used, ".%s", domain);
	return name_from_text(name, spelled);
}

void
conf_set_admin(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	struct name name;
	int valid;

	if (strchr(value->text, '@') != NULL)
		valid = read_mail_address(&name, value->text) == 0;
	else
		valid = name_from_text(&name, value->text) == 0 && name_label_count(&name) >= 2;
	if (valid && strpbrk(value->text, " \t") == NULL)
		loading->conf->zone.admin = name;
	else
		conf_report_error(loading->report, value->place,
		    "%s: \"%.*s\" is not a mail address; it must be %s", key->path, CONF_SHOWN,
		    value->text, key->form);
}

static void
warn_doubled(
    struct conf_loading *loading, const struct conf_value *value, const struct record *record)
{
	char owner[NAME_MAX_TEXT], zone[NAME_MAX_TEXT];

	name_to_text(&record->owner, owner);
	name_to_text(&loading->conf->zone.name, zone);
	conf_report_warning(loading->report, value->place,
	    "the owner is \"%.*s\", with the zone's name twice; did you mean \"%.*s\", with a dot "
	    "at "
	    "its end?",
	    CONF_SHOWN, owner, (int)(strlen(owner) - strlen(zone)), owner);
}

void
conf_set_record(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	static const struct name root = {.length = 1};
	struct conf *conf = loading->conf;
	struct record record;
	enum record_warning warning;
	char why[CONF_MESSAGE_MAX / 2];
	int failed;

	/* Without a valid zone name each line is still read, but not held against the zone. */
	failed = record_from_text(&record, loading->zone_known ? &conf->zone.name : &root,
	    value->text, &warning, why, sizeof(why));
	if (!failed && !loading->zone_known) {
		record_free(&record);
		return;
	}
	if (!failed && warning == RECORD_WARNING_DOUBLED_ZONE)
		warn_doubled(loading, value, &record);
	if (!failed && record_list_add(
			   &conf->zone.records, &record, &conf->zone.name, why, sizeof(why)) != 0) {
		record_free(&record);
		failed = 1;
	}
	if (failed && strcmp(why, RECORDS_NO_MEMORY) == 0)
		conf_report_no_memory(loading->report);
	else if (failed)
		conf_report_error(loading->report, value->place, "%s: \"%.*s\": %s", key->path,
		    CONF_SHOWN, value->text, why);
}
