/*
 * What apid asks for, from the message to the answer: authenticated, judged, done (accounts.h), answered.
 */
#ifndef STORE_REQUESTS_H
#define STORE_REQUESTS_H

#include "accounts.h"
#include "registration.h"
#include "summary.h"

#include <uv.h>

enum {
	REQUESTS_MAX = 1024,	     /* under way at once; more are answered BUSY */
	REQUESTS_QUEUE = 1024 * 1024 /* bytes of answers waiting for apid */
};

struct requests_config {
	struct accounts *accounts;
	struct database *database; /* for reading */
	struct summary *summary;   /* outlives the requests */
	struct audit *audit;	   /* likewise */
	uid_t apid_uid;
	struct registration *registration; /* outlives the requests */
	struct record_limits limits;
};

struct requests;

/* Starts dialling apid. Fatal on failure. */
struct requests *requests_start(uv_loop_t *loop, const struct requests_config *config);

/* Other limits from now on. */
void requests_change_limits(struct requests *requests, const struct record_limits *limits);

/* 1 while apid may ask. */
int requests_is_linked(const struct requests *requests);

/*
 * Refuses what is new, finishes what is under way, then ends the link and frees. The accounts are to be stopped
 * after it.
 */
void requests_stop(struct requests *requests);

#endif
