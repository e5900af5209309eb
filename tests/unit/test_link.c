/* Links and doors over real sockets and a real loop: what is taken, what ends a link, and bounds. */
#include "door.h"
#include "link.h"
#include "log.h"
#include "transport.h"

#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static uv_loop_t loop;
static struct link *link_under_test;
static int peer; /* the other end, used raw */

static unsigned handled, turns, drained;
static uint64_t last_id;
static int handler_answer, handler_closes;
static int ended;
static enum link_end how_ended;

static int
on_hello(void *context, uint64_t id, struct reader *body, int fd)
{
	(void)context;
	(void)body;
	ck_assert_int_eq(fd, -1);
	handled++;
	last_id = id;
	if (handler_closes)
		link_close(link_under_test);
	return handler_answer;
}

static const struct message_rule rules[] = {
    {MESSAGE_HELLO, 1U << 0, 0, MESSAGE_MAX - MESSAGE_HEADER, 0, on_hello},
};

static void
on_closed(void *context, enum link_end how)
{
	(void)context;
	ended++;
	how_ended = how;
}

static void
on_drained(void *context)
{
	(void)context;
	drained++;
}

static void
on_turn_ended(void *context)
{
	(void)context;
	turns++;
}

static void
open_link(size_t queue_maximum)
{
	struct link_config config = {.peer = "test",
	    .rules = rules,
	    .rule_count = 1,
	    .queue_maximum = queue_maximum,
	    .closed = on_closed,
	    .drained = on_drained,
	    .turn_ended = on_turn_ended};
	int pair[2];

	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	peer = pair[1];
	link_under_test = link_open(&loop, pair[0], &config);
	ck_assert_ptr_nonnull(link_under_test);
}

/* Some turns of the loop: enough for whatever is there to be handled. */
static void
run_loop(void)
{
	for (int i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static void
close_all(void)
{
	link_close(link_under_test);
	run_loop();
	close(peer);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static size_t
make_message(unsigned char message[MESSAGE_MAX], enum message_type type, uint64_t id, size_t body)
{
	static const unsigned char zeros[MESSAGE_MAX];
	struct writer writer;

	message_begin(&writer, message, type, id);
	writer_bytes(&writer, zeros, body);
	return message_end(&writer);
}

static void
send_from_peer(enum message_type type, uint64_t id)
{
	unsigned char message[MESSAGE_MAX];
	size_t length = make_message(message, type, id, 0);

	ck_assert_int_eq(transport_send(peer, message, length, NULL, 0), TRANSPORT_DONE);
}

START_TEST(hands_messages_to_their_rule)
{
	open_link(1000);
	for (uint64_t id = 1; id <= 10; id++)
		send_from_peer(MESSAGE_HELLO, id);
	run_loop();
	ck_assert_uint_eq(handled, 10);
	ck_assert_uint_eq(last_id, 10);
	ck_assert_uint_ge(turns, 1);
	ck_assert_int_eq(ended, 0);
	close_all();
	ck_assert_int_eq(ended, 0);
}
END_TEST

START_TEST(a_flood_is_taken_in_turns)
{
	open_link(1000);
	for (int i = 0; i < LINK_READ_TURN + 10; i++)
		send_from_peer(MESSAGE_HELLO, 1);
	uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(handled, LINK_READ_TURN);
	run_loop();
	ck_assert_uint_eq(handled, LINK_READ_TURN + 10);
	close_all();
}
END_TEST

START_TEST(an_unknown_type_ends_it)
{
	open_link(1000);
	send_from_peer(MESSAGE_DELTA, 1);
	send_from_peer(MESSAGE_HELLO, 1);
	run_loop();
	ck_assert_int_eq(ended, 1);
	ck_assert_int_eq(how_ended, LINK_END_VIOLATION);
	ck_assert_uint_eq(handled, 0);
	link_under_test = NULL;
	close_all();
}
END_TEST

START_TEST(a_handler_that_refuses_ends_it)
{
	open_link(1000);
	handler_answer = -1;
	send_from_peer(MESSAGE_HELLO, 1);
	run_loop();
	ck_assert_int_eq(ended, 1);
	ck_assert_int_eq(how_ended, LINK_END_VIOLATION);
	link_under_test = NULL;
	close_all();
}
END_TEST

START_TEST(a_handler_may_close_it)
{
	open_link(1000);
	handler_closes = 1;
	send_from_peer(MESSAGE_HELLO, 1);
	send_from_peer(MESSAGE_HELLO, 2);
	run_loop();
	ck_assert_uint_eq(handled, 1);
	ck_assert_int_eq(ended, 0);
	link_under_test = NULL;
	close_all();
}
END_TEST

START_TEST(the_peers_end_is_noticed)
{
	open_link(1000);
	close(peer);
	peer = -1;
	run_loop();
	ck_assert_int_eq(ended, 1);
	ck_assert_int_eq(how_ended, LINK_END_PEER);
	link_under_test = NULL;
	run_loop();
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

/* A peer that leaves with our message unread resets the connection: its end too, not our failure. */
START_TEST(a_reset_is_the_peers_end)
{
	unsigned char message[MESSAGE_MAX];

	open_link(1000);
	ck_assert_int_eq(
	    link_send(link_under_test, message, make_message(message, MESSAGE_HELLO, 1, 0)), 0);
	close(peer);
	peer = -1;
	run_loop();
	ck_assert_int_eq(ended, 1);
	ck_assert_int_eq(how_ended, LINK_END_PEER);
	link_under_test = NULL;
	run_loop();
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

START_TEST(a_message_that_is_too_long_ends_it)
{
	static unsigned char message[MESSAGE_MAX + 100];

	open_link(1000);
	ck_assert_int_eq(transport_send(peer, message, sizeof(message), NULL, 0), TRANSPORT_DONE);
	run_loop();
	ck_assert_int_eq(how_ended, LINK_END_VIOLATION);
	link_under_test = NULL;
	close_all();
}
END_TEST

static int
count_open_files(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			count++;
	return count;
}

/* Sends `count` copies of a descriptor along. */
static void
send_with_fds(unsigned count)
{
	unsigned char message[MESSAGE_MAX];
	union {
		struct cmsghdr align;
		unsigned char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = {{0}};
	struct iovec part = {message, make_message(message, MESSAGE_HELLO, 1, 0)};
	struct msghdr header = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = CMSG_SPACE(count * sizeof(int))};
	int fds[8];

	for (unsigned i = 0; i < count; i++)
		fds[i] = STDERR_FILENO;
	CMSG_FIRSTHDR(&header)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&header)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&header)->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)), fds, count * sizeof(int));
	ck_assert_int_gt(sendmsg(peer, &header, 0), 0);
}

/* As many as there is room for, and more: none is taken, and none stays open. */
START_TEST(an_unwanted_descriptor_ends_it_and_is_closed)
{
	static const unsigned counts[] = {1, MESSAGE_MAX_FDS, MESSAGE_MAX_FDS + 1, 8};
	int before;

	open_link(1000);
	before = count_open_files();
	send_with_fds(counts[_i]);
	run_loop();
	ck_assert_int_eq(how_ended, LINK_END_VIOLATION);
	ck_assert_int_eq(count_open_files(), before - 1); /* the link's own */
	link_under_test = NULL;
	close_all();
}
END_TEST

START_TEST(the_queue_has_a_bound_and_drains_in_order)
{
	unsigned char message[MESSAGE_MAX];
	unsigned char received_bytes[MESSAGE_MAX + 1];
	struct message_received received;
	unsigned sent = 0;
	uint64_t expected = 1;
	int fds[MESSAGE_MAX_FDS];

	open_link((size_t)4 * 20000);
	/* The kernel takes some, then our queue, then no more. */
	for (;;) {
		size_t length =
		    make_message(message, MESSAGE_HELLO, sent + 1, 20000 - MESSAGE_HEADER);

		if (link_send(link_under_test, message, length) != 0)
			break;
		sent++;
		ck_assert_uint_lt(sent, 10000);
	}
	ck_assert_uint_eq(link_queued(link_under_test), 4 * 20000);
	while (expected <= sent) {
		run_loop();
		switch (transport_receive(peer, received_bytes, &received, fds)) {
		case TRANSPORT_DONE:
			ck_assert_uint_eq(received.length, 20000);
			ck_assert_uint_eq(
			    (unsigned)received_bytes[15] | (unsigned)received_bytes[14] << 8,
			    expected);
			expected++;
			break;
		default:
			ck_abort_msg("a message is missing");
		}
	}
	ck_assert_uint_eq(link_queued(link_under_test), 0);
	ck_assert_uint_eq(drained, 1);
	close_all();
}
END_TEST

/* The door. */

static int arrived_fd;
static unsigned arrivals;

static void
on_arrived(void *context, int fd)
{
	(void)context;
	arrivals++;
	arrived_fd = fd;
}

/* What is to become of a reload, and what did. */
static const char *refusal;
static unsigned prepared, pairs, applied, discarded;
static char handed_in[3];
static struct door *the_door;
static int later; /* apply is not finished at once */

static int
refuse_or_not(struct door_reply *reply)
{
	snprintf(reply->reason, sizeof(reply->reason), "%s", refusal != NULL ? refusal : "");
	return refusal != NULL ? -1 : 0;
}

static int
on_prepare(void *context, int configuration, uint64_t environment, struct door_reply *reply)
{
	(void)context;
	(void)environment;
	prepared++;
	ck_assert_int_eq((int)read(configuration, &handed_in[0], 1), 1);
	snprintf(reply->keys, sizeof(reply->keys), "dns.listen");
	return refuse_or_not(reply);
}

static int
on_prepare_pair(void *context, const int fds[2], struct door_reply *reply)
{
	(void)context;
	pairs++;
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq((int)read(fds[i], &handed_in[1 + i], 1), 1);
	return refuse_or_not(reply);
}

static void
on_apply(void *context)
{
	(void)context;
	applied++;
	if (!later)
		door_applied(the_door);
}

static void
on_discard(void *context)
{
	(void)context;
	discarded++;
}

static const struct door_reload any_reload = {.prepare = on_prepare,
    .prepare_pair = on_prepare_pair,
    .apply = on_apply,
    .discard = on_discard};

/* What open_door() gives the door; NULL: nothing can be reloaded. */
static const struct door_reload *reload;

static struct door *
open_door(uid_t store_uid)
{
	int folder_fd;
	const struct door_config config = {.store_uid = store_uid,
	    .reload_uid = getuid(),
	    .arrived = on_arrived,
	    .reload = reload};
	struct door *door;

	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	folder_fd = open(suite_folder, O_PATH | O_DIRECTORY);
	door = door_listen(
	    &loop, door_bind(folder_fd, "test.door", 0600, getuid(), (gid_t)-1), &config);
	close(folder_fd);
	return door;
}

static void
shut_door(struct door *door)
{
	door_close(door);
	run_loop();
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static int
knock(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/test.door", suite_folder);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int
is_closed_by_the_door(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

START_TEST(a_door_takes_a_link_from_store)
{
	unsigned char message[MESSAGE_MAX];
	struct door *door = open_door(getuid());
	int fd = knock(), pipe_fds[2];

	ck_assert_int_eq(pipe(pipe_fds), 0);
	run_loop();
	ck_assert_int_eq(
	    transport_send(fd, message, make_message(message, MESSAGE_LINK, 0, 0), &pipe_fds[1], 1),
	    TRANSPORT_DONE);
	run_loop();
	ck_assert_uint_eq(arrivals, 1);
	ck_assert_int_eq((int)write(arrived_fd, "x", 1), 1);
	ck_assert_int_eq(fcntl(arrived_fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(is_closed_by_the_door(fd), 1);
	close(arrived_fd);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close(fd);
	shut_door(door);
}
END_TEST

/* Sends a step with as many pipes, in which there is "a", "b" and "c". */
static void
send_step(int guest, enum message_type step, unsigned count)
{
	unsigned char message[MESSAGE_MAX];
	int pipes[MESSAGE_MAX_FDS][2], fds[MESSAGE_MAX_FDS];

	for (unsigned i = 0; i < count; i++) {
		ck_assert_int_eq(pipe(pipes[i]), 0);
		ck_assert_int_eq((int)write(pipes[i][1], &"abc"[i], 1), 1);
		fds[i] = pipes[i][0];
	}
	ck_assert_int_eq(
	    transport_send(guest, message,
		make_message(message, step, 7, step == MESSAGE_RELOAD ? MESSAGE_RELOAD_BODY : 0),
		fds, count),
	    TRANSPORT_DONE);
	for (unsigned i = 0; i < count; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	run_loop();
}

/* The answer must be there. */
static void
expect_answer(int guest, int is_busy, const char *reason, const char *keys)
{
	static const struct message_rule rule = {
	    .type = MESSAGE_RELOAD_ANSWER, .states = 1, .maximum = MESSAGE_MAX};
	const struct message_rule *found;
	unsigned char bytes[MESSAGE_MAX + 1];
	struct message_received received;
	struct message_header header;
	struct message_reload_answer answer;
	struct reader body;
	int fds[MESSAGE_MAX_FDS];

	ck_assert_int_eq(transport_receive(guest, bytes, &received, fds), TRANSPORT_DONE);
	ck_assert_int_eq(message_check(&rule, 1, 0, &received, &header, &found), MESSAGE_ACCEPTED);
	ck_assert_uint_eq(header.id, 7);
	reader_init(&body, received.data + MESSAGE_HEADER, received.length - MESSAGE_HEADER);
	ck_assert_int_eq(message_get_reload_answer(&body, &answer), 0);
	ck_assert_int_eq(answer.is_busy, is_busy);
	ck_assert_int_eq(slice_equals(answer.reason, reason), 1);
	ck_assert_int_eq(slice_equals(answer.keys, keys), 1);
}

START_TEST(a_door_takes_what_is_new)
{
	int fd, before;

	reload = &any_reload;
	later = _i;
	the_door = open_door(getuid());
	fd = knock();
	run_loop();
	before = count_open_files();
	send_step(fd, MESSAGE_RELOAD, 1);
	expect_answer(fd, 0, "", "dns.listen");
	send_step(fd, MESSAGE_RELOAD_PAIR, 2);
	expect_answer(fd, 0, "", "");
	ck_assert_mem_eq(handed_in, "aab", 3);
	ck_assert_int_eq(count_open_files(), before);
	ck_assert_uint_eq(applied, 0);
	send_step(fd, MESSAGE_RELOAD_APPLY, 0);
	ck_assert_uint_eq(applied, 1);
	if (later) {
		int other = knock();

		/* As long as one is not in use there is no other. */
		send_step(other, MESSAGE_RELOAD, 1);
		expect_answer(other, 1, "another reload is under way", "");
		close(other);
		door_applied(the_door);
		run_loop();
	}
	expect_answer(fd, 0, "", "");
	ck_assert_int_eq(is_closed_by_the_door(fd), 1);
	ck_assert_int_eq(count_open_files(), before - 1);
	ck_assert_uint_eq(prepared, 1);
	ck_assert_uint_eq(discarded, 0);
	close(fd);
	shut_door(the_door);
}
END_TEST

START_TEST(a_door_forgets_what_was_refused)
{
	int fd;

	reload = &any_reload;
	refusal = "it is not to be had";
	the_door = open_door(getuid());
	fd = knock();
	send_step(fd, MESSAGE_RELOAD, 1);
	expect_answer(fd, 0, refusal, "dns.listen");
	ck_assert_int_eq(is_closed_by_the_door(fd), 1);
	close(fd);
	ck_assert_uint_eq(discarded, 0);
	refusal = NULL;
	fd = knock();
	send_step(fd, MESSAGE_RELOAD, 1);
	expect_answer(fd, 0, "", "dns.listen");
	refusal = "the key is another one's";
	send_step(fd, MESSAGE_RELOAD_PAIR, 2);
	expect_answer(fd, 0, refusal, "");
	ck_assert_uint_eq(discarded, 0);
	close(fd);
	run_loop();
	ck_assert_uint_eq(discarded, 1);
	ck_assert_uint_eq(applied, 0);
	shut_door(the_door);
}
END_TEST

/* One at a time, and whoever leaves makes room for the next. */
START_TEST(two_reloads_at_once)
{
	int one, other;

	reload = &any_reload;
	the_door = open_door(getuid());
	one = knock();
	other = knock();
	send_step(one, MESSAGE_RELOAD, 1);
	expect_answer(one, 0, "", "dns.listen");
	send_step(other, MESSAGE_RELOAD, 1);
	expect_answer(other, 1, "another reload is under way", "");
	ck_assert_uint_eq(prepared, 1);
	close(one);
	close(other);
	run_loop();
	ck_assert_uint_eq(discarded, 1);
	other = knock();
	send_step(other, MESSAGE_RELOAD, 1);
	expect_answer(other, 0, "", "dns.listen");
	close(other);
	/* With the door it is forgotten, too. */
	shut_door(the_door);
	ck_assert_uint_eq(discarded, 2);
}
END_TEST

/* What cannot follow is refused; a guest who has begun is root's, and his mistakes end nothing. */
static const struct {
	enum message_type step;
	unsigned count;
} out_of_order[] = {
    {MESSAGE_RELOAD, 1},
    {MESSAGE_RELOAD_PAIR, 1},
    {MESSAGE_RELOAD_PAIR, 3},
    {MESSAGE_RELOAD_APPLY, 1},
    {MESSAGE_LINK, 1},
};

START_TEST(steps_out_of_order)
{
	int fd;

	reload = &any_reload;
	the_door = open_door(getuid());
	fd = knock();
	send_step(fd, MESSAGE_RELOAD, 1);
	expect_answer(fd, 0, "", "dns.listen");
	send_step(fd, out_of_order[_i].step, out_of_order[_i].count);
	ck_assert_int_eq(is_closed_by_the_door(fd), 1);
	ck_assert_uint_eq(discarded, 1);
	ck_assert_uint_eq(applied + arrivals, 0);
	close(fd);
	shut_door(the_door);
}
END_TEST

/* Only where the door knows what to do with it; as for store, who says something that is not in the table. */
START_TEST(a_door_that_takes_nothing_new)
{
	the_door = open_door(getuid());
	send_step(knock(), MESSAGE_RELOAD, 1);
}
END_TEST

/* Without having begun, or with more descriptors than one. */
static const struct {
	enum message_type step;
	unsigned count;
} beginnings[] = {
    {MESSAGE_RELOAD, 0},
    {MESSAGE_RELOAD, 2},
    {MESSAGE_RELOAD_PAIR, 2},
    {MESSAGE_RELOAD_APPLY, 0},
};

START_TEST(a_reload_that_begins_otherwise)
{
	reload = &any_reload;
	the_door = open_door(getuid());
	send_step(knock(), beginnings[_i].step, beginnings[_i].count);
}
END_TEST

START_TEST(a_door_is_shut_for_strangers)
{
	struct door *door = open_door(getuid() + 1);
	int fd = knock();

	run_loop();
	ck_assert_int_eq(is_closed_by_the_door(fd), 1);
	ck_assert_uint_eq(arrivals, 0);
	close(fd);
	shut_door(door);
}
END_TEST

START_TEST(a_door_holds_few_guests)
{
	struct door *door = open_door(getuid());
	int fds[DOOR_GUESTS + 1];

	for (unsigned i = 0; i <= DOOR_GUESTS; i++) {
		fds[i] = knock();
		run_loop();
	}
	for (unsigned i = 0; i < DOOR_GUESTS; i++)
		ck_assert_int_eq(is_closed_by_the_door(fds[i]), 0);
	ck_assert_int_eq(is_closed_by_the_door(fds[DOOR_GUESTS]), 1);
	for (unsigned i = 0; i <= DOOR_GUESTS; i++)
		close(fds[i]);
	shut_door(door);
}
END_TEST

/* A guest that says nothing is shown out; the loop has nothing else to wait for than its patience. */
START_TEST(a_door_loses_patience)
{
	struct door *door = open_door(getuid());
	int fd = knock();

	while (!is_closed_by_the_door(fd))
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_uint_eq(arrivals, 0);
	close(fd);
	shut_door(door);
}
END_TEST

/* Exit code 1: what store's uid says wrongly at the door is as bad as on the link. */
START_TEST(nonsense_at_the_door_is_fatal)
{
	unsigned char message[MESSAGE_MAX];
	struct door *door = open_door(getuid());
	int fd = knock();

	ck_assert_ptr_nonnull(door);
	ck_assert_int_eq(
	    transport_send(fd, message, make_message(message, MESSAGE_LINK, 0, 0), NULL, 0),
	    TRANSPORT_DONE);
	run_loop();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("link");
	TCase *tests = tcase_create("link");

	tcase_add_test(tests, hands_messages_to_their_rule);
	tcase_add_test(tests, a_flood_is_taken_in_turns);
	tcase_add_test(tests, an_unknown_type_ends_it);
	tcase_add_test(tests, a_handler_that_refuses_ends_it);
	tcase_add_test(tests, a_handler_may_close_it);
	tcase_add_test(tests, the_peers_end_is_noticed);
	tcase_add_test(tests, a_reset_is_the_peers_end);
	tcase_add_test(tests, a_message_that_is_too_long_ends_it);
	tcase_add_loop_test(tests, an_unwanted_descriptor_ends_it_and_is_closed, 0, 4);
	tcase_add_test(tests, the_queue_has_a_bound_and_drains_in_order);
	tcase_add_test(tests, a_door_takes_a_link_from_store);
	tcase_add_loop_test(tests, a_door_takes_what_is_new, 0, 2);
	tcase_add_test(tests, a_door_forgets_what_was_refused);
	tcase_add_test(tests, two_reloads_at_once);
	tcase_add_loop_test(tests, steps_out_of_order, 0, ROWS(out_of_order));
	tcase_add_exit_test(tests, a_door_that_takes_nothing_new, 1);
	tcase_add_loop_exit_test(tests, a_reload_that_begins_otherwise, 1, 0, ROWS(beginnings));
	tcase_add_test(tests, a_door_is_shut_for_strangers);
	tcase_add_test(tests, a_door_holds_few_guests);
	tcase_add_test(tests, a_door_loses_patience);
	tcase_add_exit_test(tests, nonsense_at_the_door_is_fatal, 1);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
