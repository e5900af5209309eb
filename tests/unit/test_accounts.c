/* What can be done to accounts, on a real database; dnsd is away, so that nothing waits for it. */
#include "accounts.h"
#include "log.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];
static uv_loop_t loop;
static struct summary *summary;
static struct database *database;
static struct accounts *accounts;
static struct client_limit *client_limit;
static const struct client_address client = {{[15] = 1}};

enum { FAILURES = 2 }; /* of one address in a minute */

static struct account_operation operation;
static enum message_result ended;
static unsigned ends;

static struct slice
slice_of(const char *text)
{
	return (struct slice){(const unsigned char *)text, strlen(text)};
}

static void
start(void)
{
	struct accounts_config config = {.dnsd_uid = getuid(), .bcrypt_threads = 1};

	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	snprintf(path, sizeof(path), "%s/XXXXXX", suite_folder);
	ck_assert_ptr_nonnull(mkdtemp(path));
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	database = database_open(&(struct database_config){.path = path,
	    .uid = getuid(),
	    .gid = getgid(),
	    .map_size = UINT64_C(64) << 20,
	    .map_max = UINT64_C(1) << 40});
	summary = summary_start(&loop);
	config.database = database;
	config.summary = summary;
	client_limit = client_limit_new(
	    &(struct client_limit_config){.rates = {[CLIENT_LIMIT_FAILURES] = FAILURES}});
	ck_assert_ptr_nonnull(client_limit);
	config.client_limit = client_limit;
	config.limits = (struct record_limits){.values = 2, .text = 43};
	accounts = accounts_start(&loop, &config);
}

static void
stop(void)
{
	accounts_stop(accounts);
	uv_run(&loop, UV_RUN_DEFAULT);
	accounts_clear(&operation);
	summary_free(summary);
	client_limit_free(client_limit);
	database_close(database);
}

static void
on_done(struct account_operation *done, enum message_result result)
{
	ck_assert_ptr_eq(done, &operation);
	ended = result;
	ends++;
}

/* Waits for the operation that was begun. */
static enum message_result
result(void)
{
	while (ends == 0)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_uint_eq(ends, 1);
	ends = 0;
	return ended;
}

static enum message_result
create(const struct account_wishes *wishes)
{
	operation.done = on_done;
	operation.proven_length = 0;
	accounts_create(accounts, &operation, wishes);
	return result();
}

static void
on_authenticated(
    struct account_operation *done, enum message_result how, const struct account_record *account)
{
	ck_assert_int_eq(account != NULL, how == MESSAGE_RESULT_OK);
	on_done(done, how);
}

static enum message_result
authenticate(const char *key)
{
	accounts_authenticate(accounts, &operation, slice_of(key), &client, on_authenticated);
	return result();
}

static struct account_record
stored_account(void)
{
	static struct database_account account;

	ck_assert_int_eq(
	    database_read_account(database, &operation.username, &account), DATABASE_OK);
	return account.record;
}

static struct name_record
stored_name(void)
{
	static struct database_name name;
	struct slice label = {
	    (const unsigned char *)operation.subdomain, operation.subdomain_length};

	ck_assert_int_eq(database_read_name(database, label, &name), DATABASE_OK);
	return name.record;
}

START_TEST(a_new_account_is_what_was_wished_for)
{
	struct slice networks[] = {slice_of("[2001:db8::]/32"), slice_of("192.0.2.0/24")};
	struct account_wishes wishes = {.subdomain = slice_of("chosen"),
	    .token = slice_of("team"),
	    .networks = networks,
	    .network_count = 2};
	struct account_record account;
	struct name_record name;

	start();
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
	account = stored_account();
	ck_assert_int_eq(slice_equals(account.subdomain, "chosen"), 1);
	ck_assert_int_eq(slice_equals(account.token, "team"), 1);
	ck_assert_uint_eq(account.network_count, 2);
	ck_assert_int_eq(slice_equals(account.networks[0], "2001:db8::/32"), 1);
	ck_assert_uint_ne(account.created, 0);
	ck_assert_uint_eq(strlen(operation.work.job.key), MESSAGE_KEY);
	name = stored_name();
	ck_assert_int_eq(uuid_equal(&name.owner, &operation.username), 1);
	stop();
}
END_TEST

START_TEST(an_account_can_be_brought_along)
{
	struct uuid username = {{7}};
	struct name_record state = {.updated = 55,
	    .count = 2,
	    .values = {
		{.time = 44, .text = slice_of("one")}, {.time = 55, .text = slice_of("two")}}};
	struct account_wishes wishes = {.username = &username,
	    .subdomain = slice_of("brought"),
	    .hash = slice_of("$2a$10$hash"),
	    .created = 33,
	    .state = &state};
	struct name_record name;

	start();
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
	ck_assert_int_eq(slice_equals(stored_account().hash, "$2a$10$hash"), 1);
	ck_assert_uint_eq(stored_account().created, 33);
	name = stored_name();
	ck_assert_uint_eq(name.updated, 55);
	ck_assert_uint_eq(name.count, 2);
	ck_assert_uint_eq(name.values[0].time, 44);
	ck_assert_int_eq(slice_equals(name.values[1].text, "two"), 1);
	ck_assert_uint_lt(name.values[0].sequence, name.values[1].sequence);
	stop();
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct uuid username = {{7}}, other = {{8}};
	struct slice network = slice_of("192.0.2.1");
	struct account_wishes wishes = {
	    .username = &username, .subdomain = slice_of("taken"), .hash = slice_of("hash")};

	start();
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
	wishes.subdomain = slice_of("free");
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_TAKEN);
	wishes.username = &other;
	wishes.subdomain = slice_of("taken");
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_TAKEN);
	wishes.subdomain = slice_of("-bad");
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_BAD_SUBDOMAIN);
	wishes.subdomain = slice_of("free");
	wishes.networks = &network;
	wishes.network_count = 1;
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_BAD_NETWORK);
	wishes.network_count = 0;
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
	stop();
}
END_TEST

START_TEST(values_come_and_go)
{
	struct account_wishes wishes = {.hash = slice_of("hash")};

	start();
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
	accounts_set_value(accounts, &operation, slice_of("one"));
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);
	accounts_set_value(accounts, &operation, slice_of("two"));
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);
	ck_assert_uint_eq(stored_name().count, 2);
	accounts_remove_value(accounts, &operation, slice_of("one"));
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);
	ck_assert_uint_eq(stored_name().count, 1);
	ck_assert_int_eq(slice_equals(stored_name().values[0].text, "two"), 1);
	accounts_remove_value(accounts, &operation, slice_of("absent"));
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);
	ck_assert_uint_eq(stored_name().count, 1);
	accounts_remove_values(accounts, &operation);
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);
	ck_assert_uint_eq(stored_name().count, 0);
	stop();
}
END_TEST

START_TEST(networks_change_and_nothing_else)
{
	struct slice network = slice_of("192.0.2.0/24");
	struct account_wishes wishes = {
	    .subdomain = slice_of("mine"), .hash = slice_of("hash"), .token = slice_of("team")};
	struct account_record account;

	start();
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
	accounts_change_networks(accounts, &operation, &network, 1);
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);
	account = stored_account();
	ck_assert_uint_eq(account.network_count, 1);
	ck_assert_int_eq(slice_equals(account.networks[0], "192.0.2.0/24"), 1);
	ck_assert_int_eq(slice_equals(account.subdomain, "mine"), 1);
	ck_assert_int_eq(slice_equals(account.hash, "hash"), 1);
	ck_assert_int_eq(slice_equals(account.token, "team"), 1);
	network = slice_of("here");
	accounts_change_networks(accounts, &operation, &network, 1);
	ck_assert_int_eq(result(), MESSAGE_RESULT_BAD_NETWORK);
	accounts_change_networks(accounts, &operation, NULL, 0);
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);
	ck_assert_uint_eq(stored_account().network_count, 0);
	stop();
}
END_TEST

/* Remembered or not, the old key proves nothing any more. */
START_TEST(a_rotated_key_is_dead)
{
	struct account_wishes wishes = {.subdomain = slice_of("mine")};
	char old[MESSAGE_KEY + 1], new[MESSAGE_KEY + 1];

	start();
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
	memcpy(old, operation.work.job.key, sizeof(old));
	ck_assert_int_eq(authenticate(old), MESSAGE_RESULT_OK);
	accounts_rotate_key(accounts, &operation);
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);
	memcpy(new, operation.work.job.key, sizeof(new));
	ck_assert_str_ne(old, new);
	ck_assert_int_eq(authenticate(old), MESSAGE_RESULT_FORBIDDEN);
	ck_assert_int_eq(authenticate(new), MESSAGE_RESULT_OK);
	ck_assert_int_eq(slice_equals(stored_account().subdomain, "mine"), 1);
	stop();
}
END_TEST

/* Of two who proved the same key, only the first changes the account. */
START_TEST(a_proof_is_worth_nothing_after_a_rotation)
{
	struct account_wishes wishes = {0};
	char key[MESSAGE_KEY + 1], proven[RECORD_MAX_HASH];
	size_t length;

	start();
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
	memcpy(key, operation.work.job.key, sizeof(key));
	ck_assert_int_eq(authenticate(key), MESSAGE_RESULT_OK);
	length = operation.proven_length;
	memcpy(proven, operation.proven, length);
	accounts_rotate_key(accounts, &operation);
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);
	memcpy(operation.proven, proven, length);
	accounts_rotate_key(accounts, &operation);
	ck_assert_int_eq(result(), MESSAGE_RESULT_FORBIDDEN);
	accounts_change_networks(accounts, &operation, NULL, 0);
	ck_assert_int_eq(result(), MESSAGE_RESULT_FORBIDDEN);
	accounts_delete(accounts, &operation);
	ck_assert_int_eq(result(), MESSAGE_RESULT_FORBIDDEN);
	ck_assert_int_eq(stored_name().retired, 0);
	stop();
}
END_TEST

static unsigned others;
static enum message_result other_result;

static void
on_other_done(struct account_operation *done, enum message_result how)
{
	(void)done;
	other_result = how;
	others++;
}

/* The administrator, who proved no key, waits for nobody. */
START_TEST(an_owner_has_one_rotation_under_way)
{
	struct account_wishes wishes = {0};
	struct account_operation other = {.done = on_other_done};
	char key[MESSAGE_KEY + 1];

	start();
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
	memcpy(key, operation.work.job.key, sizeof(key));
	ck_assert_int_eq(authenticate(key), MESSAGE_RESULT_OK);
	other.username = operation.username;
	memcpy(other.proven, operation.proven, operation.proven_length);
	other.proven_length = operation.proven_length;
	accounts_rotate_key(accounts, &operation);
	accounts_rotate_key(accounts, &other);
	ck_assert_uint_eq(others, 1);
	ck_assert_int_eq(other_result, MESSAGE_RESULT_BUSY);
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);

	memcpy(key, operation.work.job.key, sizeof(key));
	ck_assert_int_eq(authenticate(key), MESSAGE_RESULT_OK);
	other.proven_length = 0;
	accounts_rotate_key(accounts, &operation);
	accounts_rotate_key(accounts, &other);
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);
	while (others < 2)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_int_eq(other_result, MESSAGE_RESULT_OK);
	accounts_clear(&other);
	stop();
}
END_TEST

START_TEST(a_deleted_account_leaves_its_name_retired)
{
	struct account_wishes wishes = {.subdomain = slice_of("gone")};
	struct database_account account;
	char key[MESSAGE_KEY + 1];

	start();
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
	memcpy(key, operation.work.job.key, sizeof(key));
	ck_assert_int_eq(authenticate(key), MESSAGE_RESULT_OK);
	accounts_set_value(accounts, &operation, slice_of("one"));
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);
	accounts_delete(accounts, &operation);
	ck_assert_int_eq(result(), MESSAGE_RESULT_OK);
	ck_assert_int_eq(
	    database_read_account(database, &operation.username, &account), DATABASE_MISSING);
	ck_assert_uint_eq(stored_name().retired, 1);
	ck_assert_uint_eq(stored_name().count, 0);
	ck_assert_int_eq(authenticate(key), MESSAGE_RESULT_FORBIDDEN);
	accounts_set_value(accounts, &operation, slice_of("one"));
	ck_assert_int_eq(result(), MESSAGE_RESULT_FORBIDDEN);
	accounts_delete(accounts, &operation);
	ck_assert_int_eq(result(), MESSAGE_RESULT_FORBIDDEN);
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_TAKEN);
	stop();
}
END_TEST

/* An owner may go on with an operation in its `done`; stopping waits for that. */
static void
delete_next(struct account_operation *done, enum message_result how)
{
	ck_assert_int_eq(how, MESSAGE_RESULT_OK);
	done->done = on_done;
	accounts_delete(accounts, done);
}

START_TEST(stopping_waits_for_what_follows)
{
	struct account_wishes wishes = {.hash = slice_of("hash")};

	start();
	operation.done = delete_next;
	accounts_create(accounts, &operation, &wishes);
	stop();
	ck_assert_uint_eq(ends, 1);
	ck_assert_int_eq(ended, MESSAGE_RESULT_OK);
}
END_TEST

static int
count_account(void *context, const struct uuid *username, const struct account_record *account)
{
	unsigned char *first = context;

	(void)account;
	*first = username->bytes[0];
	return ++ends == 2;
}

START_TEST(accounts_are_listed_in_pages)
{
	struct uuid username = {{0}};
	struct account_wishes wishes = {.username = &username, .hash = slice_of("hash")};
	unsigned char last = 0;

	start();
	for (unsigned char i = 1; i <= 3; i++) {
		username.bytes[0] = i;
		ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
	}
	ck_assert_int_eq(database_walk_accounts(database, NULL, count_account, &last), DATABASE_OK);
	ck_assert_uint_eq(last, 2);
	username.bytes[0] = last;
	ends = 0;
	ck_assert_int_eq(
	    database_walk_accounts(database, &username, count_account, &last), DATABASE_MISSING);
	ck_assert_uint_eq(last, 3);
	ck_assert_uint_eq(ends, 1);
	stop();
}
END_TEST

/*
 * What costs a bcrypt is counted until it proves right; beyond the limit only a key that is remembered gets through.
 */
START_TEST(too_many_wrong_keys_are_not_looked_at)
{
	const char *wrong = "wrong000000000000000000000000000000wrong";
	struct account_wishes wishes = {.networks = NULL};
	char key[MESSAGE_KEY + 1] = "";

	start();
	ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
	memcpy(key, operation.work.job.key, MESSAGE_KEY);
	for (unsigned i = 0; i <= FAILURES; i++)
		ck_assert_int_eq(authenticate(key), MESSAGE_RESULT_OK);
	for (unsigned i = 0; i < FAILURES; i++)
		ck_assert_int_eq(authenticate(wrong), MESSAGE_RESULT_FORBIDDEN);
	ck_assert_int_eq(authenticate(wrong), MESSAGE_RESULT_TOO_MANY_REQUESTS);
	ck_assert_int_eq(authenticate(key), MESSAGE_RESULT_OK);
	operation.username.bytes[0] ^= 1;
	ck_assert_int_eq(authenticate(key), MESSAGE_RESULT_TOO_MANY_REQUESTS);
	stop();
}
END_TEST

/* Each of these costs a bcrypt, since its key was not asked for before. */
START_TEST(a_right_key_is_no_failure)
{
	struct account_wishes wishes = {.networks = NULL};
	char key[MESSAGE_KEY + 1] = "";

	start();
	for (unsigned i = 0; i < 2 * FAILURES; i++) {
		ck_assert_int_eq(create(&wishes), MESSAGE_RESULT_OK);
		memcpy(key, operation.work.job.key, MESSAGE_KEY);
		ck_assert_int_eq(authenticate(key), MESSAGE_RESULT_OK);
		accounts_clear(&operation);
		memset(&operation, 0, sizeof(operation));
	}
	stop();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("accounts");
	TCase *tests = tcase_create("accounts");

	tcase_add_test(tests, a_new_account_is_what_was_wished_for);
	tcase_add_test(tests, an_account_can_be_brought_along);
	tcase_add_test(tests, what_cannot_be_is_refused);
	tcase_add_test(tests, values_come_and_go);
	tcase_add_test(tests, networks_change_and_nothing_else);
	tcase_add_test(tests, a_rotated_key_is_dead);
	tcase_add_test(tests, a_proof_is_worth_nothing_after_a_rotation);
	tcase_add_test(tests, an_owner_has_one_rotation_under_way);
	tcase_add_test(tests, a_deleted_account_leaves_its_name_retired);
	tcase_add_test(tests, stopping_waits_for_what_follows);
	tcase_add_test(tests, accounts_are_listed_in_pages);
	tcase_add_test(tests, too_many_wrong_keys_are_not_looked_at);
	tcase_add_test(tests, a_right_key_is_no_failure);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
