/*
 * The messages between store and the two front processes: their numbers, their header,
 * their bodies, and the check that every received one must pass before a handler
 * sees it. Pure: no socket, no loop.
 *
 * One send is one message. All integers are big-endian. The link a message came in on
 * says who speaks; nothing in a message does.
 */
#ifndef COMMON_MESSAGE_H
#define COMMON_MESSAGE_H

#include "address.h"
#include "pack.h"
#include "statistic.h"

#include <stddef.h>
#include <stdint.h>

/* Changes whenever a type or a body below does: both ends must say the same. */
enum { MESSAGE_VERSION = 21 };

enum message_type {
	/* Both links; front to store, and back. */
	MESSAGE_HELLO = 2,
	MESSAGE_HELLO_ANSWER = 3,
	MESSAGE_STATISTICS = 4, /* front to store, unasked and unanswered */

	/* dnsd's link; store to dnsd, and one acknowledgement back. */
	MESSAGE_SNAPSHOT_BEGIN = 16,
	MESSAGE_SNAPSHOT_CHUNK = 18,
	MESSAGE_SNAPSHOT_END = 20, /* names sent, u64; 1: those are all that there are, or 0, u8 */
	MESSAGE_DELTA = 22,
	MESSAGE_DELTA_APPLIED = 23,

	/* apid's link; apid to store, and back. */
	MESSAGE_REGISTER = 32,
	MESSAGE_REGISTER_ANSWER = 33,
	MESSAGE_UPDATE = 34,
	MESSAGE_UPDATE_ANSWER = 35,
	MESSAGE_ACCOUNT = 36,
	MESSAGE_ACCOUNT_ANSWER = 37,
	MESSAGE_METRICS = 38, /* answered as ALL_STATISTICS is */
	MESSAGE_METRICS_ANSWER = 39,
	MESSAGE_READY = 40,
	MESSAGE_READY_ANSWER = 41,

	/* A door; store to a front process, with the link as its one descriptor. */
	MESSAGE_LINK = 48,
	/*
	 * A door; root to any daemon. What is new is looked at (RELOAD: the configuration; RELOAD_PAIR: the certificate
	 * and its key), and used with RELOAD_APPLY; whoever leaves before that has changed nothing.
	 */
	MESSAGE_RELOAD = 50,
	MESSAGE_RELOAD_ANSWER = 51, /* to all three */
	MESSAGE_RELOAD_PAIR = 52,
	MESSAGE_RELOAD_APPLY = 54,

	/* The administrator's link; his program to store, and back: 64 to 95. An answer's type is its request's + 1. */
	MESSAGE_ALL_STATISTICS = 64,
	MESSAGE_ALL_STATISTICS_ANSWER = 65,
	/* control_message.h has these */
	MESSAGE_LIST_ACCOUNTS = 66,
	MESSAGE_LIST_ACCOUNTS_ANSWER = 67,
	MESSAGE_FIND_ACCOUNT = 68,
	MESSAGE_FIND_ACCOUNT_ANSWER = 69,
	MESSAGE_ADD_ACCOUNT = 70,
	MESSAGE_ADD_ACCOUNT_ANSWER = 71,
	MESSAGE_CHANGE_ACCOUNT = 72,
	MESSAGE_CHANGE_ACCOUNT_ANSWER = 73,
	MESSAGE_IMPORT = 80,
	MESSAGE_IMPORT_ANSWER = 81,
	/* token_message.h has these */
	MESSAGE_LIST_TOKENS = 82,
	MESSAGE_LIST_TOKENS_ANSWER = 83,
	MESSAGE_READ_TOKEN = 84,
	MESSAGE_READ_TOKEN_ANSWER = 85,
	MESSAGE_LIST_TOKEN_ACCOUNTS = 86,
	MESSAGE_LIST_TOKEN_ACCOUNTS_ANSWER = 87,
	MESSAGE_ADD_TOKEN = 88,
	MESSAGE_ADD_TOKEN_ANSWER = 89,
	MESSAGE_REVOKE_TOKEN = 90,
	MESSAGE_REVOKE_TOKEN_ANSWER = 91,
	/* control_message.h has these */
	MESSAGE_SHOW_TRIAL = 92,
	MESSAGE_SHOW_TRIAL_ANSWER = 93,
	/* status_message.h has this */
	MESSAGE_STATUS = 94,
	MESSAGE_STATUS_ANSWER = 95
};

enum {
	MESSAGE_HEADER = 16,	 /* type u16, flags u16, length u32 (whole message), id u64 */
	MESSAGE_MAX = 32 * 1024, /* bytes, header included */
	MESSAGE_MAX_FDS = 3,

	MESSAGE_MAX_USER = 64,	    /* longest user name forwarded; a UUID's longest form has 45 */
	MESSAGE_KEY = 40,	    /* a key has exactly this many characters */
	MESSAGE_MAX_SUBDOMAIN = 63, /* one label */
	MESSAGE_MAX_TXT = 1024,	    /* bytes of one value */
	MESSAGE_MAX_ASKED_TXT =
	    MESSAGE_MAX_TXT +
	    1, /* forwarded of a value asked for: so that a longer one is seen to be */
	MESSAGE_MAX_VALUES = 16,    /* values of one name */
	MESSAGE_MAX_NETWORKS = 256, /* allowfrom entries */
	MESSAGE_MAX_TOKEN = 64	    /* bytes of a registration token as presented; ours have 46 */
};

/* What every registration token begins with. */
#define MESSAGE_TOKEN_PREFIX "sp_"

struct message_header {
	uint16_t type;
	uint16_t flags; /* none defined: must be 0 */
	uint32_t length;
	uint64_t id; /* chosen by the asker, repeated in the answer; 0 where nothing is asked */
};

/* What came out of one recvmsg(2). */
struct message_received {
	const unsigned char *data;
	size_t length;
	unsigned fds;  /* descriptors that came with it */
	int truncated; /* MSG_TRUNC or MSG_CTRUNC was set */
};

/*
 * One row of a receiver's table. `handle` decodes the body with a bounded reader and acts;
 * -1 means that the body broke the protocol. It owns `fd` (-1 when the row wants none, or several, which
 * only a door hands on).
 */
struct message_rule {
	uint16_t type;
	uint32_t states;  /* bit set of 1 << state */
	uint32_t minimum; /* body bytes */
	uint32_t maximum;
	unsigned fds; /* exactly */
	int (*handle)(void *context, uint64_t id, struct reader *body, int fd);
};

enum message_verdict {
	MESSAGE_ACCEPTED,
	MESSAGE_TRUNCATED,
	MESSAGE_BAD_LENGTH, /* the header's length is not what was received */
	MESSAGE_BAD_FLAGS,
	MESSAGE_UNKNOWN, /* not in the table */
	MESSAGE_WRONG_STATE,
	MESSAGE_BAD_SIZE,
	MESSAGE_BAD_FDS,
	MESSAGE_BAD_BODY /* its handler refused it */
};

/* "accepted", "header length", ... for a log line. */
const char *message_verdict_text(enum message_verdict verdict);

/*
 * Checks in the order of the enum; on MESSAGE_ACCEPTED `header` is filled and `rule` is the
 * row to call.
 */
enum message_verdict message_check(const struct message_rule *rules, size_t count, unsigned state,
    const struct message_received *received, struct message_header *header,
    const struct message_rule **rule);

/* Starts a message in `buffer` (MESSAGE_MAX bytes); the body is then written with writer_*. */
void message_begin(
    struct writer *writer, unsigned char buffer[MESSAGE_MAX], enum message_type type, uint64_t id);

/* Changes the id of a message that is being written. */
void message_set_id(struct writer *writer, uint64_t id);

/* Fills in the length. Returns the bytes to send, or 0 if the body did not fit. */
size_t message_end(struct writer *writer);

/* HELLO and its answer. */
enum message_role { MESSAGE_ROLE_DNSD = 1, MESSAGE_ROLE_APID = 2, MESSAGE_ROLE_CONTROL = 3 };

struct message_hello {
	uint16_t version;
	uint8_t role;
};

void message_put_hello(struct writer *writer, const struct message_hello *hello);
int message_get_hello(struct reader *reader, struct message_hello *hello);

/* Body of STATISTICS: one source's part of the table (statistic.h), each value in this many bytes. */
enum { MESSAGE_STATISTIC = 8 };

void message_put_statistics(
    struct writer *writer, enum statistic_source source, const uint64_t values[STATISTICS]);

/* Reads it into the source's part of `values`; on -1 nothing was changed. */
int message_get_statistics(
    struct reader *reader, enum statistic_source source, uint64_t values[STATISTICS]);

/* Body of ALL_STATISTICS_ANSWER and METRICS_ANSWER: all of the table, one source after the other. */
void message_put_all_statistics(struct writer *writer, const uint64_t values[STATISTICS]);
int message_get_all_statistics(struct reader *reader, uint64_t values[STATISTICS]);

/*
 * The state of one name: what SNAPSHOT_CHUNK and DELTA carry, one after the other until the
 * body ends. A name that exists without values has count 0; a deleted one `exists` 0.
 */
struct message_name {
	uint64_t
	    commit; /* of the change that made it so; the higher wins. 0: of none, it is in no database */
	struct slice label; /* 1 to 63 bytes, lower case */
	uint8_t exists;	    /* 0 or 1 */
	uint8_t count;	    /* values, oldest first */
	struct slice values[MESSAGE_MAX_VALUES];
	uint64_t ends[MESSAGE_MAX_VALUES]; /* of each value: when it is no longer to be served,
					      seconds since 1970; 0: never */
};

/* Bytes that message_put_name() will write. */
size_t message_name_size(const struct message_name *name);
void message_put_name(struct writer *writer, const struct message_name *name);

/* Reads one; 0, or -1 on a body that is malformed. The slices point into the reader's bytes. */
int message_get_name(struct reader *reader, struct message_name *name);

/* What store made of a request. */
enum message_result {
	MESSAGE_RESULT_OK = 0,
	MESSAGE_RESULT_FORBIDDEN = 1,		   /* 401 forbidden */
	MESSAGE_RESULT_BAD_SUBDOMAIN = 2,	   /* 400 bad_subdomain */
	MESSAGE_RESULT_BAD_TXT = 3,		   /* 400 bad_txt */
	MESSAGE_RESULT_BAD_NETWORK = 4,		   /* 400 invalid_allowfrom_cidr */
	MESSAGE_RESULT_DB_ERROR = 5,		   /* 500 db_error: nothing was changed */
	MESSAGE_RESULT_BUSY = 6,		   /* 503: a queue is full, nothing was tried */
	MESSAGE_RESULT_REGISTRATION_CLOSED = 7,	   /* 404 */
	MESSAGE_RESULT_REGISTRATION_FORBIDDEN = 8, /* 403 registration_forbidden */
	MESSAGE_RESULT_TOO_MANY_REQUESTS = 9,	   /* 429: of this client's address */
	MESSAGE_RESULT_TAKEN = 10,   /* the name was given out before; random ones never meet */
	MESSAGE_RESULT_NO_ROOM = 11, /* 507 insufficient_storage: store.reserve is reached */
	MESSAGE_RESULTS
};

struct message_register {
	struct client_address client;
	struct slice token; /* as presented, at most MESSAGE_MAX_TOKEN; empty: none */
	uint16_t count;
	struct slice
	    networks[MESSAGE_MAX_NETWORKS]; /* as the client wrote them, below NETWORK_MAX_TEXT */
};

void message_put_register(struct writer *writer, const struct message_register *request);
int message_get_register(struct reader *reader, struct message_register *request);

struct message_register_answer {
	uint8_t result;	       /* enum message_result; the rest only with MESSAGE_RESULT_OK */
	struct slice username; /* 36 characters */
	struct slice password; /* MESSAGE_KEY characters */
	struct slice subdomain;
	uint16_t count;
	struct slice networks[MESSAGE_MAX_NETWORKS]; /* without brackets */
};

void message_put_register_answer(
    struct writer *writer, const struct message_register_answer *answer);
int message_get_register_answer(struct reader *reader, struct message_register_answer *answer);

/*
 * One of the updates in a message, which has those of many clients: it is the kernel's work for each message that
 * costs. Each has its id and its answer; the headers of UPDATE and UPDATE_ANSWER have none.
 */
struct message_update {
	uint64_t id;
	struct client_address client;
	struct slice username;	/* at most MESSAGE_MAX_USER, as the client wrote it */
	struct slice key;	/* exactly MESSAGE_KEY */
	struct slice subdomain; /* at most MESSAGE_MAX_SUBDOMAIN */
	struct slice txt;	/* at most MESSAGE_MAX_ASKED_TXT */
};

enum {
	/* bytes of one in a message */
	MESSAGE_LEAST_UPDATE = 8 + 16 + 1 + 1 + MESSAGE_KEY + 1 + 2,
	MESSAGE_MOST_UPDATE =
	    MESSAGE_LEAST_UPDATE + MESSAGE_MAX_USER + MESSAGE_MAX_SUBDOMAIN + MESSAGE_MAX_ASKED_TXT,
	MESSAGE_UPDATE_ANSWER_SIZE = 8 + 1
};

/* What follows in the message is left to the next call. */
void message_put_update(struct writer *writer, const struct message_update *request);
int message_get_update(struct reader *reader, struct message_update *request);

struct message_update_answer {
	uint64_t id;
	uint8_t result; /* enum message_result */
};

void message_put_update_answer(struct writer *writer, const struct message_update_answer *answer);
int message_get_update_answer(struct reader *reader, struct message_update_answer *answer);

/* What an account's owner wants done with it, after which he is told what it is then. */
enum message_account_action {
	MESSAGE_ACCOUNT_READ = 1,
	MESSAGE_ACCOUNT_NETWORKS = 2, /* change allowfrom to `networks` */
	MESSAGE_ACCOUNT_ROTATE = 3,   /* make a new key */
	MESSAGE_ACCOUNT_REMOVE = 4,   /* take the value `txt` away */
	MESSAGE_ACCOUNT_CLEAR = 5,    /* take all values away */
	MESSAGE_ACCOUNT_DELETE = 6,
	MESSAGE_ACCOUNT_ACTIONS
};

struct message_account {
	uint8_t action; /* enum message_account_action */
	struct client_address client;
	struct slice username; /* at most MESSAGE_MAX_USER, as the client wrote it */
	struct slice key;      /* exactly MESSAGE_KEY */
	struct slice
	    subdomain;	  /* at most MESSAGE_MAX_SUBDOMAIN; empty: whichever is the account's */
	struct slice txt; /* at most MESSAGE_MAX_ASKED_TXT; only with MESSAGE_ACCOUNT_REMOVE */
	uint16_t count;	  /* only with MESSAGE_ACCOUNT_NETWORKS */
	struct slice
	    networks[MESSAGE_MAX_NETWORKS]; /* as the client wrote them, below NETWORK_MAX_TEXT */
};

void message_put_account(struct writer *writer, const struct message_account *request);
int message_get_account(struct reader *reader, struct message_account *request);

/* The rest only with MESSAGE_RESULT_OK; of a deleted account only its names. */
struct message_account_answer {
	uint8_t result;	       /* enum message_result */
	uint8_t action;	       /* what was asked */
	struct slice username; /* 36 characters */
	struct slice password; /* MESSAGE_KEY characters of a new key; empty: it was not changed */
	struct slice subdomain;
	uint64_t created; /* seconds since 1970 */
	uint64_t updated; /* likewise; 0: never */
	uint16_t count;
	struct slice networks[MESSAGE_MAX_NETWORKS];
	uint8_t value_count;
	struct slice values[MESSAGE_MAX_VALUES]; /* oldest first */
	uint64_t times[MESSAGE_MAX_VALUES];	 /* of each: when it was set, seconds since 1970 */
};

void message_put_account_answer(struct writer *writer, const struct message_account_answer *answer);
int message_get_account_answer(struct reader *reader, struct message_account_answer *answer);

/* What there is, of READY_ANSWER: bits. */
enum {
	MESSAGE_READY_LINKED = 1,	/* dnsd is linked */
	MESSAGE_READY_SYNCHRONISED = 2, /* and has all names */
	MESSAGE_READY_ROOM = 4,		/* for more accounts (store.reserve) */
	MESSAGE_READY_PARTS = 7
};

/* Body of READY_ANSWER. */
void message_put_ready(struct writer *writer, unsigned parts);
int message_get_ready(struct reader *reader, unsigned *parts);

enum { MESSAGE_MAX_REASON = 255, MESSAGE_MAX_KEYS = 1024 };

/* Body of RELOAD: u64 conf_environment_digest() of the environment that the configuration was read in. */
enum { MESSAGE_RELOAD_BODY = 8 };

/* Body of RELOAD_ANSWER. */
struct message_reload_answer {
	uint8_t is_busy;     /* 1: refused because another reload is under way; try again */
	struct slice reason; /* why it was refused, in one line; empty: it was not */
	struct slice keys;   /* "dns.listen, dns.workers": what is different and needs a restart */
};

void message_put_reload_answer(struct writer *writer, const struct message_reload_answer *answer);
int message_get_reload_answer(struct reader *reader, struct message_reload_answer *answer);

#endif
