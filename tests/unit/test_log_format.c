/* One event in each form, and values that try to be more than one. */
#include "log_format.h"

#include "suite.h"

#include <string.h>

static char out[LOG_MAX_RECORD];

static const char *
ended(size_t length)
{
	ck_assert_uint_lt(length, sizeof(out));
	out[length] = '\0';
	return out;
}

static struct log_line
line_of(const struct log_field *fields, size_t count)
{
	return (struct log_line){.process = "store",
	    .level = LOG_LEVEL_INFO,
	    .time = "2026-01-31T12:00:00.123Z",
	    .fields = fields,
	    .field_count = count};
}

static const struct log_field event[] = {
    {"event", "update_refused"}, {"client", "192.0.2.1"}, {"uid", NULL}, {"reason", "wrong key"}};

START_TEST(an_event_in_each_form)
{
	const struct log_line line = line_of(event, 4);
	char text[LOG_MAX_LINE];

	ck_assert_str_eq(ended(log_format_text(out, &line, 1)),
	    "2026-01-31T12:00:00.123Z info    store: event=update_refused client=192.0.2.1 "
	    "reason=\"wrong key\"\n");
	ck_assert_str_eq(ended(log_format_text(out, &line, 0)),
	    "store: event=update_refused client=192.0.2.1 reason=\"wrong key\"\n");
	ck_assert_str_eq(ended(log_format_json(out, &line)),
	    "{\"time\":\"2026-01-31T12:00:00.123Z\",\"level\":\"info\",\"process\":\"store\","
	    "\"event\":\"update_refused\",\"client\":\"192.0.2.1\",\"reason\":\"wrong key\"}\n");
	ck_assert_str_eq(
	    ended(log_format_record(out, &line, text, log_format_text(text, &line, 0))),
	    "PRIORITY=6\nSYSLOG_IDENTIFIER=sallyport-store\n"
	    "MESSAGE=store: event=update_refused client=192.0.2.1 reason=\"wrong key\"\n"
	    "SALLYPORT_EVENT=update_refused\nSALLYPORT_CLIENT=192.0.2.1\n"
	    "SALLYPORT_REASON=wrong key\n");
}
END_TEST

static const char *const hostile[] = {
    "x client=203.0.113.5",
    "x\" client=203.0.113.5",
    "x\nstore: event=update_refused client=203.0.113.5",
    "x\nSALLYPORT_CLIENT=203.0.113.5\n",
    "x\",\"client\":\"203.0.113.5",
    "\x1b[2K\r\x80\xff",
    "",
};

/* Whatever a value is: one line, one pair of quotes, one field. */
START_TEST(a_value_stays_one)
{
	const struct log_field fields[] = {{"event", "e"}, {"reason", hostile[_i]}};
	const struct log_line line = line_of(fields, 2);
	char text[LOG_MAX_LINE];
	const char *c;
	unsigned quotes = 0;
	size_t length = log_format_text(text, &line, 0);

	ck_assert_ptr_eq(memchr(text, '\n', length), text + length - 1);
	(void)ended(log_format_record(out, &line, text, length));
	ck_assert_ptr_null(strstr(out, "\nSALLYPORT_CLIENT="));
	text[length] = '\0';
	ck_assert_ptr_null(strstr(text, "\" client="));
	for (c = text; *c != '\0'; c++)
		quotes += *c == '"';
	ck_assert(quotes == 0 || quotes == 2);
	ck_assert_ptr_null(strpbrk(text, "\x1b\r\x80\xff"));
	(void)ended(log_format_json(out, &line));
	ck_assert_ptr_null(strstr(out, "\"client\""));
	ck_assert_ptr_eq(strchr(out, '\n'), out + strlen(out) - 1);
}
END_TEST

/* Every length of a line ends with its form whole. */
START_TEST(what_is_too_long_is_cut)
{
	static char value[4 * LOG_MAX_LINE];
	struct log_field fields[9];
	struct log_line line = line_of(fields, 9);
	char text[LOG_MAX_LINE];
	size_t length;

	memset(value, _i % 2 == 0 ? '\n' : 'v', sizeof(value) - 1);
	value[_i] = '\0';
	for (unsigned i = 0; i < 9; i++)
		fields[i] = (struct log_field){"name", value};
	length = log_format_text(text, &line, 1);
	ck_assert_uint_le(length, LOG_MAX_LINE);
	ck_assert_int_eq(text[length - 1], '\n');
	ck_assert_uint_le(log_format_record(out, &line, text, length), LOG_MAX_RECORD);
	length = log_format_json(text, &line);
	ck_assert_uint_le(length, LOG_MAX_LINE);
	ck_assert_int_eq(memcmp(text + length - 3, "\"}\n", 3), 0);
	line.message = value;
	length = log_format_json(text, &line);
	ck_assert_uint_le(length, LOG_MAX_LINE);
	ck_assert_int_eq(memcmp(text + length - 3, "\"}\n", 3), 0);
}
END_TEST

START_TEST(the_front_program_has_its_own_name)
{
	struct log_line line = line_of(NULL, 0);

	line.process = "sallyport";
	line.message = "stopping";
	ck_assert_str_eq(ended(log_format_record(out, &line, "sallyport: stopping\n", 20)),
	    "PRIORITY=6\nSYSLOG_IDENTIFIER=sallyport\nMESSAGE=sallyport: stopping\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log_format");
	TCase *tests = tcase_create("log_format");

	tcase_add_test(tests, an_event_in_each_form);
	tcase_add_loop_test(tests, a_value_stays_one, 0, ROWS(hostile));
	tcase_add_loop_test(tests, what_is_too_long_is_cut, 0, 1100);
	tcase_add_test(tests, the_front_program_has_its_own_name);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
