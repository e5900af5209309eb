#include "audit.h"

#include "bucket_table.h"
#include "log.h"
#include "message.h"
#include "siphash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { MINUTE = 60, UID_TEXT = 16 };

struct audit {
	struct bucket_table *addresses, *all;
	uint8_t key[SIPHASH_KEY];
	int changes;
	struct refusal_table *refusals; /* NULL: nobody wants to know */
	uint64_t kept_back;		/* lines, since the last one that told of them */
	uint64_t told;			/* second in which it did */
};

struct audit *
audit_new(int changes)
{
	const struct bucket_table_config one = {.tokens = AUDIT_REFUSALS, .period = MINUTE},
					 every = {.tokens = AUDIT_ALL_REFUSALS, .period = MINUTE};
	struct audit *audit = calloc(1, sizeof(*audit));

	if (audit == NULL || (audit->addresses = bucket_table_new(&one)) == NULL ||
	    (audit->all = bucket_table_new(&every)) == NULL)
		fatal("no memory for the audit");
	if (getrandom(audit->key, sizeof(audit->key), 0) != sizeof(audit->key))
		fatal("no random numbers for the audit");
	audit->changes = changes;
	return audit;
}

void
audit_count_refusals(struct audit *audit, struct refusal_table *refusals)
{
	audit->refusals = refusals;
}

static uint64_t
now(void)
{
	struct timespec clock;

	clock_gettime(CLOCK_MONOTONIC, &clock);
	return (uint64_t)clock.tv_sec;
}

static void
tell_kept_back(struct audit *audit, uint64_t second)
{
	char count[24];
	const struct log_field fields[] = {{"event", "refusals_not_written"}, {"count", count}};

	if (audit->kept_back == 0 || second - audit->told < MINUTE)
		return;
	(void)snprintf(count, sizeof(count), "%llu", (unsigned long long)audit->kept_back);
	log_event(LOG_LEVEL_WARNING, fields, sizeof(fields) / sizeof(fields[0]));
	audit->kept_back = 0;
	audit->told = second;
}

/* 1 if a refusal of this client may be written. */
static int
may_write(struct audit *audit, const struct client_address *client)
{
	struct client_address site = client_address_site(client);
	uint64_t who = siphash(audit->key, site.bytes, sizeof(site.bytes)), second = now();

	tell_kept_back(audit, second);
	if (bucket_table_take(audit->addresses, who, second) == 0 &&
	    bucket_table_take(audit->all, 0, second) == 0)
		return 1;
	if (audit->kept_back++ == 0)
		audit->told = second;
	return 0;
}

static const char *
text_of(char *text, size_t capacity, struct slice slice)
{
	if (slice.length == 0)
		return NULL;
	return log_safe(text, capacity, slice.data, slice.length);
}

void
audit_write(struct audit *audit, const struct audit_event *event)
{
	char client[INET6_ADDRSTRLEN], uid[UID_TEXT];
	char subdomain[LOG_MAX_FIELD], token[LOG_MAX_FIELD];
	struct log_field fields[] = {{"event", event->name}, {"client", NULL}, {"uid", NULL},
	    {"account", event->account},
	    {"subdomain", text_of(subdomain, sizeof(subdomain), event->subdomain)},
	    {"token", text_of(token, sizeof(token), event->token)}, {"reason", event->reason}};

	if (audit->refusals != NULL && event->client != NULL && event->reason != NULL)
		refusal_table_count(audit->refusals, event->client, event->reason, now());
	/* What an administrator did is written in any case. */
	if (event->client != NULL &&
	    (event->reason != NULL ? !may_write(audit, event->client) : !audit->changes))
		return;
	if (event->client != NULL) {
		client_address_to_text(event->client, client);
		fields[1].value = client;
	} else {
		(void)snprintf(uid, sizeof(uid), "%u", event->uid);
		fields[2].value = uid;
	}
	log_event(LOG_LEVEL_INFO, fields, sizeof(fields) / sizeof(fields[0]));
}

void
audit_free(struct audit *audit)
{
	if (audit == NULL)
		return;
	audit->told = 0;
	tell_kept_back(audit, now() + MINUTE);
	bucket_table_free(audit->addresses);
	bucket_table_free(audit->all);
	free(audit);
}
