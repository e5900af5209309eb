/* What is not ready, by name. */
#include "readiness.h"

#include "suite.h"

#include <string.h>

enum { NOW = 1000 };

static const struct {
	struct readiness readiness;
	unsigned status;
	const char *body;
} rows[] = {
    {{1, MESSAGE_READY_PARTS, 0}, 200,
	"{\"ready\": true, \"store\": \"ok\", \"dnsd\": \"ok\", \"disk\": \"ok\", "
	"\"certificate\": \"none\"}"},
    {{1, MESSAGE_READY_PARTS, NOW + 1}, 200,
	"{\"ready\": true, \"store\": \"ok\", \"dnsd\": \"ok\", \"disk\": \"ok\", "
	"\"certificate\": \"ok\"}"},
    {{1, MESSAGE_READY_PARTS, NOW}, 503,
	"{\"ready\": false, \"store\": \"ok\", \"dnsd\": \"ok\", \"disk\": \"ok\", "
	"\"certificate\": \"expired\"}"},
    {{1, MESSAGE_READY_LINKED | MESSAGE_READY_ROOM, 0}, 503,
	"{\"ready\": false, \"store\": \"ok\", \"dnsd\": \"not synchronised\", \"disk\": \"ok\", "
	"\"certificate\": \"none\"}"},
    {{1, 0, 0}, 503,
	"{\"ready\": false, \"store\": \"ok\", \"dnsd\": \"not linked\", \"disk\": "
	"\"store.reserve is reached\", \"certificate\": \"none\"}"},
    {{0, 0, NOW + 1}, 503,
	"{\"ready\": false, \"store\": \"does not answer\", \"dnsd\": \"unknown\", \"disk\": "
	"\"unknown\", \"certificate\": \"ok\"}"},
};

START_TEST(says_what_is_not_ready)
{
	struct response response;

	response_init(&response, 0);
	readiness_answer(&rows[_i].readiness, NOW, &response);
	ck_assert_uint_eq(response.status, rows[_i].status);
	ck_assert_uint_eq(response.body.length, strlen(rows[_i].body));
	ck_assert_mem_eq(response.body.data, rows[_i].body, response.body.length);
	response_free(&response);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("readiness");
	TCase *tests = tcase_create("readiness");

	tcase_add_loop_test(tests, says_what_is_not_ready, 0, ROWS(rows));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
