/* The values of a configuration that are words, numbers and paths. */
#include "conf_value.h"
#include "zone_line.h"

#include <ctype.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_TTL = INT32_MAX }; /* RFC 2181, 8 */

static const char *const level_words[] = {"error", "warning", "info", "debug"};
static const char *const format_words[] = {"text", "json"};
static const char *const protocol_words[] = {"udp", "tcp"};
static const char *const forwarded_words[] = {"X-Forwarded-For", "Forwarded"};
static const char *const registration_words[] = {"open", "closed", "token"};
static const char *const switch_words[] = {"false", "true"};

const char *
conf_registration_word(enum conf_registration registration)
{
	return registration_words[registration];
}

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

const char *
conf_forwarded_word(enum conf_forwarded header)
{
	return forwarded_words[header];
}

void *
conf_value_field(const struct conf_loading *loading, const struct conf_key *key)
{
	return (char *)loading->conf + key->offset;
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

int64_t
conf_value_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 18 || text[digits] != '\0' || (text[0] == '0' && digits > 1))
		return -1;
	return strtoll(text, NULL, 10);
}

void
conf_set_ttl(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	int64_t number = conf_value_number(value->text);
	uint32_t *ttl = conf_value_field(loading, key), meant;

	if (!value->quoted && number >= 0 && number <= MAX_TTL) {
		*ttl = (uint32_t)number;
	} else if (value->quoted && number >= 0) {
		conf_report_error(loading->report, value->place,
		    "%s must be %s, not a text; remove the quotes", key->path, key->form);
	} else if (number < 0 && zone_line_ttl(&meant, value->text) == 1) {
		conf_report_error(loading->report, value->place,
		    "%s must be %s, not \"%.*s\"; did you mean %u?", key->path, key->form,
		    CONF_SHOWN, value->text, meant);
	} else {
		conf_report_error(loading->report, value->place, "%s must be %s, not \"%.*s\"",
		    key->path, key->form, CONF_SHOWN, value->text);
	}
}

void
conf_set_number(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	int64_t number = conf_value_number(value->text);
	uint32_t *target = conf_value_field(loading, key);

	if (value->quoted && number >= 0)
		conf_report_error(loading->report, value->place,
		    "%s must be %s, not a text; remove the quotes", key->path, key->form);
	else if (number < key->minimum || number > key->maximum)
		conf_report_error(loading->report, value->place, "%s must be %s, not \"%.*s\"",
		    key->path, key->form, CONF_SHOWN, value->text);
	else
		*target = (uint32_t)number;
}

/* From what is mostly written for a power of 1024 to its exponent; -1: it is none. */
static int
size_exponent(const char *unit)
{
	static const char letters[] = "KMGT";
	const char *letter =
	    unit[0] != '\0' ? strchr(letters, toupper((unsigned char)unit[0])) : NULL;

	if (unit[0] == '\0')
		return 0;
	if (letter == NULL ||
	    (unit[1] != '\0' && strcasecmp(unit + 1, "b") != 0 && strcasecmp(unit + 1, "ib") != 0))
		return -1;
	return (int)(letter - letters) + 1;
}

/* What was probably meant by a size that is none: "64 mb" is 64MiB, and so is "64". */
static void
suggest_size(const char *text, char suggestion[CONF_SHOWN])
{
	size_t digits = strspn(text, "0123456789");
	int exponent = size_exponent(text + digits + strspn(text + digits, " "));
	char meant[16];

	suggestion[0] = '\0';
	if (digits == 0 || digits > 6 || exponent < 0)
		return;
	(void)snprintf(meant, sizeof(meant), "%.*s%ciB", (int)digits, text, "MKMGT"[exponent]);
	if (strcmp(meant, text) != 0)
		(void)snprintf(suggestion, CONF_SHOWN, "; did you mean %s?", meant);
}

void
conf_set_size(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
	size_t digits = strspn(value->text, "0123456789");
	char number[16], suggestion[CONF_SHOWN];
	uint64_t *target = conf_value_field(loading, key), bytes;

	(void)snprintf(number, sizeof(number), "%.*s", (int)digits, value->text);
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (digits >= sizeof(number) || conf_value_number(number) < 0 ||
		    strcmp(value->text + digits, units[i]) != 0)
			continue;
		bytes = (uint64_t)conf_value_number(number);
		if (bytes > ((uint64_t)key->maximum << 20) >> (10 * i))
			break;
		bytes <<= 10 * i;
		if (bytes < (uint64_t)key->minimum << 20)
			break;
		*target = bytes;
		return;
	}
	suggest_size(value->text, suggestion);
	conf_report_error(loading->report, value->place, "%s must be %s, not \"%.*s\"%s", key->path,
	    key->form, CONF_SHOWN, value->text, suggestion);
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
	int64_t number = value->quoted ? -1 : conf_value_number(value->text);

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

int
conf_value_switch(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	static const char *const yes[] = {"yes", "on", "1"}, *const no[] = {"no", "off", "0"};
	const char *meant = NULL;
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
		return -1;
	}
	word = read_word(loading, key, value, switch_words, 2);
	if (word < 0 || !value->quoted)
		return word;
	conf_report_error(loading->report, value->place,
	    "%s must be %s, not a text; remove the quotes", key->path, key->form);
	return -1;
}

void
conf_set_switch(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	int *target = conf_value_field(loading, key);
	int word = conf_value_switch(loading, key, value);

	if (word >= 0)
		*target = word;
}

static void
add_protocol(struct conf_loading *loading, const struct conf_key *key,
    const struct conf_value *value, unsigned *protocols)
{
	int word = read_word(loading, key, value, protocol_words, 2);
	unsigned bit;

	if (word < 0)
		return;
	bit = word == 0 ? CONF_PROTOCOL_UDP : CONF_PROTOCOL_TCP;
	if (*protocols & bit)
		conf_report_error(loading->report, value->place, "%s has \"%s\" twice; remove one",
		    key->path, value->text);
	*protocols |= bit;
}

void
conf_set_protocol(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	add_protocol(loading, key, value, &loading->conf->dns.protocols);
}

void
conf_set_listen_protocol(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	add_protocol(loading, key, value, &loading->item.protocols);
}

void
conf_set_registration(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	int word = read_word(loading, key, value, registration_words, 3);

	if (word >= 0)
		loading->conf->api.registration = (enum conf_registration)word;
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
conf_set_forwarded_header(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	int word = read_word(loading, key, value, forwarded_words, 2);

	if (word >= 0)
		loading->conf->api.forwarded_header = (enum conf_forwarded)word;
}

void
conf_set_log_format(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	int word = read_word(loading, key, value, format_words, 2);

	if (word >= 0)
		loading->conf->log.format = (enum log_format)word;
}

/* The folder has no symbolic links, so that a leading ".." can be taken off its end. */
char *
conf_value_absolute(const struct conf_loading *loading, const char *path)
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
	char **target = conf_value_field(loading, key);
	char *absolute;

	if (value->text[0] == '\0' || value->text[0] == '~') {
		conf_report_error(loading->report, value->place,
		    value->text[0] == '\0' ? "%s is empty; it must be a path"
					   : "%s: \"~\" is not expanded; write the path in full",
		    key->path);
		return;
	}
	absolute = conf_value_absolute(loading, value->text);
	if (absolute == NULL) {
		conf_report_no_memory(loading->report);
	} else if (strlen(absolute) >= PATH_MAX) {
		conf_report_error(
		    loading->report, value->place, "%s is longer than a path can be", key->path);
		free(absolute);
	} else {
		free(*target);
		*target = absolute;
	}
}
