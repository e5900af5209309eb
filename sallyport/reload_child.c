#include "reload_child.h"

#include "buf.h"
#include "log.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { STREAMS = 2, READ = 4096 };

/* What comes from it over one of its two streams. */
struct stream {
	uv_pipe_t pipe;
	struct reload_child *child;
	struct buf line;
	int is_error;
};

struct reload_child {
	uv_process_t process;
	struct stream streams[STREAMS];
	unsigned open_handles;
	int running;
	char read[READ];
	void (*ended)(void *context);
	void *context;
};

static void
on_closed(uv_handle_t *handle)
{
	struct reload_child *child = handle->data;
	void (*ended)(void *context) = child->ended;
	void *context = child->context;

	if (--child->open_handles > 0)
		return;
	for (unsigned i = 0; i < STREAMS; i++)
		buf_free(&child->streams[i].line);
	free(child);
	ended(context);
}

static void
close_handle(struct reload_child *child, uv_handle_t *handle)
{
	handle->data = child;
	uv_close(handle, on_closed);
}

/* "sallyport: " is what the log says anyway. */
static void
log_line(const struct stream *stream, const char *line, int length)
{
	static const char prefix[] = "sallyport: ";
	int skip = (int)sizeof(prefix) - 1;

	if (length > skip && strncmp(line, prefix, (size_t)skip) == 0) {
		line += skip;
		length -= skip;
	}
	if (stream->is_error)
		log_warning("reload: %.*s", length, line);
	else
		log_info("reload: %.*s", length, line);
}

/* Whole lines; `all` at the end also one without its end. */
static void
log_lines(struct stream *stream, int all)
{
	struct buf *line = &stream->line;

	while (line->length > 0) {
		const char *text = (const char *)line->data;
		const char *end = memchr(text, '\n', line->length);
		size_t length = end != NULL ? (size_t)(end - text) : line->length;

		if (end == NULL && !all && line->length < line->maximum)
			return;
		log_line(stream, text, (int)length);
		buf_consume(line, end != NULL ? length + 1 : length);
	}
}

static void
on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct stream *stream = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(stream->child->read, READ);
}

static void
on_read(uv_stream_t *pipe, ssize_t length, const uv_buf_t *buffer)
{
	struct stream *stream = pipe->data;

	if (length > 0 && buf_append(&stream->line, buffer->base, (size_t)length) != 0)
		buf_clear(&stream->line);
	log_lines(stream, length < 0);
	if (length < 0)
		close_handle(stream->child, (uv_handle_t *)pipe);
}

static void
on_exit_of_process(uv_process_t *process, int64_t status, int number)
{
	struct reload_child *child = process->data;

	child->running = 0;
	if (number != 0)
		log_error("reload: it was ended by signal %d (%s)", number, strsignal(number));
	else if (status != 0)
		log_error("reload: failed (status %d); what was in use stays in use", (int)status);
	close_handle(child, (uv_handle_t *)process);
}

static int
spawn(uv_loop_t *loop, struct reload_child *child, const char *path)
{
	char program[PATH_MAX], verb[] = "reload", option[] = "-c";
	/* uv_spawn() changes none of them. */
	char *arguments[] = {program, verb, option, (char *)path, NULL};
	uv_stdio_container_t stdio[1 + STREAMS] = {{.flags = UV_IGNORE}};
	uv_process_options_t options = {.exit_cb = on_exit_of_process,
	    .file = program,
	    .args = arguments,
	    .stdio_count = 1 + STREAMS,
	    .stdio = stdio};
	size_t length = sizeof(program);

	/* Without its path the start fails, as it should. */
	program[0] = '\0';
	(void)uv_exepath(program, &length);
	for (unsigned i = 0; i < STREAMS; i++) {
		stdio[1 + i].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
		stdio[1 + i].data.stream = (uv_stream_t *)&child->streams[i].pipe;
	}
	return uv_spawn(loop, &child->process, &options);
}

struct reload_child *
reload_child_start(uv_loop_t *loop, const char *path, void (*ended)(void *context), void *context)
{
	struct reload_child *child = calloc(1, sizeof(*child));
	int failed;

	if (child == NULL)
		fatal("no memory for a reload");
	child->ended = ended;
	child->context = context;
	child->process.data = child;
	for (unsigned i = 0; i < STREAMS; i++) {
		struct stream *stream = &child->streams[i];

		stream->child = child;
		stream->is_error = i == 1;
		buf_init(&stream->line, LOG_MAX_LINE + READ);
		uv_pipe_init(loop, &stream->pipe, 0);
		stream->pipe.data = stream;
	}
	child->open_handles = 1 + STREAMS;
	failed = spawn(loop, child, path);
	if (failed != 0) {
		log_error("reload: it cannot be started: %s", uv_strerror(failed));
		for (unsigned i = 0; i < STREAMS; i++)
			close_handle(child, (uv_handle_t *)&child->streams[i].pipe);
		close_handle(child, (uv_handle_t *)&child->process);
		return NULL;
	}
	child->running = 1;
	for (unsigned i = 0; i < STREAMS; i++)
		uv_read_start((uv_stream_t *)&child->streams[i].pipe, on_allocate, on_read);
	return child;
}

void
reload_child_stop(struct reload_child *child)
{
	if (child != NULL && child->running)
		uv_process_kill(&child->process, SIGTERM);
}

pid_t
reload_child_pid(const struct reload_child *child)
{
	return child->process.pid;
}
