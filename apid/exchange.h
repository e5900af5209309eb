/*
 * One request from its last byte to its answer: what it means (api), what store says (broker),
 * and the log line of what was refused here; what store refuses, it logs.
 */
#ifndef APID_EXCHANGE_H
#define APID_EXCHANGE_H

#include "api.h"
#include "audit.h"
#include "broker.h"
#include "conf.h"
#include "connection.h"
#include "cors.h"
#include "forwarded.h"

struct exchange_desk {
	struct api api;
	struct page page;
	struct forwarded_trust proxies;
	const struct conf_origins *origins; /* borrowed */
	struct broker *broker;		    /* borrowed */
	time_t certificate_end;		    /* of the API's; 0: no TLS. Set by whoever has it */
	struct audit *audit;		    /* borrowed; set by whoever made the desk */
};

/*
 * `desk` outlives what is made with it, `conf` outlives `desk`. `metrics_only`: it has nothing else. Fatal when
 * memory is short.
 */
void exchange_desk_init(struct exchange_desk *desk, const struct conf *conf, int metrics_only);

/* The page for people; an empty one where it is not wanted. 0, or -1: memory is short. */
int exchange_make_page(struct page *page, const struct conf *conf);

/* What the configuration says from now on; the one before may go. `page` is taken over. */
void exchange_desk_renew(struct exchange_desk *desk, const struct conf *conf, struct page *page);

/* What store's answers come to; the owner of a request is its connection. The counters are the caller's to add. */
struct broker_config exchange_broker_config(struct exchange_desk *desk);

/* Judges a head: 0, or -1 with `response` set. */
int exchange_judge(
    struct exchange_desk *desk, const struct request *request, struct response *response);

/* Answers a complete request, now or when store has spoken. */
void exchange_serve(
    struct exchange_desk *desk, struct connection *connection, const struct request *request);

/* The connection is going: store's answer, if one is awaited, is nobody's. */
void exchange_abandon(struct exchange_desk *desk, struct connection *connection);

#endif
