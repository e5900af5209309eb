/*
 * One line per event to standard error.
 *
 * Where standard error is the journal's (JOURNAL_STREAM names it), lines go to the journal's own socket, by its
 * native protocol: with a priority, and with the fields of an event. Where that cannot be had each line starts with
 * the priority as "<6>" (sd-daemon(3)); elsewhere with the time in UTC and the level. Bytes that came
 * from a peer are never written as they are: log_safe() shows them, and nothing secret
 * is passed here at all. Lines that a peer can cause at will go through a log_limit.
 *
 * Safe to call from any thread; a line is one write(2).
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

enum { LOG_MAX_LINE = 1024 }; /* bytes; a longer line is cut */

/*
 * `process` names the writer in each line and must live as long as the process. Opens the journal's socket: before
 * whoever calls gives up paths.
 */
void log_init(const char *process, enum log_level level, enum log_format format);

/* From now on, in all threads. */
void log_set(enum log_level level, enum log_format format);

/* The journal's socket, which is connected, or -1: for who must see to it that it reaches nobody else (struct confine_plan). */
int log_journal_fd(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One thing that is to be known of an event; NULL as a value: it is not. */
struct log_field {
	const char
	    *name; /* of lower case letters and underscores, for all an administrator's programs */
	const char *value;
};

enum { LOG_MAX_FIELD = 256 }; /* bytes of a value as it is shown; a longer one is cut */

/*
 * Logs something that has a name, for programs to find: "event=updated client=192.0.2.1 ...". The first field is
 * the event's name. Values may be a peer's: they are made harmless.
 */
void log_event(enum log_level level, const struct log_field *fields, size_t count);

/*
 * Logs at error level and exits with status 1. Only during start-up, when memory is
 * short, and for broken invariants.
 */
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* A budget of lines for one kind of event that peers cause. Zero-initialise; one thread. */
struct log_limit {
	int64_t window_start; /* CLOCK_MONOTONIC, ns */
	uint32_t lines;
	uint32_t suppressed;
};

/*
 * 1 if a line may be written now: at most 10 in any 60 seconds. When lines were kept
 * back, the first one after that says how many.
 */
int log_allowed(struct log_limit *limit);

/*
 * Writes `length` bytes of a peer into `text` (capacity bytes, at least 8) so that they are
 * harmless in a log: printable ASCII but for quotes and backslashes as it is, the rest as
 * \xNN; cut with "..." where it does not fit. Returns `text`.
 */
const char *log_safe(char *text, size_t capacity, const void *bytes, size_t length);

#endif
