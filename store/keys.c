#include "keys.h"

#include "credential.h"
#include "log.h"
#include "password.h"
#include "siphash.h"

#include <stdlib.h>
#include <string.h>

enum { NS_IN_SECOND = 1000 * 1000 * 1000 };

struct keys {
	struct keys_config config;
	struct bcrypt_pool *pool;
	struct credential_cache *credentials;
	uint8_t network_key[SIPHASH_KEY]; /* random: nobody can choose whose turns he takes */
};

static struct key_work *
work_of_job(struct bcrypt_job *job)
{
	return (struct key_work *)((char *)job - offsetof(struct key_work, job));
}

static uint64_t
now(void)
{
	return uv_hrtime() / NS_IN_SECOND;
}

static uint64_t
hash_network(const struct keys *keys, const struct client_address *client)
{
	struct client_address provider = client_address_provider(client);

	return siphash(keys->network_key, provider.bytes, sizeof(provider.bytes));
}

static int
submit(struct key_work *work)
{
	work->job.network = hash_network(work->keys, &work->client);
	return bcrypt_pool_submit(work->keys->pool, &work->job);
}

static void
on_hashed(struct bcrypt_job *job)
{
	struct key_work *work = work_of_job(job);

	if (job->outcome == BCRYPT_GAVE_WAY) {
		work->hashed(work, MESSAGE_RESULT_BUSY);
		return;
	}
	statistic_count(work->keys->config.counters, STATISTIC_STORE_BCRYPT_HASH);
	if (job->outcome == BCRYPT_NO)
		log_error("a key cannot be hashed: no memory");
	work->hashed(
	    work, job->outcome == BCRYPT_YES ? MESSAGE_RESULT_OK : MESSAGE_RESULT_DB_ERROR);
}

void
keys_hash(struct keys *keys, struct key_work *work, const struct client_address *client)
{
	work->keys = keys;
	work->client = *client;
	work->job.kind = BCRYPT_HASH;
	work->job.lane = BCRYPT_NEW;
	work->job.done = on_hashed;
	if (submit(work) != 0)
		work->hashed(work, MESSAGE_RESULT_BUSY);
}

/* Each key that costs a bcrypt counts as a wrong one until it is known to be none. */
static void
forgive(const struct key_work *work)
{
	struct client_limit *limit = work->keys->config.client_limit;

	client_limit_give(limit, CLIENT_LIMIT_FAILURES, &work->client, now());
	if (work->job.lane == BCRYPT_FIRST)
		client_limit_give(limit, CLIENT_LIMIT_PREFERENCES, &work->client, now());
}

static void
refuse(struct key_work *work)
{
	forgive(work);
	work->proved(work, MESSAGE_RESULT_BUSY, NULL);
}

/* The account is read again: 50 ms have passed since, in which its hash may have changed. */
static void
take_right_key(struct key_work *work)
{
	struct keys *keys = work->keys;
	const struct slice key = {(const unsigned char *)work->job.key, MESSAGE_KEY};
	struct database_account account;

	switch (database_read_account(keys->config.database, &work->username, &account)) {
	case DATABASE_OK:
		break;
	case DATABASE_MISSING:
		work->proved(work, MESSAGE_RESULT_FORBIDDEN, NULL);
		return;
	case DATABASE_FAILED:
	case DATABASE_FULL:
		work->proved(work, MESSAGE_RESULT_DB_ERROR, NULL);
		return;
	}
	if (!slice_equals(account.record.hash, work->job.hash)) {
		work->proved(work, MESSAGE_RESULT_FORBIDDEN, NULL);
		return;
	}
	keys_remember(keys, &work->username, key, account.record.hash);
	work->proved(work, MESSAGE_RESULT_OK, &account.record);
}

static void
on_verified(struct bcrypt_job *job)
{
	struct key_work *work = work_of_job(job);

	if (job->outcome == BCRYPT_GAVE_WAY) {
		refuse(work);
		return;
	}
	statistic_count(work->keys->config.counters, STATISTIC_STORE_BCRYPT_VERIFY);
	if (job->outcome == BCRYPT_NO) {
		work->proved(work, MESSAGE_RESULT_FORBIDDEN, NULL);
		return;
	}
	forgive(work);
	take_right_key(work);
}

/* Who sends wrong keys shall hold up nobody but others who do. */
static enum bcrypt_lane
lane_of_client(const struct keys *keys, const struct client_address *client)
{
	return client_limit_take(keys->config.client_limit, CLIENT_LIMIT_PREFERENCES, client, now())
		   ? BCRYPT_FIRST
		   : BCRYPT_LATER;
}

static void
verify(struct key_work *work, struct slice key, struct slice hash)
{
	const struct keys_config *config = &work->keys->config;
	struct bcrypt_job *job = &work->job;

	job->kind = BCRYPT_VERIFY;
	job->done = on_verified;
	memcpy(job->key, key.data, MESSAGE_KEY);
	memcpy(job->hash, hash.data, hash.length);
	job->hash[hash.length] = '\0';
	if (!client_limit_take(config->client_limit, CLIENT_LIMIT_FAILURES, &work->client, now())) {
		statistic_count(config->counters, STATISTIC_STORE_LIMITED_FAILURES);
		work->proved(work, MESSAGE_RESULT_TOO_MANY_REQUESTS, NULL);
		return;
	}
	job->lane = lane_of_client(work->keys, &work->client);
	if (submit(work) != 0)
		refuse(work);
}

void
keys_prove(struct keys *keys, struct key_work *work, const struct uuid *username, struct slice key,
    const struct client_address *client)
{
	struct slice nobody = {(const unsigned char *)password_nobody, strlen(password_nobody)};
	/* 36 KiB, which every update would have zeroed for nothing: they are only read where they were filled. */
	__attribute__((uninitialized)) struct database_account account;

	work->keys = keys;
	work->username = *username;
	work->client = *client;
	switch (database_read_account(keys->config.database, username, &account)) {
	case DATABASE_OK:
		if (credential_known(keys->credentials, username, key, account.record.hash)) {
			statistic_count(keys->config.counters, STATISTIC_STORE_REMEMBERED);
			work->proved(work, MESSAGE_RESULT_OK, &account.record);
		} else {
			verify(work, key, account.record.hash);
		}
		return;
	case DATABASE_MISSING:
		verify(work, key, nobody);
		return;
	case DATABASE_FAILED:
	case DATABASE_FULL:
		work->proved(work, MESSAGE_RESULT_DB_ERROR, NULL);
		return;
	}
}

void
keys_remember(struct keys *keys, const struct uuid *username, struct slice key, struct slice hash)
{
	credential_remember(keys->credentials, username, key, hash);
}

struct keys *
keys_start(uv_loop_t *loop, const struct keys_config *config)
{
	struct keys *keys = calloc(1, sizeof(*keys));

	if (keys == NULL)
		fatal("no memory for the keys");
	keys->config = *config;
	keys->credentials = credential_cache_new();
	password_random(keys->network_key, sizeof(keys->network_key));
	keys->pool = bcrypt_pool_start(loop, config->bcrypt_threads);
	return keys;
}

void
keys_sample(struct keys *keys)
{
	struct statistic_counters *counters = keys->config.counters;

	statistic_set(counters, STATISTIC_STORE_QUEUE_BCRYPT, bcrypt_pool_outstanding(keys->pool));
	statistic_set(counters, STATISTIC_STORE_CREDENTIALS, credential_count(keys->credentials));
}

void
keys_stop(struct keys *keys)
{
	bcrypt_pool_stop(keys->pool);
	credential_cache_free(keys->credentials);
	free(keys);
}
