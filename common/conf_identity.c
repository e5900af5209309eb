/* What the DNS server says of itself, its zone's serial, and the secrets of its cookies. */
#include "conf_value.h"

#include <stdlib.h>
#include <string.h>

void
conf_set_serial(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	int64_t number = value->quoted ? -1 : conf_value_number(value->text);

	if (strcmp(value->text, "auto") == 0)
		loading->conf->zone.serial = 0;
	else if (number >= 1 && number <= UINT32_MAX)
		loading->conf->zone.serial = (uint32_t)number;
	else
		conf_report_error(loading->report, value->place, "%s must be %s, not \"%.*s\"",
		    key->path, key->form, CONF_SHOWN, value->text);
}

void
conf_set_text(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	char **target = conf_value_field(loading, key);

	if (strlen(value->text) > key->maximum) {
		conf_report_error(loading->report, value->place, "%s must be %s, not %zu bytes",
		    key->path, key->form, strlen(value->text));
	} else if (value->text[0] != '\0') {
		*target = strdup(value->text);
		if (*target == NULL)
			conf_report_no_memory(loading->report);
	}
}

/* 0 to 15, or -1. */
static int
hex_digit(char digit)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *found = digit != '\0' ? strchr(digits, digit) : NULL;
	int place;

	if (found == NULL)
		return -1;
	place = (int)(found - digits);
	return place < 16 ? place : place - 6;
}

static int
read_secret(uint8_t secret[CONF_COOKIE_SECRET], const char *text)
{
	int high, low;

	if (strlen(text) != 2 * (size_t)CONF_COOKIE_SECRET)
		return -1;
	for (size_t i = 0; i < CONF_COOKIE_SECRET; i++) {
		high = hex_digit(text[2 * i]);
		low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return -1;
		secret[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* A secret is not repeated in any message. */
void
conf_set_cookie_secret(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value)
{
	struct conf_cookies *cookies = &loading->conf->dns.cookies;
	uint8_t secret[CONF_COOKIE_SECRET];

	if (read_secret(secret, value->text) < 0) {
		conf_report_error(loading->report, value->place, "an item of %s must be %s",
		    key->path, key->form);
		return;
	}
	if (cookies->secret_count == CONF_MAX_COOKIE_SECRETS) {
		conf_report_error(loading->report, value->place, "%s has more than %d items",
		    key->path, CONF_MAX_COOKIE_SECRETS);
		return;
	}
	for (unsigned i = 0; i < cookies->secret_count; i++) {
		if (memcmp(cookies->secrets[i], secret, sizeof(secret)) == 0) {
			conf_report_error(loading->report, value->place,
			    "%s has the same secret twice; remove one", key->path);
			return;
		}
	}
	memcpy(cookies->secrets[cookies->secret_count++], secret, sizeof(secret));
}
