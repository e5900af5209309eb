/*
 * Who may do what: the decisions behind the API's calls, in the order that clients
 * know. Pure; the credentials have been checked by the time an update is judged.
 */
#ifndef STORE_AUTHORITY_H
#define STORE_AUTHORITY_H

#include "message.h"
#include "record.h"

enum { AUTHORITY_TXT = 43 }; /* characters of base64url in a DNS-01 value (RFC 8555, 8.4) */

/*
 * Judges an update by `account`'s owner: address, then ownership of the subdomain
 * (both FORBIDDEN), then the stored name (BAD_SUBDOMAIN), and only then the text (BAD_TXT). Where texts
 * may have AUTHORITY_TXT bytes, they must be DNS-01 values; where they may be longer, any UTF-8 text without
 * control characters, of at least one byte.
 */
enum message_result authority_judge_update(const struct account_record *account,
    const struct message_update *update, const struct record_limits *limits);

/* 1 if a name may have this value. */
int authority_value_is_valid(struct slice txt, const struct record_limits *limits);

/* 1 if the text asks for all values to be taken away: "__VOID__", and where it is wanted the empty one. */
int authority_is_clear(struct slice txt, const struct record_limits *limits);

/*
 * Judges whatever else `account`'s owner wants of it: address, then ownership of the subdomain, if one is named (both
 * FORBIDDEN).
 */
enum message_result authority_judge_account(const struct account_record *account,
    const struct client_address *client, struct slice subdomain);

/*
 * Checks the `count` (at most MESSAGE_MAX_NETWORKS) entries of an allowfrom and fills `networks` with the texts that
 * the account keeps, which point into `clean`. MESSAGE_RESULT_OK or MESSAGE_RESULT_BAD_NETWORK.
 */
enum message_result authority_judge_networks(const struct slice *written, unsigned count,
    char clean[MESSAGE_MAX_NETWORKS][NETWORK_MAX_TEXT], struct slice *networks);

#endif
