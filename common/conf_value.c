/* The values of a configuration, one function for each kind. */
#include "conf_value.h"
#include "array.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
	MAX_TTL = INT32_MAX, /* RFC 2181, 8 */
	ACCOUNT_LABEL = 37,  /* bytes of the label in front of the zone: a UUID and its length */
	PASSWD_BUFFER = 16384
};

static const char *const level_words[] = {"error", "warning", "info", "debug"};
static const char *const format_words[] = {"text", "json"};
static const char *const protocol_words[] = {"udp", "tcp"};
static const char *const switch_words[] = {"false", "true"};

const char *
conf_log_level_word(enum log_level level)
{
	return level_words[level];
}

const char *
conf_log_format_word(enum log_format format)
{
	return format_words[format];
}

static void *
field(const struct conf_loading *loading, const struct conf_key *key)
{
	return (char *)loading->conf + key->offset;
}

static void
out_of_memory(struct conf_loading *loading, const struct conf_value *value)
{
	conf_report_error(loading->report, value->place, "out of memory");
}

/* The index of the value among the words; -1 with a message. */
static int
read_word(struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value,
    const char *const *words, size_t count)
{
	const char *meant;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(value->text, words[i]) == 0)
			return (int)i;
	}
	meant = conf_report_suggest(value->text, words, count);
	if (meant != NULL)
		conf_report_error(loading->report, value->place,
		    "%s must be %s, not \"%.*s\"; did you mean \"%s\"?", key->path, key->form,
		    CONF_SHOWN, value->text, meant);
	else
		conf_report_error(loading->report, value->place, "%s must be %s, not \"%.*s\"",
		    key->path, key->form, CONF_SHOWN, value->text);
	return -1;
}

/* Decimal digits without a leading zero, below 2^63. -1 if the text is something else. */
static int64_t
read_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 18 || text[digits] != '\0' || (text[0] == '0' && digits > 1))
		return -1;
	return strtoll(text, NULL, 10);
}

/* Seconds of a duration such as "5m", which is not the form that we take; 0 if it is none. */
static int64_t
guess_seconds(const char *text)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 5 || text[digits] == '\0' || text[digits + 1] != '\0')
		return 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].letter == text[digits])
			return strtoll(text, NULL, 10) * units[i].seconds;
	}
	return 0;
}

void
conf_set_ttl(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	int64_t number = read_number(value->text);
	uint32_t *ttl = field(loading, key);

	if (!value->quoted && number >= 0 && number <= MAX_TTL) {
		*ttl = (uint32_t)number;
	} else if (value->quoted && number >= 0) {
		conf_report_error(loading->report, value->place,
		    "%s must be %s, not a text; remove the quotes", key->path, key->form);
	} else if (guess_seconds(value->text) > 0) {
		conf_report_error(loading->report, value->place,
		    "%s must be %s, not \"%s\"; did you mean %lld?", key->path, key->form,
		    value->text, (long long)guess_seconds(value->text));
	} else {
		conf_report_error(loading->report, value->place, "%s must be %s, not \"%.*s\"",
		    key->path, key->form, CONF_SHOWN, value->text);
	}
}

/* The cores that we may use, not those that the machine has. */
static unsigned
count_cores(void)
{
	cpu_set_t set;
	int count = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		count = CPU_COUNT(&set);
	if (count < 1)
		count = 1;
	return count > CONF_MAX_WORKERS ? CONF_MAX_WORKERS : (unsigned)count;
}

void
conf_set_workers(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	static const char *const words[] = {"auto"};
	int64_t number = value->quoted ? -1 : read_number(value->text);

	if (strcmp(value->text, "auto") == 0)
		loading->conf->dns.workers = count_cores();
	else if (number >= 1 && number <= CONF_MAX_WORKERS)
		loading->conf->dns.workers = (unsigned)number;
	else if (number == 0)
		conf_report_error(loading->report, value->place,
		    "%s must be %s, not 0; did you mean \"auto\"?", key->path, key->form);
	else
		(void)read_word(loading, key, value, words, 1);
}

void
conf_set_switch(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	static const char *const yes[] = {"yes", "on", "1"}, *const no[] = {"no", "off", "0"};
	const char *meant = NULL;
	int *target = field(loading, key);
	int word;

	for (size_t i = 0; i < 3; i++) {
		if (strcasecmp(value->text, yes[i]) == 0)
			meant = "true";
		else if (strcasecmp(value->text, no[i]) == 0)
			meant = "false";
	}
	if (meant != NULL) {
		conf_report_error(loading->report, value->place,
		    "%s must be %s, not \"%s\"; did you mean %s?", key->path, key->form,
		    value->text, meant);
		return;
	}
	word = read_word(loading, key, value, switch_words, 2);
	if (word >= 0 && value->quoted)
		conf_report_error(loading->report, value->place,
		    "%s must be %s, not a text; remove the quotes", key->path, key->form);
	else if (word >= 0)
		*target = word;
}

void
conf_set_protocol(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	int word = read_word(loading, key, value, protocol_words, 2);
	unsigned bit;

	if (word < 0)
		return;
	bit = word == 0 ? CONF_PROTOCOL_UDP : CONF_PROTOCOL_TCP;
	if (loading->conf->dns.protocols & bit)
		conf_report_error(loading->report, value->place, "%s has \"%s\" twice; remove one",
		    key->path, value->text);
	loading->conf->dns.protocols |= bit;
}

void
conf_set_log_level(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	int word = read_word(loading, key, value, level_words, 4);

	if (word >= 0)
		loading->conf->log.level = (enum log_level)word;
}

void
conf_set_log_format(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	int word = read_word(loading, key, value, format_words, 2);

	if (word >= 0)
		loading->conf->log.format = (enum log_format)word;
}

/*
 * The path from the file's folder on, malloc'd. The folder has no symbolic links, so that a
 * leading ".." can be taken off its end. NULL: out of memory.
 */
static char *
absolute_path(const struct conf_loading *loading, const char *path)
{
	size_t folder = strlen(loading->folder), size;
	char *absolute;

	if (path[0] == '/')
		return strdup(path);
	while (path[0] == '.') {
		size_t dots = path[1] == '.' ? 2 : 1;

		if (path[dots] != '/' && path[dots] != '\0')
			break;
		while (dots == 2 && folder > 1 && loading->folder[--folder] != '/')
			;
		path += dots;
		path += strspn(path, "/");
	}
	if (folder == 1)
		folder = 0; /* the root: its slash is written below */
	size = folder + 1 + strlen(path) + 1;
	absolute = malloc(size);
	if (absolute != NULL)
		snprintf(absolute, size, "%.*s%s%s", (int)folder, loading->folder,
		    path[0] != '\0' || folder == 0 ? "/" : "", path);
	return absolute;
}

void
conf_set_path(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	char **target = field(loading, key);
	char *absolute;

	if (value->text[0] == '\0' || value->text[0] == '~') {
		conf_report_error(loading->report, value->place,
		    value->text[0] == '\0' ? "%s is empty; it must be a path"
					   : "%s: \"~\" is not expanded; write the path in full",
		    key->path);
		return;
	}
	absolute = absolute_path(loading, value->text);
	if (absolute == NULL) {
		out_of_memory(loading, value);
	} else if (strlen(absolute) >= PATH_MAX) {
		conf_report_error(
		    loading->report, value->place, "%s is longer than a path can be", key->path);
		free(absolute);
	} else {
		free(*target);
		*target = absolute;
	}
}

/* The uid and gid of a number; -1 with a message. */
static int
read_user_number(struct conf_loading *loading, const struct conf_key *key,
    const struct conf_value *value, struct conf_user *user)
{
	int64_t number = read_number(value->text);

	/* The largest uid_t is (uid_t)-1, which setresuid(2) takes for "leave it". */
	if (number < 0 || number >= UINT32_MAX) {
		conf_report_error(loading->report, value->place,
		    "%s: \"%.*s\" is not a user's number", key->path, CONF_SHOWN, value->text);
		return -1;
	}
	user->uid = (uid_t)number;
	user->gid = (gid_t)number;
	return 0;
}

static int
look_up_user(struct conf_loading *loading, const struct conf_key *key,
    const struct conf_value *value, struct conf_user *user)
{
	char *buffer = malloc(PASSWD_BUFFER);
	struct passwd entry, *found = NULL;
	int error;

	if (buffer == NULL) {
		out_of_memory(loading, value);
		return -1;
	}
	error = getpwnam_r(value->text, &entry, buffer, PASSWD_BUFFER, &found);
	if (found != NULL) {
		user->uid = entry.pw_uid;
		user->gid = entry.pw_gid;
	} else {
		conf_report_error(loading->report, value->place,
		    "%s: there is no user \"%.*s\"%s%s; create it, or give a number", key->path,
		    CONF_SHOWN, value->text, error != 0 ? ": " : "",
		    error != 0 ? strerror(error) : "");
	}
	free(buffer);
	return found != NULL ? 0 : -1;
}

void
conf_set_user(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	struct conf_user *target = field(loading, key);
	struct conf_user user = {.uid = geteuid(), .gid = getegid()};
	int is_number = value->text[0] >= '0' && value->text[0] <= '9';
	struct conf_user number;

	if (value->text[0] == '\0') {
		conf_report_error(
		    loading->report, value->place, "%s is empty; it must be a user", key->path);
		return;
	}
	if (is_number && read_user_number(loading, key, value, &number) != 0)
		return;
	if (loading->as_root && is_number)
		user = number;
	if (loading->as_root && !is_number && look_up_user(loading, key, value, &user) != 0)
		return;
	if (loading->as_root && (user.uid == 0 || user.gid == 0)) {
		conf_report_error(loading->report, value->place,
		    "%s: \"%.*s\" has %s 0; no process may keep root's rights, give it a user of "
		    "its own",
		    key->path, CONF_SHOWN, value->text, user.uid == 0 ? "uid" : "gid");
		return;
	}
	user.name = strdup(value->text);
	if (user.name == NULL) {
		out_of_memory(loading, value);
		return;
	}
	free(target->name);
	*target = user;
}

static int
same_address(const struct address *a, const struct address *b)
{
	return a->length == b->length && memcmp(&a->socket, &b->socket, a->length) == 0;
}

static int
listen_has(const struct conf_listen *listen, const struct address *address)
{
	for (size_t i = 0; i < listen->count; i++) {
		if (same_address(&listen->addresses[i], address))
			return 1;
	}
	return 0;
}

/* Appends. 0, or -1: out of memory. */
static int
listen_add(struct conf_listen *listen, const struct address *address)
{
	struct address *grown = array_grow(listen->addresses, listen->count, sizeof(*grown));

	if (grown == NULL)
		return -1;
	listen->addresses = grown;
	listen->addresses[listen->count++] = *address;
	return 0;
}

/* An address alone probably lacks the service's usual port. */
static void
report_address(struct conf_loading *loading, const struct conf_key *key,
    const struct conf_value *value, const char *why)
{
	struct in_addr v4;
	struct in6_addr v6;
	const char *port = strcmp(key->path, "dns.listen") == 0 ? "53" : "443";

	if (inet_pton(AF_INET, value->text, &v4) == 1)
		conf_report_error(loading->report, value->place,
		    "%s: \"%s\": %s; did you mean \"%s:%s\"?", key->path, value->text, why,
		    value->text, port);
	else if (inet_pton(AF_INET6, value->text, &v6) == 1)
		conf_report_error(loading->report, value->place,
		    "%s: \"%s\": %s; did you mean \"[%s]:%s\"?", key->path, value->text, why,
		    value->text, port);
	else
		conf_report_error(loading->report, value->place, "%s: \"%.*s\": %s; it must be %s",
		    key->path, CONF_SHOWN, value->text, why, key->form);
}

static void
set_listen(struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value,
    const char *text)
{
	struct conf *conf = loading->conf;
	struct conf_listen *listen = field(loading, key);
	struct address address;
	const char *why;

	if (address_from_text(&address, text, &why) != 0) {
		report_address(loading, key, value, why);
	} else if (listen_has(listen, &address)) {
		conf_report_error(loading->report, value->place,
		    "%s has the address \"%.*s\" twice; remove one", key->path, CONF_SHOWN,
		    value->text);
	} else if (listen == &conf->api.listen && (conf->dns.protocols & CONF_PROTOCOL_TCP) &&
		   listen_has(&conf->dns.listen, &address)) {
		conf_report_error(loading->report, value->place,
		    "%s: \"%.*s\" is in dns.listen already, which uses it for TCP; give another "
		    "port",
		    key->path, CONF_SHOWN, value->text);
	} else if (listen->count == CONF_MAX_LISTEN) {
		conf_report_error(loading->report, value->place, "%s has more than %d addresses",
		    key->path, CONF_MAX_LISTEN);
	} else if (listen_add(listen, &address) != 0) {
		out_of_memory(loading, value);
	}
}

void
conf_set_dns_listen(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	if (strncmp(value->text, "unix:", 5) == 0)
		conf_report_error(loading->report, value->place,
		    "%s: DNS is not served on a Unix socket; give %s", key->path, key->form);
	else
		set_listen(loading, key, value, value->text);
}

void
conf_set_api_listen(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	char *path = NULL, *text = NULL;
	size_t size;

	if (strncmp(value->text, "unix:", 5) != 0 || value->text[5] == '/') {
		set_listen(loading, key, value, value->text);
		return;
	}
	if (value->text[5] == '\0') {
		report_address(loading, key, value, "the path is missing");
		return;
	}
	path = absolute_path(loading, value->text + 5);
	if (path != NULL) {
		size = strlen(path) + sizeof("unix:");
		text = malloc(size);
		if (text != NULL) {
			snprintf(text, size, "unix:%s", path);
			set_listen(loading, key, value, text);
		}
	}
	if (text == NULL)
		out_of_memory(loading, value);
	free(text);
	free(path);
}

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
	if (failed)
		conf_report_error(loading->report, value->place, "%s: \"%.*s\": %s", key->path,
		    CONF_SHOWN, value->text, why);
}
