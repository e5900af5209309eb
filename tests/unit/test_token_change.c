/* Registration tokens in a real LMDB environment: made, spent with the account they are for, revoked. */
#include "committer.h"
#include "log.h"
#include "suite.h"
#include "token.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOW = 1000, AT_ONCE = 10 };

static uv_loop_t loop;
static struct database *database;
static struct committer *committer;
static struct statistic_counters counters;
static unsigned done;

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

static void
on_done(struct change *change)
{
	(void)change;
	done++;
}

static void
on_group_ended(void *context)
{
	(void)context;
}

static void
start(void)
{
	static const struct record_limits limits = {.values = 2, .text = 43};
	char path[64];

	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	snprintf(path, sizeof(path), "%s/XXXXXX", suite_folder);
	ck_assert_ptr_nonnull(mkdtemp(path));
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	database = database_open(&(struct database_config){.path = path,
	    .uid = getuid(),
	    .gid = getgid(),
	    .map_size = UINT64_C(64) << 20,
	    .map_max = UINT64_C(1) << 40});
	committer = committer_start(&loop, database, &limits, &counters, on_group_ended, NULL);
}

static void
stop(void)
{
	committer_stop(committer);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	database_close(database);
}

static void
submit(struct change *change)
{
	change->done = on_done;
	change->time = NOW;
	ck_assert_int_eq(committer_submit(committer, change), 0);
}

static enum message_result
run(struct change *change)
{
	unsigned before = done;

	submit(change);
	while (done == before)
		uv_run(&loop, UV_RUN_ONCE);
	return change->result;
}

/* The hash of a token is as good as any if it is its own. */
static enum message_result
add_token(const char *name, struct token_record token)
{
	struct change change = {
	    .kind = CHANGE_TOKEN_ADD, .token_name = slice_of(name), .token = &token};

	token_hash(slice_of(name), token.hash);
	return run(&change);
}

static enum message_result
revoke_token(const char *name)
{
	struct change change = {.kind = CHANGE_TOKEN_REVOKE, .token_name = slice_of(name)};

	return run(&change);
}

static struct token_record
stored(const char *name)
{
	struct token_record token;

	ck_assert_int_eq(database_read_token(database, slice_of(name), &token), DATABASE_OK);
	return token;
}

/* One registration; the names are made of its number. */
struct attempt {
	struct change change;
	struct account_record account;
	struct registration_terms terms;
	char label[16];
};

static void
prepare(struct attempt *attempt, unsigned number, const char *token, uint64_t cap)
{
	memset(attempt, 0, sizeof(*attempt));
	snprintf(attempt->label, sizeof(attempt->label), "name%u", number);
	attempt->account = (struct account_record){.subdomain = slice_of(attempt->label),
	    .hash = slice_of("hash"),
	    .token = slice_of(token)};
	attempt->terms = (struct registration_terms){.cap = cap, .client = {{[15] = 7}}};
	attempt->change = (struct change){.kind = CHANGE_REGISTER,
	    .label = slice_of(attempt->label),
	    .account = &attempt->account,
	    .terms = &attempt->terms};
	memcpy(attempt->change.username.bytes, &number, sizeof(number));
}

static enum message_result
register_account(unsigned number, const char *token, uint64_t cap)
{
	struct attempt attempt;
	enum message_result result;

	prepare(&attempt, number, token, cap);
	result = run(&attempt.change);
	free(attempt.change.name);
	return result;
}

static uint64_t
account_count(void)
{
	uint64_t count;

	ck_assert_int_eq(database_count_accounts(database, &count), DATABASE_OK);
	return count;
}

START_TEST(a_token_is_found_by_its_name_and_its_hash)
{
	struct token_record token, found;
	char name[RECORD_MAX_TOKEN];
	size_t length;

	start();
	ck_assert_int_eq(add_token("team", (struct token_record){.quota = 5}), MESSAGE_RESULT_OK);
	token = stored("team");
	ck_assert_uint_eq(token.quota, 5);
	ck_assert_int_eq(
	    database_find_token(database, token.hash, name, &length, &found), DATABASE_OK);
	ck_assert_uint_eq(length, 4);
	ck_assert_mem_eq(name, "team", 4);
	ck_assert_mem_eq(found.hash, token.hash, sizeof(token.hash));
	token.hash[0] ^= 1;
	ck_assert_int_eq(
	    database_find_token(database, token.hash, name, &length, &found), DATABASE_MISSING);
	ck_assert_int_eq(database_read_token(database, slice_of("Team"), &found), DATABASE_MISSING);
	stop();
}
END_TEST

START_TEST(a_name_is_given_out_once)
{
	start();
	ck_assert_int_eq(add_token("team", (struct token_record){.quota = 5}), MESSAGE_RESULT_OK);
	ck_assert_int_eq(
	    add_token("team", (struct token_record){.quota = 6}), MESSAGE_RESULT_TAKEN);
	ck_assert_int_eq(revoke_token("team"), MESSAGE_RESULT_OK);
	ck_assert_int_eq(
	    add_token("team", (struct token_record){.quota = 7}), MESSAGE_RESULT_TAKEN);
	ck_assert_uint_eq(stored("team").quota, 5);
	stop();
}
END_TEST

START_TEST(a_registration_spends_its_token)
{
	struct token_record token;

	start();
	add_token("team", (struct token_record){.quota = 2});
	ck_assert_int_eq(register_account(1, "team", 0), MESSAGE_RESULT_OK);
	token = stored("team");
	ck_assert_uint_eq(token.used, 1);
	ck_assert_uint_eq(token.last_used, NOW);
	ck_assert_uint_eq(token.last_client.bytes[15], 7);
	ck_assert_int_eq(register_account(2, "team", 0), MESSAGE_RESULT_OK);
	ck_assert_int_eq(register_account(3, "team", 0), MESSAGE_RESULT_REGISTRATION_FORBIDDEN);
	ck_assert_uint_eq(account_count(), 2);
	ck_assert_uint_eq(stored("team").used, 2);
	stop();
}
END_TEST

START_TEST(a_refused_registration_spends_nothing)
{
	start();
	add_token("team", (struct token_record){.quota = 2});
	ck_assert_int_eq(register_account(1, "team", 0), MESSAGE_RESULT_OK);
	ck_assert_int_eq(register_account(1, "team", 0), MESSAGE_RESULT_TAKEN);
	ck_assert_int_eq(register_account(2, "team", 1), MESSAGE_RESULT_REGISTRATION_FORBIDDEN);
	ck_assert_uint_eq(stored("team").used, 1);
	stop();
}
END_TEST

/* Judged side by side, hashed side by side, in one transaction: the quota holds all the same. */
START_TEST(many_at_once_spend_no_more_than_there_is)
{
	struct attempt attempts[AT_ONCE];
	unsigned made = 0;

	start();
	add_token("team", (struct token_record){.quota = 3});
	done = 0;
	for (unsigned i = 0; i < AT_ONCE; i++) {
		prepare(&attempts[i], i + 1, "team", 0);
		submit(&attempts[i].change);
	}
	while (done < AT_ONCE)
		uv_run(&loop, UV_RUN_ONCE);
	for (unsigned i = 0; i < AT_ONCE; i++) {
		made += attempts[i].change.result == MESSAGE_RESULT_OK;
		if (attempts[i].change.result != MESSAGE_RESULT_OK)
			ck_assert_int_eq(
			    attempts[i].change.result, MESSAGE_RESULT_REGISTRATION_FORBIDDEN);
		free(attempts[i].change.name);
	}
	ck_assert_uint_eq(made, 3);
	ck_assert_uint_eq(account_count(), 3);
	ck_assert_uint_eq(stored("team").used, 3);
	stop();
}
END_TEST

START_TEST(the_cap_holds_within_one_transaction)
{
	struct attempt attempts[AT_ONCE];

	start();
	done = 0;
	for (unsigned i = 0; i < AT_ONCE; i++) {
		prepare(&attempts[i], i + 1, "", 4);
		submit(&attempts[i].change);
	}
	while (done < AT_ONCE)
		uv_run(&loop, UV_RUN_ONCE);
	for (unsigned i = 0; i < AT_ONCE; i++)
		free(attempts[i].change.name);
	ck_assert_uint_eq(account_count(), 4);
	stop();
}
END_TEST

START_TEST(a_revoked_token_is_worthless)
{
	start();
	ck_assert_int_eq(revoke_token("team"), MESSAGE_RESULT_FORBIDDEN);
	add_token("team", (struct token_record){.quota = 0});
	ck_assert_int_eq(register_account(1, "team", 0), MESSAGE_RESULT_OK);
	ck_assert_int_eq(revoke_token("team"), MESSAGE_RESULT_OK);
	ck_assert_uint_eq(stored("team").revoked, NOW);
	ck_assert_int_eq(register_account(2, "team", 0), MESSAGE_RESULT_REGISTRATION_FORBIDDEN);
	ck_assert_int_eq(revoke_token("team"), MESSAGE_RESULT_OK);
	ck_assert_int_eq(register_account(3, "other", 0), MESSAGE_RESULT_REGISTRATION_FORBIDDEN);
	stop();
}
END_TEST

/* An administrator's account, or an imported one, may name a token; it has no terms to meet. */
START_TEST(without_terms_nothing_is_spent)
{
	struct attempt attempt;

	start();
	prepare(&attempt, 1, "gone", 0);
	attempt.change.terms = NULL;
	ck_assert_int_eq(run(&attempt.change), MESSAGE_RESULT_OK);
	free(attempt.change.name);
	stop();
}
END_TEST

struct walk {
	char names[256];
	unsigned maximum;
};

static int
on_token(void *context, struct slice name, const struct token_record *token)
{
	struct walk *walk = context;
	size_t used = strlen(walk->names);

	(void)token;
	snprintf(walk->names + used, sizeof(walk->names) - used, "%.*s ", (int)name.length,
	    (const char *)name.data);
	return --walk->maximum == 0;
}

START_TEST(tokens_are_walked_in_order)
{
	struct walk walk = {.maximum = 2};

	start();
	add_token("c", (struct token_record){0});
	add_token("a", (struct token_record){0});
	add_token("b", (struct token_record){0});
	ck_assert_int_eq(
	    database_walk_tokens(database, slice_of(""), on_token, &walk), DATABASE_OK);
	ck_assert_str_eq(walk.names, "a b ");
	walk = (struct walk){.maximum = 5};
	ck_assert_int_eq(
	    database_walk_tokens(database, slice_of("b"), on_token, &walk), DATABASE_MISSING);
	ck_assert_str_eq(walk.names, "c ");
	stop();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("token_change");
	TCase *tests = tcase_create("token_change");

	tcase_add_test(tests, a_token_is_found_by_its_name_and_its_hash);
	tcase_add_test(tests, a_name_is_given_out_once);
	tcase_add_test(tests, a_registration_spends_its_token);
	tcase_add_test(tests, a_refused_registration_spends_nothing);
	tcase_add_test(tests, many_at_once_spend_no_more_than_there_is);
	tcase_add_test(tests, the_cap_holds_within_one_transaction);
	tcase_add_test(tests, a_revoked_token_is_worthless);
	tcase_add_test(tests, without_terms_nothing_is_spent);
	tcase_add_test(tests, tokens_are_walked_in_order);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
