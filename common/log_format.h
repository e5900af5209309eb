/*
 * How a log line looks: text, JSON, or as the journal takes it by its native protocol. Pure.
 *
 * What is given is harmless in all of them: bytes that would end a line, or a value, are escaped.
 */
#ifndef COMMON_LOG_FORMAT_H
#define COMMON_LOG_FORMAT_H

#include "log.h"

struct log_line {
	const char *process;
	enum log_level level;
	const char *time;    /* "2026-01-31T12:00:00.123Z" */
	const char *message; /* NULL: an event, which is its fields */
	const struct log_field *fields;
	size_t field_count;
};

enum { LOG_MAX_RECORD = 3 * LOG_MAX_LINE }; /* bytes of what the journal is sent */

/*
 * Each writes the line, with its line end and without a NUL; one that is longer than LOG_MAX_LINE is cut. Returns the
 * length. The journal's stream knows the time and is told the level before the line: so neither is `timed`.
 */
size_t log_format_text(char line[LOG_MAX_LINE], const struct log_line *from, int timed);
size_t log_format_json(char line[LOG_MAX_LINE], const struct log_line *from);

/* MESSAGE is `shown` without its line end; each field is SALLYPORT_NAME (systemd.journal-fields(7)). */
size_t log_format_record(char record[LOG_MAX_RECORD], const struct log_line *from,
    const char *shown, size_t shown_length);

/* The level as syslog(3) counts: 3 to 7. */
int log_format_priority(enum log_level level);

#endif
