/*
 * What apid's clients were granted or refused, in the audit (audit.h). Pure but for that. The reasons stay in the log:
 * clients learn less.
 */
#ifndef STORE_REQUEST_LOG_H
#define STORE_REQUEST_LOG_H

#include "accounts.h"
#include "audit.h"

/* Why credentials, an address or a subdomain were not enough: of a result FORBIDDEN. */
enum request_objection {
	REQUEST_UNOBJECTED,
	REQUEST_NO_ACCOUNT,
	REQUEST_WRONG_KEY,
	REQUEST_WRONG_ADDRESS,
	REQUEST_WRONG_SUBDOMAIN
};

/* What all of them have. */
struct request_log {
	struct audit *audit;
	const struct client_address *client;
	const struct uuid *username; /* NULL: it is none */
	struct slice subdomain;	     /* of what was granted */
	enum message_result result;
	enum request_objection objection;
};

/* `token`: the name of the one that was spent; empty: none. Whom registration_judge() refuses, it has logged. */
void request_log_registration(const struct request_log *log, struct slice token);

/* `clears`: all values were to be taken away. */
void request_log_update(const struct request_log *log, int clears);

/* Reading an account is logged only where it was refused. */
void request_log_account(const struct request_log *log, enum message_account_action action);

#endif
