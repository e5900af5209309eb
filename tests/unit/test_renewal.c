/* A new configuration handed in: what is refused, what is used, and what has to wait for a restart. */
#include "renewal.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Paths are whole, as in what is handed in: another file's folder must not matter. */
#define ZONE                                                                                       \
	"privsep:\n  runtime_dir: /run/sallyport\nstore:\n  path: /var/lib/sallyport\n"            \
	"zone:\n  name: auth.example.org\n"
#define SECTION "dns:\n  listen: [\"127.0.0.1:53\"]\n"

/* What the daemon's own part was called for, and what it answers. */
static struct service {
	unsigned prepared, applied, discarded;
	int refuses;
} calls;

static int
prepare(void *context, const struct conf *next, struct door_reply *reply)
{
	(void)context;
	ck_assert_uint_gt(next->zone.name.length, 1);
	calls.prepared++;
	if (calls.refuses)
		snprintf(reply->reason, sizeof(reply->reason), "not now");
	return calls.refuses ? -1 : 0;
}

static void
apply(void *context)
{
	(void)context;
	calls.applied++;
}

static void
discard(void *context)
{
	(void)context;
	calls.discarded++;
}

static const struct renewal_service service = {
    .prepare = prepare, .apply = apply, .discard = discard};
static struct daemon daemon_at_work;
static struct renewal renewal;

static void
begin(void)
{
	char *messages = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&messages, &size);

	calls = (struct service){0};
	daemon_at_work = (struct daemon){.role = CONF_ROLE_DNSD};
	ck_assert_int_eq(conf_parse(&daemon_at_work.conf, ZONE SECTION, strlen(ZONE SECTION),
			     "/srv/c.yaml", 0, stream),
	    0);
	fclose(stream);
	free(messages);
	daemon_at_work.conf.privsep.users[CONF_ROLE_APID].uid = 12;
	daemon_at_work.conf.privsep.users[CONF_ROLE_APID].gid = 34;
	renewal_init(&renewal, &daemon_at_work, &service);
}

static void
end(void)
{
	renewal_free(&renewal);
}

static int
file_of(const char *text, size_t length)
{
	int fd = memfd_create("configuration", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, length), (ssize_t)length);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int
hand_in(const char *text, struct door_reply *reply)
{
	int fd = file_of(text, strlen(text)), result;

	*reply = (struct door_reply){.reason = ""};
	result = renewal.reload.prepare(&renewal, fd, 0, reply);
	close(fd);
	return result;
}

START_TEST(is_used_when_root_says_so_and_not_before)
{
	struct door_reply reply;

	ck_assert_int_eq(hand_in(ZONE "  txt_ttl: 7\n" SECTION, &reply), 0);
	ck_assert_str_eq(reply.keys, "");
	ck_assert_uint_eq(calls.prepared, 1);
	ck_assert_uint_ne(daemon_at_work.conf.zone.txt_ttl, 7);
	renewal.reload.apply(&renewal);
	ck_assert_uint_eq(calls.applied, 1);
	ck_assert_uint_eq(daemon_at_work.conf.zone.txt_ttl, 7);
	renewal_done(&renewal);

	ck_assert_int_eq(hand_in(ZONE "  txt_ttl: 8\n" SECTION, &reply), 0);
	renewal.reload.discard(&renewal);
	ck_assert_uint_eq(calls.discarded, 1);
	ck_assert_uint_eq(daemon_at_work.conf.zone.txt_ttl, 7);

	/* The memory of the second one goes when the third is in use, and that of the first never. */
	ck_assert_int_eq(hand_in(ZONE "  txt_ttl: 9\n" SECTION, &reply), 0);
	renewal.reload.apply(&renewal);
	renewal_done(&renewal);
	ck_assert_uint_eq(daemon_at_work.conf.zone.txt_ttl, 9);
}
END_TEST

START_TEST(what_needs_a_restart_is_named_each_time)
{
	static const char next[] = ZONE "dns:\n  listen: [\"127.0.0.1:54\"]\n  workers: 7\n";
	struct door_reply reply;

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(hand_in(next, &reply), 0);
		ck_assert_str_eq(reply.keys, "dns.listen, dns.workers");
		renewal_add_key(&reply, "api.tls");
		ck_assert_str_eq(reply.keys, "dns.listen, dns.workers, api.tls");
		renewal.reload.apply(&renewal);
		renewal_done(&renewal);
	}
	ck_assert_int_eq(hand_in(ZONE SECTION, &reply), 0);
	ck_assert_str_eq(reply.keys, "");
	renewal.reload.discard(&renewal);
}
END_TEST

START_TEST(numbers_of_users_are_kept)
{
	struct door_reply reply;

	ck_assert_int_eq(hand_in(ZONE SECTION, &reply), 0);
	renewal.reload.apply(&renewal);
	renewal_done(&renewal);
	ck_assert_uint_eq(daemon_at_work.conf.privsep.users[CONF_ROLE_APID].uid, 12);
	ck_assert_uint_eq(daemon_at_work.conf.privsep.users[CONF_ROLE_APID].gid, 34);
}
END_TEST

static const struct {
	const char *text, *reason;
} refused[] = {
    {"zone:\n  name: auth.example.com\n" SECTION,
	"zone.name is auth.example.org. and would become auth.example.com.: that moves every name, "
	"and needs a restart of all three processes"},
    {"", "/configuration:1:1: error: the file is empty"},
    {"zone: [\n", "/configuration:2:1: error: "},
    /* behind the warning that there is no NS record */
    {ZONE "  txt_tll: 7\n" SECTION, "/configuration:7:3: error: "},
};

START_TEST(what_cannot_be_used_is_refused_in_one_line)
{
	struct door_reply reply;

	ck_assert_int_eq(hand_in(refused[_i].text, &reply), -1);
	ck_assert_msg(strncmp(reply.reason, refused[_i].reason, strlen(refused[_i].reason)) == 0,
	    "%s", reply.reason);
	ck_assert_ptr_null(strchr(reply.reason, '\n'));
	ck_assert_uint_eq(calls.prepared, 0);
}
END_TEST

START_TEST(another_environment_is_refused)
{
	int fd = file_of(ZONE SECTION, strlen(ZONE SECTION));
	struct door_reply reply = {.reason = ""};

	ck_assert_int_eq(renewal.reload.prepare(&renewal, fd, 1, &reply), -1);
	ck_assert_str_eq(reply.reason,
	    "it was started with no variable of the configuration, and this command with something "
	    "else: give it the same, or send SIGHUP to sallyport run");
	close(fd);
}
END_TEST

START_TEST(what_the_daemon_refuses_is_forgotten)
{
	struct door_reply reply;

	calls.refuses = 1;
	ck_assert_int_eq(hand_in(ZONE SECTION, &reply), -1);
	ck_assert_str_eq(reply.reason, "not now");
	calls.refuses = 0;
	ck_assert_int_eq(hand_in(ZONE SECTION, &reply), 0);
	renewal.reload.apply(&renewal);
	renewal_done(&renewal);
}
END_TEST

START_TEST(only_a_file_of_bearable_size_is_read)
{
	struct door_reply reply = {.reason = ""};
	int ends[2], large = file_of("", 0);

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(renewal.reload.prepare(&renewal, ends[0], 0, &reply), -1);
	ck_assert_str_eq(reply.reason, "what was handed in is no configuration");
	ck_assert_int_eq(ftruncate(large, RENEWAL_MAX_FILE + 1), 0);
	reply.reason[0] = '\0';
	ck_assert_int_eq(renewal.reload.prepare(&renewal, large, 0, &reply), -1);
	ck_assert_str_eq(reply.reason, "what was handed in is no configuration");
	close(ends[0]);
	close(ends[1]);
	close(large);
}
END_TEST

START_TEST(a_pair_is_taken_only_where_there_is_use_for_one)
{
	ck_assert_ptr_null(renewal.reload.prepare_pair);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("renewal");
	TCase *tcase = tcase_create("renewal");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, is_used_when_root_says_so_and_not_before);
	tcase_add_test(tcase, what_needs_a_restart_is_named_each_time);
	tcase_add_test(tcase, numbers_of_users_are_kept);
	tcase_add_loop_test(tcase, what_cannot_be_used_is_refused_in_one_line, 0, ROWS(refused));
	tcase_add_test(tcase, another_environment_is_refused);
	tcase_add_test(tcase, what_the_daemon_refuses_is_forgotten);
	tcase_add_test(tcase, only_a_file_of_bearable_size_is_read);
	tcase_add_test(tcase, a_pair_is_taken_only_where_there_is_use_for_one);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
