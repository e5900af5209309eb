/*
 * Bodies of the messages about registration tokens between the administrator's programs and store; their types are in
 * message.h. Pure. The readers return 0, or -1 on a body that is malformed; the slices they give point into the
 * reader's bytes.
 */
#ifndef COMMON_TOKEN_MESSAGE_H
#define COMMON_TOKEN_MESSAGE_H

#include "control_message.h"

enum {
	TOKEN_MESSAGE_NETWORKS = 64, /* where one token may be used */
	TOKEN_MESSAGE_PAGE = 20,     /* tokens of a page; any fit into a message */
	TOKEN_MESSAGE_ACCOUNTS = 200 /* accounts of a page; likewise */
};

/* 1 for 1 to CONTROL_MAX_TOKEN bytes of [A-Za-z0-9._-]. */
int token_message_name_is_valid(struct slice name);

/* A token as the administrator sees it; times are seconds since 1970. */
struct token_message {
	struct slice name;
	uint64_t created;
	uint64_t expires;   /* 0: never */
	uint64_t revoked;   /* 0: it was not */
	uint64_t quota;	    /* accounts it is good for; 0: any number */
	uint64_t used;	    /* accounts registered with it */
	uint64_t last_used; /* 0: never */
	struct client_address last_client;
	uint16_t network_count; /* 0: it may be used from anywhere */
	struct network networks[TOKEN_MESSAGE_NETWORKS];
};

void token_message_put(struct writer *writer, const struct token_message *token);
int token_message_get(struct reader *reader, struct token_message *token);

/* ADD_TOKEN: a token of which name, expires, quota and networks count. The answer has the secret. */
struct token_message_added {
	uint8_t result;	     /* enum message_result; TAKEN: there is, or was, one of that name */
	struct slice secret; /* with OK; empty otherwise */
};

void token_message_put_added(struct writer *writer, const struct token_message_added *answer);
int token_message_get_added(struct reader *reader, struct token_message_added *answer);

/*
 * REVOKE_TOKEN and READ_TOKEN name one. The answer is a result, FORBIDDEN where there is none; READ_TOKEN's is followed
 * by the token if it is OK.
 */
void token_message_put_name(struct writer *writer, struct slice name);
int token_message_get_name(struct reader *reader, struct slice *name);
void token_message_put_result(struct writer *writer, enum message_result result);
int token_message_get_result(struct reader *reader, enum message_result *result);

/* LIST_TOKENS: those behind a name, empty: from the first. The answer is a page's head and as many tokens as it says. */
struct token_message_page {
	uint8_t result; /* OK or DB_ERROR */
	uint16_t count;
	uint8_t more; /* 1: ask again for what is behind the last one */
};

void token_message_put_after(struct writer *writer, struct slice name);
int token_message_get_after(struct reader *reader, struct slice *name);
void token_message_put_page(struct writer *writer, const struct token_message_page *page);
int token_message_get_page(struct reader *reader, struct token_message_page *page);

/*
 * LIST_TOKEN_ACCOUNTS: the accounts that were registered with a token and are still there, among some of those behind
 * a user name. The answer is a page's head, as many accounts as it says, and where there is more, also behind a page
 * without any, the user name to go on behind.
 */
struct token_message_accounts {
	struct slice token;
	struct slice after; /* empty, or CONTROL_USERNAME characters */
};

struct token_message_account {
	struct slice username;
	struct slice subdomain;
	uint64_t created; /* seconds since 1970 */
};

void token_message_put_accounts(
    struct writer *writer, const struct token_message_accounts *request);
int token_message_get_accounts(struct reader *reader, struct token_message_accounts *request);
void token_message_put_next(struct writer *writer, struct slice username);
int token_message_get_next(struct reader *reader, struct slice *username);
void token_message_put_account(struct writer *writer, const struct token_message_account *account);
int token_message_get_account(struct reader *reader, struct token_message_account *account);

#endif
