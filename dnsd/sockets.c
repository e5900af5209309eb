#include "sockets.h"

#include "listen.h"
#include "log.h"
#include "tcp.h"
#include "udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* By which systemd gives them back. */
static const char kept_name[] = "kept-dns";

static const int types[] = {SOCK_DGRAM, SOCK_STREAM};

enum { TYPES = sizeof(types) / sizeof(types[0]) };

static struct socket_rows *
rows_of(struct sockets *sockets, int type)
{
	return type == SOCK_DGRAM ? &sockets->udp : &sockets->tcp;
}

static int
is_wanted(const struct conf *conf, size_t address, int type)
{
	unsigned protocol = type == SOCK_DGRAM ? CONF_PROTOCOL_UDP : CONF_PROTOCOL_TCP;

	return (conf->dns.listen_protocols[address] & protocol) != 0;
}

static void
make_rows(struct socket_rows *rows, const struct conf *conf, int type)
{
	for (size_t i = 0; i < conf->dns.listen.count; i++)
		rows->per_worker += (size_t)is_wanted(conf, i, type);
	rows->fds = calloc(conf->dns.workers * rows->per_worker + 1, sizeof(int));
	if (rows->fds == NULL)
		fatal("no memory for the sockets");
}

/* Takes a socket for each place. 0, or -1: at least one is missing. */
static int
take_rows(
    struct socket_rows *rows, const struct conf *conf, struct passed_sockets *passed, int type)
{
	size_t place = 0;
	int *fd, missing = 0;

	for (size_t i = 0; i < conf->dns.listen.count; i++) {
		if (!is_wanted(conf, i, type))
			continue;
		for (unsigned worker = 0; worker < conf->dns.workers; worker++) {
			fd = &rows->fds[worker * rows->per_worker + place];
			*fd = passed_sockets_take(passed, &conf->dns.listen.addresses[i], type);
			missing |= *fd < 0;
		}
		place++;
	}
	return missing ? -1 : 0;
}

static void
bind_rows(struct socket_rows *rows, const struct conf *conf, int type, unsigned patience_ms)
{
	int fds[CONF_MAX_WORKERS];
	size_t place = 0;

	for (size_t i = 0; i < conf->dns.listen.count; i++) {
		if (!is_wanted(conf, i, type))
			continue;
		listen_bind(
		    &conf->dns.listen.addresses[i], type, conf->dns.workers, patience_ms, fds);
		for (unsigned worker = 0; worker < conf->dns.workers; worker++)
			rows->fds[worker * rows->per_worker + place] = fds[worker];
		place++;
	}
}

/* Also what was kept: the configuration may ask for other buffers than it did. */
static void
prepare_rows(const struct socket_rows *rows, const struct conf *conf, int type)
{
	size_t place = 0;

	for (size_t i = 0; i < conf->dns.listen.count; i++) {
		if (!is_wanted(conf, i, type))
			continue;
		for (unsigned worker = 0; worker < conf->dns.workers; worker++) {
			int fd = rows->fds[worker * rows->per_worker + place];

			if (type == SOCK_DGRAM)
				udp_prepare(
				    fd, &conf->dns.listen.addresses[i], conf->dns.socket_buffer);
			/* Who connects before we read waits in the backlog instead of being refused. */
			else if (listen(fd, TCP_BACKLOG) < 0)
				fatal("cannot listen for TCP: %s", strerror(errno));
		}
		place++;
	}
}

static size_t
count_of(const struct socket_rows *rows, const struct conf *conf)
{
	return conf->dns.workers * rows->per_worker;
}

/* 0, or -1: what was kept is not what is wanted, and is closed. */
static int
take_kept(
    struct sockets *sockets, const struct conf *conf, struct passed_sockets *passed, unsigned kept)
{
	int missing = 0;

	for (size_t i = 0; i < TYPES; i++)
		missing |= take_rows(rows_of(sockets, types[i]), conf, passed, types[i]);
	if (!missing && kept == count_of(&sockets->udp, conf) + count_of(&sockets->tcp, conf))
		return 0;
	for (size_t i = 0; i < TYPES; i++) {
		const struct socket_rows *rows = rows_of(sockets, types[i]);

		for (size_t place = 0; place < count_of(rows, conf); place++)
			if (rows->fds[place] >= 0)
				close(rows->fds[place]);
	}
	passed_sockets_close_named(passed, kept_name);
	return -1;
}

void
sockets_open(struct sockets *sockets, const struct conf *conf, struct passed_sockets *passed,
    struct notify *notify)
{
	unsigned kept = passed_sockets_named(passed, kept_name);
	int taken = 0;

	for (size_t i = 0; i < TYPES; i++)
		make_rows(rows_of(sockets, types[i]), conf, types[i]);
	if (kept > 0)
		taken = take_kept(sockets, conf, passed, kept) == 0;
	if (!taken && kept > 0) {
		log_info("dns.listen or dns.workers has changed: the sockets are bound anew");
		notify_forget_sockets(notify, kept_name);
	}
	for (size_t i = 0; i < TYPES; i++) {
		struct socket_rows *rows = rows_of(sockets, types[i]);

		if (!taken)
			bind_rows(rows, conf, types[i], kept > 0 ? LISTEN_PATIENCE_MS : 0);
		prepare_rows(rows, conf, types[i]);
		if (!taken)
			notify_keep_sockets(notify, kept_name, rows->fds, count_of(rows, conf));
	}
}

const int *
sockets_row(const struct socket_rows *rows, unsigned worker)
{
	return rows->fds == NULL ? NULL : rows->fds + worker * rows->per_worker;
}

void
sockets_free(struct sockets *sockets)
{
	free(sockets->udp.fds);
	free(sockets->tcp.fds);
}
