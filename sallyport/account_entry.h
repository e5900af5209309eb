/*
 * One account as files of accounts have it, from acme-dns or from our own export. Nothing is judged here: that is
 * store's part.
 */
#ifndef SALLYPORT_ACCOUNT_ENTRY_H
#define SALLYPORT_ACCOUNT_ENTRY_H

#include "message.h"

enum { ACCOUNT_ENTRY_WHY = 160 }; /* bytes of a reason, NUL included */

struct account_value {
	uint64_t time; /* seconds since 1970; 0: unknown */
	struct slice text;
};

/* The texts are borrowed from whoever read the account, until he reads the next one. */
struct account_entry {
	struct slice username;
	struct slice hash;     /* crypt(5); empty where the key itself is given */
	struct slice password; /* the key; empty where its hash is given */
	struct slice subdomain;
	struct slice token; /* name of the token it was registered with; may be empty */
	uint64_t created;   /* seconds since 1970; 0: unknown */
	uint64_t updated;   /* likewise; 0: unknown, or never */
	uint16_t network_count;
	struct slice networks[MESSAGE_MAX_NETWORKS];
	uint8_t value_count;
	struct account_value values[MESSAGE_MAX_VALUES]; /* oldest first */
};

/* What reading the next account came to. */
enum account_entry_result {
	ACCOUNT_ENTRY_END,
	ACCOUNT_ENTRY_READ,
	ACCOUNT_ENTRY_REFUSED, /* this one only; `why` says why, and the name is known if it could be read */
	ACCOUNT_ENTRY_FAILED /* the whole file, from here on; `why` says why */
};

#endif
