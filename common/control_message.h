/*
 * Bodies of the messages about accounts between the administrator's programs and store; their types are in message.h.
 * Pure. The readers return 0, or -1 on a body that is malformed; the slices they give point into the reader's
 * bytes.
 */
#ifndef COMMON_CONTROL_MESSAGE_H
#define COMMON_CONTROL_MESSAGE_H

#include "message.h"

enum {
	CONTROL_USERNAME = 36,	/* characters of a user name, a UUID */
	CONTROL_MAX_HASH = 100, /* bytes; a bcrypt hash has 60 */
	CONTROL_MAX_TOKEN = 64, /* bytes of a token's name */
	CONTROL_MAX_KEY = 255,	/* bytes of a key that is imported; a right one has MESSAGE_KEY */
	CONTROL_PAGE = 512,	/* accounts of a page at the most */
	CONTROL_CANDIDATES = 8	/* names that begin like one that is nobody's */
};

struct control_value {
	uint64_t time; /* seconds since 1970 */
	struct slice text;
};

/* An account as the administrator sees it. Any one fits into a message. */
struct control_account {
	struct slice username; /* CONTROL_USERNAME characters */
	struct slice subdomain;
	struct slice hash;  /* crypt(5); empty unless it was asked for */
	struct slice token; /* name of the token it was registered with; may be empty */
	uint64_t created;   /* seconds since 1970 */
	uint64_t updated;   /* likewise; 0: never */
	uint16_t network_count;
	struct slice networks[MESSAGE_MAX_NETWORKS];
	uint8_t value_count;
	struct control_value values[MESSAGE_MAX_VALUES]; /* oldest first */
};

void control_put_account(struct writer *writer, const struct control_account *account);
int control_get_account(struct reader *reader, struct control_account *account);

/*
 * LIST_ACCOUNTS: a page of all accounts in the order of their user names. The answer is a struct control_page, as many
 * accounts as it says, and the user name to go on behind, which is empty at the end.
 */
struct control_list {
	struct slice after; /* the user name to go on behind; empty: from the first */
	uint16_t
	    maximum; /* accounts of the page, 1 to CONTROL_PAGE; fewer come where a message holds no more */
	uint8_t hashes; /* 1: with the keys' hashes */
};

struct control_page {
	uint8_t result; /* enum message_result: OK or DB_ERROR */
	uint16_t count;
};

void control_put_list(struct writer *writer, const struct control_list *request);
int control_get_list(struct reader *reader, struct control_list *request);

/* The page's head has a fixed size: it may be written first, and again when the accounts are known. */
void control_put_page(struct writer *writer, const struct control_page *page);
int control_get_page(struct reader *reader, struct control_page *page);
void control_put_next(struct writer *writer, struct slice next);
int control_get_next(struct reader *reader, struct slice *next);

/*
 * FIND_ACCOUNT: by its whole user name or its whole subdomain. The answer says what was found, and is followed by the
 * account, or, where there is none, by a struct control_candidates. Which of these was meant is for people to say:
 * store never takes a beginning for a name.
 */
enum control_found {
	CONTROL_FOUND_NONE,
	CONTROL_FOUND_ONE,
	CONTROL_FOUND_FAILED /* the database could not be read */
};

void control_put_find(struct writer *writer, struct slice who);
int control_get_find(struct reader *reader, struct slice *who);
void control_put_found(struct writer *writer, enum control_found found);
int control_get_found(struct reader *reader, enum control_found *found);

/* One name of each account with a user name or a subdomain that begins like what was asked for. */
struct control_candidates {
	uint8_t count;
	uint8_t more; /* 1: there are others, too */
	struct slice
	    names[CONTROL_CANDIDATES]; /* whole, not empty, at most MESSAGE_MAX_SUBDOMAIN */
};

void control_put_candidates(struct writer *writer, const struct control_candidates *candidates);
int control_get_candidates(struct reader *reader, struct control_candidates *candidates);

/* ADD_ACCOUNT, answered as a registration is (struct message_register_answer). */
struct control_add {
	struct slice subdomain; /* empty: a random one */
	uint16_t network_count;
	struct slice networks[MESSAGE_MAX_NETWORKS];
};

void control_put_add(struct writer *writer, const struct control_add *request);
int control_get_add(struct reader *reader, struct control_add *request);

/* CHANGE_ACCOUNT: one thing about one account. */
enum control_action {
	CONTROL_DELETE,
	CONTROL_ROTATE_KEY,
	CONTROL_CHANGE_NETWORKS,
	CONTROL_SET_VALUE,
	CONTROL_REMOVE_VALUE,
	CONTROL_REMOVE_VALUES,
	CONTROL_ACTIONS
};

struct control_change {
	uint8_t action;
	struct slice username;	/* CONTROL_USERNAME characters */
	struct slice text;	/* of CONTROL_SET_VALUE and CONTROL_REMOVE_VALUE; empty otherwise */
	uint16_t network_count; /* of CONTROL_CHANGE_NETWORKS; 0 otherwise */
	struct slice networks[MESSAGE_MAX_NETWORKS];
};

struct control_changed {
	uint8_t result; /* enum message_result; FORBIDDEN: there is no such account */
	struct slice
	    key; /* of CONTROL_ROTATE_KEY with MESSAGE_RESULT_OK: the new one; empty otherwise */
};

void control_put_change(struct writer *writer, const struct control_change *request);
int control_get_change(struct reader *reader, struct control_change *request);
void control_put_changed(struct writer *writer, const struct control_changed *answer);
int control_get_changed(struct reader *reader, struct control_changed *answer);

/*
 * IMPORT: accounts, one after the other. The answer has one byte for each, in the same order: an enum
 * control_imported, perhaps with CONTROL_VALUES_LEFT_OUT.
 */
enum {
	CONTROL_IMPORT_SMALLEST = 61, /* bytes of the smallest account in an IMPORT */
	CONTROL_IMPORT_MOST = (MESSAGE_MAX - MESSAGE_HEADER) / CONTROL_IMPORT_SMALLEST
};

/* The account's times may be 0: unknown. Its hash is empty where the key itself is given. */
struct control_import {
	struct control_account account;
	struct slice key; /* at most CONTROL_MAX_KEY bytes; empty where its hash is given */
};

void control_put_import(struct writer *writer, const struct control_import *import);

/* Reads one of those that follow one another. */
int control_get_import(struct reader *reader, struct control_import *import);

enum control_imported {
	CONTROL_ADDED,
	CONTROL_RENEWED,   /* was there, and took values that are newer than its last update */
	CONTROL_UNCHANGED, /* was there */
	/* From here on: refused. */
	CONTROL_BAD_USERNAME,
	CONTROL_BAD_SUBDOMAIN,
	CONTROL_BAD_HASH,
	CONTROL_BAD_KEY,
	CONTROL_BAD_NETWORK,
	CONTROL_NAME_TAKEN,	 /* by another account, perhaps one that was deleted */
	CONTROL_NAME_FIXED,	 /* by a fixed record of the zone */
	CONTROL_OTHER_KEY,	 /* the account is there with another key, */
	CONTROL_OTHER_SUBDOMAIN, /* another subdomain, */
	CONTROL_OTHER_NETWORKS,	 /* or another allowfrom */
	CONTROL_NO_ROOM,	 /* on the disk, or below store.map_max */
	CONTROL_IMPORT_FAILED,	 /* store's log says more */
	CONTROL_IMPORT_STOPPED,	 /* store is stopping; not tried */
	CONTROL_IMPORTED
};

/* Set where not all values were taken: a text that no client may set, or more than a name has. */
enum { CONTROL_VALUES_LEFT_OUT = 0x80 };

/*
 * SHOW_TRIAL has no body: dnsd is to serve a random name with a random value, both in no database. There is one at a time: whoever
 * asks while it is served is told the same, and from then on it is served for as long again.
 */
enum { CONTROL_TRIAL_SECONDS = 300, CONTROL_TRIAL_LABEL = 36, CONTROL_TRIAL_VALUE = 43 };

/* Body of SHOW_TRIAL_ANSWER. */
struct control_trial {
	uint8_t result; /* MESSAGE_RESULT_OK, or BUSY: dnsd is not linked; then both are empty */
	struct slice label, value;
};

void control_put_trial(struct writer *writer, const struct control_trial *trial);
int control_get_trial(struct reader *reader, struct control_trial *trial);

#endif
