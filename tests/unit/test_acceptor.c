/* Connections that come to a real socket, with and without descriptors left. */
#include "acceptor.h"
#include "log.h"

#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { COMERS = 3 };

static uv_loop_t loop;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int accepted[8];
static unsigned accepted_count, asked, closed;
static int may_give; /* make_room() closes what was accepted first */

static void
on_accepted(void *context, int fd)
{
	(void)context;
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	accepted[accepted_count++] = fd;
}

static int
on_shortage(void *context)
{
	(void)context;
	asked++;
	if (may_give)
		close(accepted[0]);
	return may_give;
}

static void
on_closed(void *context)
{
	(void)context;
	closed++;
}

static struct acceptor *
start(void)
{
	const struct acceptor_config config = {.what = "comers",
	    .accepted = on_accepted,
	    .make_room = on_shortage,
	    .closed = on_closed};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct acceptor *acceptor;

	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/door", suite_folder);
	(void)unlink(address.sun_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	acceptor = acceptor_start(&loop, fd, 16, &config);
	ck_assert_ptr_nonnull(acceptor);
	/* The loop makes what it needs at its first turn. */
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	return acceptor;
}

/* They come, and then so many descriptors are left. */
static void
come(unsigned count, unsigned left)
{
	struct rlimit limit;
	int fds[8];

	for (unsigned i = 0; i < count; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		ck_assert_int_eq(connect(fds[i], (struct sockaddr *)&address, sizeof(address)), 0);
	}
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)fds[count - 1] + 1 + left;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void
finish(struct acceptor *acceptor)
{
	acceptor_close(acceptor);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(closed, 1);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

START_TEST(who_comes_is_taken)
{
	struct acceptor *acceptor = start();

	come(COMERS, 100);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(accepted_count, COMERS);
	ck_assert_uint_eq(asked, 0);
	finish(acceptor);
}
END_TEST

START_TEST(nobody_gives_way_where_nobody_waits)
{
	struct acceptor *acceptor = start();

	may_give = 1;
	come(COMERS, COMERS);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(accepted_count, COMERS);
	ck_assert_uint_eq(asked, 0);
	finish(acceptor);
}
END_TEST

START_TEST(one_gives_way_to_another)
{
	struct acceptor *acceptor = start();

	may_give = 1;
	come(COMERS, COMERS - 1);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(accepted_count, COMERS);
	ck_assert_uint_eq(asked, 1);
	finish(acceptor);
}
END_TEST

/* The loop is not kept busy meanwhile, and nobody is forgotten. */
START_TEST(who_finds_no_descriptor_waits)
{
	struct acceptor *acceptor = start();

	come(COMERS, COMERS - 1);
	for (unsigned i = 0; i < 5; i++)
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(accepted_count, COMERS - 1);
	ck_assert_uint_le(asked, 2);
	close(accepted[0]);
	while (accepted_count < COMERS)
		(void)uv_run(&loop, UV_RUN_ONCE);
	finish(acceptor);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("acceptor");
	TCase *tests = tcase_create("acceptor");

	tcase_add_test(tests, who_comes_is_taken);
	tcase_add_test(tests, nobody_gives_way_where_nobody_waits);
	tcase_add_test(tests, one_gives_way_to_another);
	tcase_add_test(tests, who_finds_no_descriptor_waits);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
