/*
 * What a request means: the checks of acme-dns that need no account, what store is asked, and
 * what is answered. Pure.
 *
 * The order on /update is credentials, JSON, subdomain (all 401), and only then the text: what store
 * has to judge first goes there, however wrong the rest is. On the account's calls unreadable JSON is 400.
 */
#ifndef APID_API_H
#define APID_API_H

#include "body.h"
#include "message.h"
#include "name.h"
#include "page.h"
#include "request.h"
#include "response.h"
#include "route.h"

enum {
	API_MAX_ECHO = MESSAGE_MAX_TXT /* bytes; store accepts no value that is longer */
};

struct api {
	char zone[NAME_MAX_TEXT]; /* without a final dot */
	int registration_disabled;
	int metrics_only;	 /* on the metrics' listener, where there is nothing else */
	const char *prefix;	 /* calls live under it; "" or a path */
	const char *base_url;	 /* told to whoever registers; NULL: none is */
	const struct page *page; /* borrowed; NULL: there is none */
	/* Seconds after which a client that is limited may do one more. */
	unsigned register_wait, failure_wait;
};

enum api_step {
	API_ANSWER,   /* the response is ready */
	API_REGISTER, /* store is to be asked */
	API_UPDATE,
	API_ACCOUNT,
	API_METRICS,
	API_READY
};

/* What a request asks of store; its slices point into itself and into the request. */
struct api_call {
	enum route route;
	struct body body; /* owned */
	union {
		struct message_register registration;
		struct message_update update;
		struct message_account account;
	} message;
};

/* What must be kept of an update until store has answered. */
struct api_echo {
	char txt[API_MAX_ECHO];
	size_t length;
};

/*
 * Judges by the head alone whether the body is worth sending: 0, or -1 with `response` set.
 */
int api_judge_head(const struct api *api, const struct request *request, struct response *response);

/*
 * Reads a complete request. API_ANSWER: `response` is set; otherwise `call` holds the message, valid
 * as long as `call` and `request` are. api_call_free() in any case.
 */
enum api_step api_read(const struct api *api, const struct request *request,
    const struct client_address *client, struct api_call *call, struct response *response);

/* 1 if the credentials have the form of some. */
int api_has_credentials(const struct request *request);

void api_call_free(struct api_call *call);

/* Keeps the value of an update; one that is too long is not kept, store will not accept it. */
void api_keep_echo(struct api_echo *echo, const struct message_update *update);

/* These turn store's answer into ours. */
void api_answer_register(
    const struct api *api, const struct message_register_answer *answer, struct response *response);
void api_answer_account(const struct api *api, enum route route,
    const struct message_account_answer *answer, struct response *response);
void api_answer_update(const struct api *api, enum message_result result,
    const struct api_echo *echo, struct response *response);

#endif
