/*
 * The administrator's end of his link to store: of the one that serves, or, while no server runs, of one that is
 * started for this command alone, with the same confinement and the same rules.
 *
 * What goes wrong is said on standard error with what to do about it.
 */
#ifndef SALLYPORT_CONTROL_CLIENT_H
#define SALLYPORT_CONTROL_CLIENT_H

#include "conf.h"
#include "message.h"

enum {
	CONTROL_CLIENT_SECONDS = 60,	  /* for an answer */
	CONTROL_CLIENT_QUIET_SECONDS = 2, /* likewise, for one that asks quietly */
	CONTROL_CLIENT_WHY = 320,	  /* bytes of what went wrong, NUL included */
	CONTROL_CLIENT_AT_ONCE = 8	  /* requests; store takes CONTROL_OUTSTANDING */
};

struct control_client;

/*
 * Reads the configuration and gets a link; with `needs_server` only to a server that runs. Returns an exit code: 0 with
 * `client` to be closed, 1, or CONF_EXIT.
 */
int control_client_open(struct control_client **client, const char *config, int needs_server);

/*
 * A link to the server that runs, for who looks again and again: nothing is said on standard error, here or later, and no wait is
 * long. `conf` is borrowed. NULL with what went wrong in `why`.
 */
struct control_client *control_client_open_quietly(
    const struct conf *conf, char why[CONTROL_CLIENT_WHY]);

/* What went wrong last. */
const char *control_client_why(const struct control_client *client);

/* Ends the link, and the store behind it where it was started for it. NULL is accepted. */
void control_client_close(struct control_client *client);

const struct conf *control_client_conf(const struct control_client *client);

/* Starts a request; its body is then written with `writer`. */
void control_client_begin(
    struct control_client *client, struct writer *writer, enum message_type type);

/* Sends it and waits for its answer, whose body `answer` then reads until the next call. 0 or -1. */
int control_client_ask(struct control_client *client, struct writer *writer, struct reader *answer);

/*
 * The same for several requests at once, at most CONTROL_CLIENT_AT_ONCE: sends one, and waits for the next answer of this type to
 * any of them, whose `id` is what sending it returned. Returns the id, never 0, or 0 on failure; 0 or -1.
 */
uint64_t control_client_send(struct control_client *client, struct writer *writer);
int control_client_receive(
    struct control_client *client, enum message_type type, uint64_t *id, struct reader *answer);

/* Says that an answer made no sense. Returns -1. */
int control_client_puzzled(struct control_client *client);

#endif
