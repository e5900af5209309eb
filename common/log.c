#include "log.h"

#include "journal.h"
#include "log_format.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_LINES = 10, TIME_TEXT = 32 };

static const int64_t limit_window = INT64_C(60) * 1000000000;

static struct {
	const char *process;
	_Atomic(enum log_level) level;
	_Atomic(enum log_format) format;
	int in_journal; /* standard error is the journal's */
	int journal;	/* its socket; -1: none */
} settings = {.process = "sallyport", .level = LOG_LEVEL_INFO, .journal = -1};

void
log_init(const char *process, enum log_level level, enum log_format format)
{
	settings.process = process;
	settings.level = level;
	settings.format = format;
	settings.in_journal = journal_is_stderr();
	if (settings.in_journal && settings.journal < 0)
		settings.journal = journal_open();
	/* gmtime_r() allocates when it is first used: not in a signal handler, then, which tells of a broken heap. */
	tzset();
}

void
log_set(enum log_level level, enum log_format format)
{
	settings.level = level;
	settings.format = format;
}

int
log_journal_fd(void)
{
	return settings.journal;
}

/* "2026-01-31T12:00:00.123Z"; UTC, so that no zone file is read behind a chroot. */
static void
format_time(char text[TIME_TEXT])
{
	struct timespec now;
	struct tm parts;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	(void)snprintf(text, TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    (parts.tm_year + 1900) % 10000, (parts.tm_mon + 1) % 100, parts.tm_mday % 100,
	    parts.tm_hour % 100, parts.tm_min % 100, parts.tm_sec % 100,
	    (int)(now.tv_nsec / 1000000) % 1000);
}

/* To the journal itself, or else to standard error. */
static void
write_out(const struct log_line *from)
{
	char line[LOG_MAX_LINE + 8], record[LOG_MAX_RECORD];
	size_t prefix = 0, length;

	/* The stream's lines say their level by this; those that its socket takes have a field for it. */
	if (settings.in_journal)
		prefix = (size_t)snprintf(line, 8, "<%d>", log_format_priority(from->level));
	length = settings.format == LOG_FORMAT_JSON
		     ? log_format_json(line + prefix, from)
		     : log_format_text(line + prefix, from, !settings.in_journal);
	if (settings.journal >= 0 &&
	    write(settings.journal, record,
		log_format_record(record, from, line + prefix, length)) >= 0)
		return;
	/* Nobody is left to be told when standard error is gone. */
	if (write(STDERR_FILENO, line, prefix + length) < 0) {
	}
}

static void __attribute__((format(printf, 2, 0)))
write_line(enum log_level level, const char *format, va_list arguments)
{
	char message[LOG_MAX_LINE], time[TIME_TEXT];
	const struct log_line line = {
	    .process = settings.process, .level = level, .time = time, .message = message};
	int saved = errno;

	if (level > settings.level)
		return;
	(void)vsnprintf(message, sizeof(message), format, arguments);
	format_time(time);
	write_out(&line);
	errno = saved;
}

void
log_event(enum log_level level, const struct log_field *fields, size_t count)
{
	char time[TIME_TEXT];
	const struct log_line line = {.process = settings.process,
	    .level = level,
	    .time = time,
	    .fields = fields,
	    .field_count = count};
	int saved = errno;

	if (level > settings.level)
		return;
	format_time(time);
	write_out(&line);
	errno = saved;
}

#define DEFINE_LOG(NAME, LEVEL)                                                                    \
	void NAME(const char *format, ...)                                                         \
	{                                                                                          \
		va_list arguments;                                                                 \
		va_start(arguments, format);                                                       \
		write_line(LEVEL, format, arguments);                                              \
		va_end(arguments);                                                                 \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

void
fatal(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(LOG_LEVEL_ERROR, format, arguments);
	va_end(arguments);
	/* Threads may be running: no atexit handler may pull memory from under them. */
	_exit(1);
}

int
log_allowed(struct log_limit *limit)
{
	struct timespec clock;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &clock);
	now = (int64_t)clock.tv_sec * 1000000000 + clock.tv_nsec;
	if (limit->window_start == 0 || now - limit->window_start >= limit_window) {
		if (limit->suppressed > 0)
			log_warning(
			    "%u more lines like the next one were not written in the last minute",
			    limit->suppressed);
		*limit = (struct log_limit){.window_start = now};
	}
	if (limit->lines >= LIMIT_LINES) {
		limit->suppressed++;
		return 0;
	}
	limit->lines++;
	return 1;
}
