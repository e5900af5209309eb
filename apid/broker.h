/*
 * apid's end of the link to store: greets, asks, and matches answers to those who wait for them.
 *
 * Not more than PENDING_MAX requests are outstanding. When the link ends, or store does not answer
 * within PENDING_PATIENCE_MS, the owner is told that the outcome is unknown. A message that
 * breaks the rules ends the process with status 1 (docs/architecture.md, "Who trusts whom").
 */
#ifndef APID_BROKER_H
#define APID_BROKER_H

#include "message.h"
#include "statistic.h"

#include <stdint.h>
#include <uv.h>

struct broker_config {
	/* `owner` is what was given with the request; exactly one of these is called for it. */
	void *context;
	void (*registered)(
	    void *context, void *owner, const struct message_register_answer *answer);
	void (*updated)(void *context, void *owner, enum message_result result);
	void (*account)(void *context, void *owner, const struct message_account_answer *answer);
	void (*metrics)(void *context, void *owner, const uint64_t values[STATISTICS]);
	void (*ready)(void *context, void *owner, unsigned parts);
	void (*failed)(void *context, void *owner);
	struct statistic_counters *counters; /* reported to store; outlive the broker */
};

enum broker_verdict {
	BROKER_ASKED,
	BROKER_NO_LINK, /* store is not there, or has not greeted yet */
	BROKER_FULL	/* the bound of outstanding requests or of the link's queue is reached */
};

struct broker;

/* Fatal when memory is short. */
struct broker *broker_open(uv_loop_t *loop, const struct broker_config *config);

/* A new link from the door: it replaces the one before. `broker` is a struct broker. */
void broker_take_link(void *broker, int fd);

/* Ask store; with BROKER_ASKED `ticket` is what broker_forget() wants. */
enum broker_verdict broker_register(
    struct broker *broker, const struct message_register *request, void *owner, uint64_t *ticket);
enum broker_verdict broker_update(
    struct broker *broker, const struct message_update *request, void *owner, uint64_t *ticket);
enum broker_verdict broker_account(
    struct broker *broker, const struct message_account *request, void *owner, uint64_t *ticket);

/* 1 while store answers. */
int broker_is_linked(const struct broker *broker);

/* Asks for what all processes count, after having reported what this one does. */
enum broker_verdict broker_metrics(struct broker *broker, void *owner, uint64_t *ticket);

/* Asks what is ready. */
enum broker_verdict broker_ready(struct broker *broker, void *owner, uint64_t *ticket);

/* What this process counts, alone. */
void broker_own_statistics(struct broker *broker, uint64_t values[STATISTICS]);

/* The owner does not wait any more. A ticket that has had its answer is accepted. */
void broker_forget(struct broker *broker, uint64_t ticket);

/* Reports for the last time, and closes link and timers; nobody is told any more. */
void broker_close(struct broker *broker);

#endif
