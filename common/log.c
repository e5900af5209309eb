#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_LINES = 10 };

static const int64_t limit_window = INT64_C(60) * 1000000000;

static struct {
	const char *process;
	enum log_level level;
	enum log_format format;
	int journal;
} settings = {.process = "sallyport", .level = LOG_LEVEL_INFO};

static const struct {
	const char *word;
	int priority; /* syslog(3) */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARNING] = {"warning", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};

void
log_init(const char *process, enum log_level level, enum log_format format)
{
	settings.process = process;
	settings.level = level;
	settings.format = format;
	settings.journal = getenv("JOURNAL_STREAM") != NULL;
}

/* "2026-01-31T12:00:00.123Z"; UTC, so that no zone file is read behind a chroot. */
static void
format_time(char text[32])
{
	struct timespec now;
	struct tm parts;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	(void)snprintf(text, 32, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    (parts.tm_year + 1900) % 10000, (parts.tm_mon + 1) % 100, parts.tm_mday % 100,
	    parts.tm_hour % 100, parts.tm_min % 100, parts.tm_sec % 100,
	    (int)(now.tv_nsec / 1000000) % 1000);
}

/* Appends what fits of `text` as the inside of a JSON string. */
static size_t
append_json(char *line, size_t length, size_t capacity, const char *text)
{
	for (; *text != '\0' && length + 7 < capacity; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\') {
			line[length++] = '\\';
			line[length++] = (char)byte;
		} else if (byte < 0x20 || byte >= 0x7f) {
			length +=
			    (size_t)snprintf(line + length, capacity - length, "\\u%04x", byte);
		} else {
			line[length++] = (char)byte;
		}
	}
	return length;
}

static size_t
format_json(char line[LOG_MAX_LINE], enum log_level level, const char *time, const char *message)
{
	int head = snprintf(line, LOG_MAX_LINE,
	    "{\"time\":\"%s\",\"level\":\"%s\",\"process\":\"%s\",\"message\":\"", time,
	    levels[level].word, settings.process);
	size_t length = append_json(line, (size_t)head, LOG_MAX_LINE - 4, message);

	memcpy(line + length, "\"}\n", 3);
	return length + 3;
}

static size_t
format_text(char line[LOG_MAX_LINE], enum log_level level, const char *time, const char *message)
{
	int length;

	if (settings.journal)
		length = snprintf(line, LOG_MAX_LINE, "%s: %s\n", settings.process, message);
	else
		length = snprintf(line, LOG_MAX_LINE, "%s %-7s %s: %s\n", time, levels[level].word,
		    settings.process, message);
	if (length >= LOG_MAX_LINE) {
		length = LOG_MAX_LINE - 1;
		line[length - 1] = '\n';
	}
	return (size_t)length;
}

static void __attribute__((format(printf, 2, 0)))
write_line(enum log_level level, const char *format, va_list arguments)
{
	char message[LOG_MAX_LINE], line[LOG_MAX_LINE + 8], time[32];
	int saved = errno;
	size_t length = 0;

	if (level > settings.level)
		return;
	errno = saved;
	(void)vsnprintf(message, sizeof(message), format, arguments);
	format_time(time);
	if (settings.journal)
		length = (size_t)snprintf(line, sizeof(line), "<%d>", levels[level].priority);
	if (settings.format == LOG_FORMAT_JSON)
		length += format_json(line + length, level, time, message);
	else
		length += format_text(line + length, level, time, message);
	/* Nobody is left to be told when standard error is gone. */
	if (write(STDERR_FILENO, line, length) < 0) {
	}
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

static int
is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f && strchr("\"'`\\", byte) == NULL;
}

const char *
log_safe(char *text, size_t capacity, const void *bytes, size_t length)
{
	const unsigned char *from = bytes;
	size_t needed = 1, room = capacity, out = 0;

	for (size_t i = 0; i < length; i++)
		needed += is_plain(from[i]) ? 1 : 4;
	if (needed > capacity)
		room -= 3; /* for "..." */
	for (size_t i = 0; i < length; i++) {
		size_t size = is_plain(from[i]) ? 1 : 4;

		if (out + size >= room)
			break;
		if (size == 1)
			text[out] = (char)from[i];
		else
			(void)snprintf(text + out, capacity - out, "\\x%02x", from[i]);
		out += size;
	}
	(void)snprintf(text + out, capacity - out, "%s", needed > capacity ? "..." : "");
	return text;
}
