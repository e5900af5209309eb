/*
 * The records that the database keeps, and their bytes on disk. Pure.
 *
 * Every record starts with a CRC-32C over its key and the rest, and the number of its format,
 * so that a damaged or misplaced one is refused instead of served.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "address.h"
#include "message.h"
#include "pack.h"
#include "uuid.h"

enum {
	RECORD_FORMAT = 1,
	RECORD_MAX_HASH = 100, /* a bcrypt hash has 60 */
	RECORD_MAX_TOKEN = 64, /* bytes of a token's name */
	RECORD_TOKEN_HASH = 32,
	RECORD_MAX_TOKEN_NETWORKS = 64,
	RECORD_MAX = MESSAGE_MAX /* bytes of any record */
};

/* Key: the user name's 16 bytes. */
struct account_record {
	struct slice subdomain;
	struct slice hash;  /* crypt(5) */
	uint64_t created;   /* seconds since 1970 */
	struct slice token; /* name of the token it was registered with; empty: none */
	uint16_t network_count;
	struct slice networks[MESSAGE_MAX_NETWORKS]; /* as the client gets them back */
};

struct value_record {
	uint64_t
	    sequence;  /* the commit that set or renewed it: what orders values, never a clock */
	uint64_t time; /* seconds since 1970 */
	struct slice text;
};

/* Key: the label. The name of a deleted account stays as a retired one, so that it is never given out again. */
struct name_record {
	struct uuid owner;
	uint64_t sequence; /* the commit that changed the name last */
	uint64_t updated;  /* seconds since 1970; 0: never */
	uint8_t
	    retired; /* 1: its account was deleted, it has no values, and DNS does not know it */
	uint8_t count;
	struct value_record values[MESSAGE_MAX_VALUES]; /* oldest first */
};

/* What the zone allows of a name's values. */
struct record_limits {
	unsigned values;   /* of one name; 1 to MESSAGE_MAX_VALUES */
	uint32_t lifetime; /* seconds that a value is served; 0: they have no end */
	uint32_t text;	   /* bytes of one value, at most MESSAGE_MAX_TXT */
	int empty_clears;  /* an empty text takes all values away */
};

/*
 * A registration token. Key: its name, 1 to RECORD_MAX_TOKEN bytes of [A-Za-z0-9._-]. The secret itself is kept
 * nowhere.
 */
struct token_record {
	unsigned char hash[RECORD_TOKEN_HASH]; /* SHA-256 of the secret */
	uint64_t created;		       /* seconds since 1970; so are the following */
	uint64_t expires;		       /* 0: never */
	uint64_t revoked;		       /* 0: it was not */
	uint64_t quota;			       /* accounts it is good for; 0: any number */
	uint64_t used;			       /* accounts registered with it */
	uint64_t last_used;		       /* 0: never */
	struct client_address last_client;
	uint16_t network_count;
	struct network
	    networks[RECORD_MAX_TOKEN_NETWORKS]; /* where it may be used; none: anywhere */
};

/*
 * Writes the record into `writer`, which starts empty; writer->failed tells whether it fitted.
 */
void account_record_encode(
    const struct account_record *account, const struct uuid *key, struct writer *writer);
void name_record_encode(const struct name_record *name, struct slice key, struct writer *writer);
void token_record_encode(const struct token_record *token, struct slice key, struct writer *writer);

/* Reads it; the slices point into `bytes`. 0, or -1: damaged, or of an unknown format. */
int account_record_decode(
    struct account_record *account, const struct uuid *key, struct slice bytes);
int name_record_decode(struct name_record *name, struct slice key, struct slice bytes);
int token_record_decode(struct token_record *token, struct slice key, struct slice bytes);

/*
 * Sets a value: one that is there already is only renewed, so that there are never two equal
 * records and a retry pushes no other value out; otherwise the oldest makes room when there
 * are `maximum` (1 to MESSAGE_MAX_VALUES). `text` is borrowed.
 */
void name_record_set(struct name_record *name, struct slice text, unsigned maximum,
    uint64_t sequence, uint64_t time);

/* Takes all values away. */
void name_record_clear(struct name_record *name, uint64_t sequence, uint64_t time);

/* Takes the name out of use for ever. */
void name_record_retire(struct name_record *name, uint64_t sequence, uint64_t time);

/* Takes one value away; a text that is not there changes nothing else. */
void name_record_remove(
    struct name_record *name, struct slice text, uint64_t sequence, uint64_t time);

/* Takes away the values whose `lifetime` (see struct record_limits) is over at `now`. */
void name_record_expire(struct name_record *name, uint32_t lifetime, uint64_t now);

/*
 * The name's state as it crosses the link to dnsd, which takes care of the ends by itself; borrows from
 * `name` and `label`. `lifetime` as above.
 */
struct message_name name_record_message(
    const struct name_record *name, struct slice label, uint32_t lifetime);

#endif
