/* Sockets that are passed at the start: which are taken, under which conditions, and what ends the process. */
#include "passed_sockets.h"

#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LAST_FD = 8 }; /* from PASSED_SOCKETS_FD on they are the tests' */

/* Check's own descriptors come behind ours: they must not stand where sockets are passed. */
static void
reserve_descriptors(void)
{
	while (open("/dev/null", O_RDWR | O_CLOEXEC) < LAST_FD)
		;
}

/* As the service manager says it. */
static void
announce(unsigned count, const char *names)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", (int)getpid());
	setenv("LISTEN_PID", number, 1);
	snprintf(number, sizeof(number), "%u", count);
	setenv("LISTEN_FDS", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
}

/* Puts a socket with a free port of the loopback interface, or for IPv4 and IPv6 of any, at that descriptor. */
static struct address
place_socket(int fd, int family, int type, int takes_both)
{
	struct address address = {.length = sizeof(address.socket)};
	int made = socket(family, type, 0), only = !takes_both;

	ck_assert_int_ge(made, 0);
	address.socket.any.sa_family = (sa_family_t)family;
	if (family == AF_INET6) {
		ck_assert_int_eq(
		    setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)), 0);
		address.socket.v6.sin6_addr = takes_both ? in6addr_any : in6addr_loopback;
		address.length = sizeof(address.socket.v6);
	} else {
		address.socket.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		address.length = sizeof(address.socket.v4);
	}
	ck_assert_int_eq(bind(made, &address.socket.any, address.length), 0);
	ck_assert_int_eq(getsockname(made, &address.socket.any, &address.length), 0);
	ck_assert_int_eq(dup2(made, fd), fd);
	close(made);
	return address;
}

START_TEST(is_found_by_its_address_and_type)
{
	struct passed_sockets passed;
	struct address stream, datagram;

	stream = place_socket(3, AF_INET, SOCK_STREAM, 0);
	datagram = place_socket(4, AF_INET, SOCK_DGRAM, 0);
	announce(2, "api:dns");
	ck_assert_uint_eq(passed_sockets_begin(&passed), 2);
	ck_assert_ptr_null(getenv("LISTEN_PID"));
	ck_assert_ptr_null(getenv("LISTEN_FDS"));
	ck_assert_ptr_null(getenv("LISTEN_FDNAMES"));
	ck_assert_int_eq(passed_sockets_take(&passed, &stream, SOCK_DGRAM), -1);
	ck_assert_int_eq(passed_sockets_take(&passed, &datagram, SOCK_DGRAM), 4);
	ck_assert_int_eq(passed_sockets_take(&passed, &datagram, SOCK_DGRAM), -1);
	ck_assert_int_eq(passed_sockets_take(&passed, &stream, SOCK_STREAM), 3);
	ck_assert_int_ne(fcntl(3, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(3, F_GETFD), FD_CLOEXEC);
	passed_sockets_end(&passed, "api.listen");
}
END_TEST

START_TEST(one_of_ipv6_alone_is_taken)
{
	struct passed_sockets passed;
	struct address address = place_socket(3, AF_INET6, SOCK_STREAM, 0);

	announce(1, "api");
	passed_sockets_begin(&passed);
	ck_assert_int_eq(passed_sockets_take(&passed, &address, SOCK_STREAM), 3);
}
END_TEST

START_TEST(a_unix_socket_is_found_by_its_name)
{
	struct passed_sockets passed;
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(dup2(pair[0], 3), 3);
	place_socket(4, AF_INET, SOCK_STREAM, 0);
	announce(2, "control:api");
	passed_sockets_begin(&passed);
	ck_assert_int_eq(passed_sockets_take_named(&passed, "other", SOCK_SEQPACKET), -1);
	ck_assert_int_eq(passed_sockets_take_named(&passed, "control", SOCK_STREAM), -1);
	ck_assert_int_eq(passed_sockets_take_named(&passed, "api", SOCK_STREAM), -1);
	ck_assert_int_eq(passed_sockets_take_named(&passed, "control", SOCK_SEQPACKET), 3);
	ck_assert_int_eq(passed_sockets_take_named(&passed, "control", SOCK_SEQPACKET), -1);
}
END_TEST

/* NULL: not set; a PID of NULL: our own. */
static const struct {
	const char *pid, *count;
} none[] = {
    {"1", "1"},
    {"", "1"},
    {"12x", "1"},
    {"-1", "1"},
    {"99999999999999999999", "1"},
    {NULL, "0"},
    {NULL, ""},
    {NULL, "one"},
    {NULL, "-1"},
};

START_TEST(none_is_looked_for_unless_it_is_meant_for_us)
{
	struct passed_sockets passed;

	announce(1, "api");
	if (none[_i].pid != NULL)
		setenv("LISTEN_PID", none[_i].pid, 1);
	setenv("LISTEN_FDS", none[_i].count, 1);
	ck_assert_uint_eq(passed_sockets_begin(&passed), 0);
	ck_assert_ptr_null(getenv("LISTEN_FDS"));
	passed_sockets_end(&passed, "api.listen");
}
END_TEST

START_TEST(names_may_be_missing_or_long)
{
	char names[200] = ":";
	struct passed_sockets passed;

	for (int fd = 3; fd < 6; fd++)
		place_socket(fd, AF_INET, SOCK_STREAM, 0);
	memset(names + 1, 'x', sizeof(names) - 2);
	announce(3, names);
	passed_sockets_begin(&passed);
	ck_assert_str_eq(passed.sockets[0].name, "");
	ck_assert_uint_eq(strlen(passed.sockets[1].name), PASSED_SOCKETS_NAME - 1);
	ck_assert_str_eq(passed.sockets[2].name, "");
}
END_TEST

START_TEST(more_than_there_is_room_for_is_fatal)
{
	struct passed_sockets passed;

	announce(PASSED_SOCKETS_MAX + 1, "");
	passed_sockets_begin(&passed);
}
END_TEST

START_TEST(a_descriptor_that_is_none_is_fatal)
{
	struct passed_sockets passed;

	announce(PASSED_SOCKETS_MAX, "");
	passed_sockets_begin(&passed);
}
END_TEST

START_TEST(one_that_takes_ipv4_as_well_is_fatal)
{
	struct passed_sockets passed;
	struct address address = place_socket(3, AF_INET6, SOCK_STREAM, 1);

	announce(1, "api");
	passed_sockets_begin(&passed);
	passed_sockets_take(&passed, &address, SOCK_STREAM);
}
END_TEST

START_TEST(one_that_nobody_takes_is_fatal)
{
	struct passed_sockets passed;

	place_socket(3, AF_INET, SOCK_STREAM, 0);
	announce(1, "api");
	passed_sockets_begin(&passed);
	passed_sockets_end(&passed, "api.listen");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("passed_sockets");
	TCase *tcase = tcase_create("passed_sockets");

	reserve_descriptors();
	tcase_add_test(tcase, is_found_by_its_address_and_type);
	tcase_add_test(tcase, one_of_ipv6_alone_is_taken);
	tcase_add_test(tcase, a_unix_socket_is_found_by_its_name);
	tcase_add_loop_test(tcase, none_is_looked_for_unless_it_is_meant_for_us, 0, ROWS(none));
	tcase_add_test(tcase, names_may_be_missing_or_long);
	tcase_add_exit_test(tcase, more_than_there_is_room_for_is_fatal, 1);
	tcase_add_exit_test(tcase, a_descriptor_that_is_none_is_fatal, 1);
	tcase_add_exit_test(tcase, one_that_takes_ipv4_as_well_is_fatal, 1);
	tcase_add_exit_test(tcase, one_that_nobody_takes_is_fatal, 1);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
