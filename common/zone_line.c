/* A zone-file line, up to where the record type decides what follows. */
#include "zone_line.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What a word between owner and type can be. */
enum class { CLASS_NONE, CLASS_IN, CLASS_OTHER };

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

const char *
zone_line_skip(const char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

size_t
zone_line_word(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0' && !is_blank(text[length])) {
		if (text[length] == '\\' && text[length + 1] != '\0')
			length++;
		length++;
	}
	return length;
}

/* Copies the next word and moves to the one behind it. 0, or -1: there is none, or it is too long. */
static int
take_word(const char **text, char word[ZONE_LINE_WORD])
{
	size_t length = zone_line_word(*text);

	if (length == 0 || length >= ZONE_LINE_WORD)
		return -1;
	memcpy(word, *text, length);
	word[length] = '\0';
	*text = zone_line_skip(*text + length);
	return 0;
}

/* Seconds of a unit; 0 if the letter is none. */
static uint32_t
unit_seconds(char letter)
{
	switch (name_lower((uint8_t)letter)) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 604800;
	default:
		return 0;
	}
}

int
zone_line_ttl(uint32_t *ttl, const char *text)
{
	const uint64_t too_large = INT32_MAX + 1ULL; /* both sums stop here and cannot overflow */
	uint64_t total = 0, number = 0;
	int digits = 0;

	if (*text == '\0')
		return 0;
	for (; *text != '\0'; text++) {
		if (*text >= '0' && *text <= '9') {
			digits = 1;
			number = number * 10 + (uint64_t)(*text - '0');
		} else {
			if (unit_seconds(*text) == 0 || !digits)
				return 0;
			total += number * unit_seconds(*text);
			number = 0;
			digits = 0;
		}
		number = number < too_large ? number : too_large;
		total = total < too_large ? total : too_large;
	}
	total += number;
	if (total > INT32_MAX)
		return -1;
	*ttl = (uint32_t)total;
	return 1;
}

static enum class read_class(const char *word) {
	static const char *const others[] = {"CS", "CH", "HS"};

	if (strcasecmp(word, "IN") == 0 || strcasecmp(word, "CLASS1") == 0) return CLASS_IN;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++){
	    if (strcasecmp(word, others[i]) == 0) return CLASS_OTHER;}
return strncasecmp(word, "CLASS", 5) == 0 ? CLASS_OTHER : CLASS_NONE;
}

/* Zone files are ASCII; every other byte has its escape. */
static int
check_bytes(const char *text, char *why, size_t capacity)
{
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if ((byte < ' ' && byte != '\t') || byte >= 0x7f) {
			snprintf(why, capacity,
			    "only printable ASCII is allowed; write the byte as \\%03u", byte);
			return -1;
		}
	}
	return 0;
}

static int
take_owner(struct zone_line *line, const char **text, char *why, size_t capacity)
{
	const char *problem = NULL;

	if (is_blank(**text) || **text == '\0')
		problem = "the owner is missing; begin with the name or with @";
	else if (**text == '$')
		problem = "zone-file directives are not understood; write the record in full";
	else if (take_word(text, line->owner) != 0)
		problem = "the owner is too long";
	if (problem != NULL)
		snprintf(why, capacity, "%s", problem);
	return problem == NULL ? 0 : -1;
}

int
zone_line_split(struct zone_line *line, const char *text, char *why, size_t capacity)
{
	int has_ttl = 0, has_class = 0;

	if (strlen(text) > ZONE_LINE_MAX) {
		snprintf(why, capacity, "the line is longer than %d bytes", ZONE_LINE_MAX);
		return -1;
	}
	if (check_bytes(text, why, capacity) != 0 || take_owner(line, &text, why, capacity) != 0)
		return -1;
	line->ttl = ZONE_LINE_TTL;
	while (take_word(&text, line->type) == 0) {
		int ttl = has_ttl ? 0 : zone_line_ttl(&line->ttl, line->type);
		enum class class = has_class ? CLASS_NONE : read_class(line->type);

		if (ttl < 0) {
			snprintf(why, capacity, "the TTL is above 2147483647");
			return -1;
		}
		if (class == CLASS_OTHER) {
			snprintf(why, capacity, "the class is not IN; leave it away");
			return -1;
		}
		if (ttl == 0 && class == CLASS_NONE) {
			line->data = text;
			return 0;
		}
		has_ttl |= ttl;
		has_class |= class == CLASS_IN;
	}
	snprintf(why, capacity, "the record type is missing; a record is \"OWNER TYPE DATA\"");
	return -1;
}

/* 1 if the text ends in a dot that is not escaped. */
static int
is_absolute(const char *text)
{
	size_t length = strlen(text), backslashes = 0;

	if (length == 0 || text[length - 1] != '.')
		return 0;
	while (backslashes + 1 < length && text[length - 2 - backslashes] == '\\')
		backslashes++;
	return backslashes % 2 == 0;
}

int
zone_line_owner(struct name *owner, const char *text, const struct name *zone)
{
	if (strcmp(text, "@") == 0) {
		*owner = *zone;
		return 0;
	}
	if (name_from_text(owner, text) != 0)
		return -1;
	return is_absolute(text) ? 0 : name_append(owner, zone);
}
