/* libyaml's view of a configuration file: syntax errors in words, and nodes by path. */
#include "conf_yaml.h"

#include <errno.h>
#include <string.h>

/* What libyaml says, and what the author probably did. */
static const struct {
	const char *problem;
	const char *hint;
} hints[] = {
    {"could not find expected ':'", "write KEY: VALUE with a blank behind the colon"},
    {"mapping values are not allowed in this context",
	"check the indentation, or put the value in quotes"},
    {"did not find expected key", "check the indentation and the quotes"},
    {"did not find expected '-' indicator", "begin each item of the list in the same column"},
    {"did not find expected ',' or ']'", "close the list with ]"},
    {"did not find expected ',' or '}'", "close the braces with }"},
    {"found unexpected end of stream", "close the quotes"},
    {"found character that cannot start any token", "put the value in quotes"},
    {"found unknown escape character", "write \\\\ for a backslash, or use single quotes"},
};

static struct conf_place
place_of_mark(const yaml_mark_t *mark)
{
	return (struct conf_place){.line = mark->line + 1, .column = mark->column + 1};
}

/* The place of the byte at `offset`. */
static struct conf_place
place_of_offset(const char *text, size_t length, size_t offset)
{
	struct conf_place place = {.line = 1, .column = 1};

	for (size_t i = 0; i < offset && i < length; i++) {
		if (text[i] == '\n') {
			place.line++;
			place.column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) { /* no continuation byte */
			place.column++;
		}
	}
	return place;
}

/* 1 if the line (counted from 1) is indented with a tab. */
static int
line_has_tab(const char *text, size_t length, size_t line)
{
	const char *at = text, *end = text + length;

	while (line > 1 && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		at = newline == NULL ? end : newline + 1;
		line--;
	}
	while (at < end && *at == ' ')
		at++;
	return at < end && *at == '\t';
}

static const char *
hint_for(const char *problem)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (strcmp(hints[i].problem, problem) == 0)
			return hints[i].hint;
	}
	return "check the indentation and the quotes";
}

static void
report_syntax(
    const yaml_parser_t *parser, const char *text, size_t length, struct conf_report *report)
{
	const char *problem = parser->problem != NULL ? parser->problem : "it cannot be read";
	struct conf_place place;

	/* libyaml does not always name it. */
	if (parser->error == YAML_MEMORY_ERROR || errno == ENOMEM) {
		conf_report_no_memory(report);
	} else if (parser->error == YAML_READER_ERROR) {
		place = place_of_offset(text, length, parser->problem_offset);
		conf_report_error(
		    report, place, "not a text file in UTF-8: %s; save it as UTF-8", problem);
	} else {
		place = place_of_mark(&parser->problem_mark);
		if (line_has_tab(text, length, place.line))
			conf_report_error(
			    report, place, "a tab in the indentation; YAML wants blanks there");
		else
			conf_report_error(report, place, "YAML syntax: %s%s%s; %s", problem,
			    parser->context != NULL ? " " : "",
			    parser->context != NULL ? parser->context : "", hint_for(problem));
	}
}

/* The anchor and the tag that an event carries, or NULL. */
static void
event_marks(const yaml_event_t *event, const yaml_char_t **anchor, const yaml_char_t **tag)
{
	*anchor = *tag = NULL;
	if (event->type == YAML_SCALAR_EVENT) {
		*anchor = event->data.scalar.anchor;
		*tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		*anchor = event->data.sequence_start.anchor;
		*tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		*anchor = event->data.mapping_start.anchor;
		*tag = event->data.mapping_start.tag;
	}
}

static void
check_event(const yaml_event_t *event, unsigned *documents, struct conf_report *report)
{
	struct conf_place place = place_of_mark(&event->start_mark);
	const yaml_char_t *anchor, *tag;

	event_marks(event, &anchor, &tag);
	if (event->type == YAML_ALIAS_EVENT)
		conf_report_error(
		    report, place, "an alias (*) is not allowed; write the value itself");
	if (anchor != NULL)
		conf_report_error(report, place,
		    "an anchor (&) is not allowed; remove it, or put the value in quotes");
	if (tag != NULL)
		conf_report_error(report, place,
		    "a tag (!) is not allowed; remove it, or put the value in quotes");
	if (event->type == YAML_DOCUMENT_START_EVENT && ++*documents == 2)
		conf_report_error(report, place,
		    "a second document begins here; a configuration is one, remove the ---");
}

static int
begin(yaml_parser_t *parser, const char *text, size_t length, struct conf_report *report)
{
	if (!yaml_parser_initialize(parser)) {
		conf_report_no_memory(report);
		return -1;
	}
	errno = 0;
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, (const unsigned char *)text, length);
	return 0;
}

/*
 * Goes through the whole file event by event, for what the tree of nodes does not show any
 * more. 0, or -1 on a syntax error.
 */
static int
scan(const char *text, size_t length, struct conf_report *report)
{
	yaml_parser_t parser;
	unsigned documents = 0;
	int ended = 0;

	if (begin(&parser, text, length, report) != 0)
		return -1;
	while (!ended) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			report_syntax(&parser, text, length, report);
			break;
		}
		check_event(&event, &documents, report);
		ended = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return ended ? 0 : -1;
}

int
conf_yaml_load(
    yaml_document_t *document, const char *text, size_t length, struct conf_report *report)
{
	yaml_parser_t parser;
	int loaded;

	if (scan(text, length, report) != 0 || begin(&parser, text, length, report) != 0)
		return -1;
	loaded = yaml_parser_load(&parser, document);
	/* An alias without its anchor fails only here, and has been reported already. */
	if (!loaded && report->errors == 0)
		report_syntax(&parser, text, length, report);
	yaml_parser_delete(&parser);
	return loaded ? 0 : -1;
}

struct conf_place
conf_yaml_place(const yaml_node_t *node)
{
	return place_of_mark(&node->start_mark);
}

int
conf_yaml_is_null(const yaml_node_t *node)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return 0;
	text = conf_yaml_text(node);
	return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

const char *
conf_yaml_text(const yaml_node_t *scalar)
{
	return (const char *)scalar->data.scalar.value;
}

yaml_node_pair_t *
conf_yaml_pair(
    yaml_document_t *document, const yaml_node_t *mapping, const char *key, size_t length)
{
	yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;

	for (; pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *node = yaml_document_get_node(document, pair->key);

		if (node->type == YAML_SCALAR_NODE && node->data.scalar.length == length &&
		    memcmp(node->data.scalar.value, key, length) == 0)
			return pair;
	}
	return NULL;
}

yaml_node_t *
conf_yaml_find(yaml_document_t *document, const char *path, struct conf_place *place)
{
	yaml_node_t *node = yaml_document_get_root_node(document);

	*place = (struct conf_place){.line = 1, .column = 1};
	while (node != NULL && *path != '\0') {
		size_t length = strcspn(path, ".");
		const yaml_node_pair_t *pair;

		if (node->type != YAML_MAPPING_NODE)
			return NULL;
		pair = conf_yaml_pair(document, node, path, length);
		if (pair == NULL)
			return NULL;
		*place = conf_yaml_place(yaml_document_get_node(document, pair->key));
		node = yaml_document_get_node(document, pair->value);
		path += length;
		path += *path == '.';
	}
	return node;
}
