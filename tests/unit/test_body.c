/* The JSON of /register and /update, as real clients send it and as bad ones do. */
#include "body.h"

#include "buf.h"
#include "failing_malloc.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(LITERAL) LITERAL, sizeof(LITERAL) - 1

static const struct {
	const char *bytes;
	size_t length;
	enum body_verdict verdict;
	const char *networks; /* joined by commas */
} registers[] = {
    {TEXT(""), BODY_OK, ""},
    {TEXT("{}"), BODY_OK, ""},
    {TEXT("null"), BODY_OK, ""},
    {TEXT("null\n"), BODY_OK, ""},
    {TEXT(" \r\n\t{ } \n"), BODY_OK, ""},
    {TEXT("{\"allowfrom\": []}"), BODY_OK, ""},
    {TEXT("{\"allowfrom\": null}"), BODY_OK, ""},
    {TEXT("{\"allowfrom\": [\"192.0.2.0/24\", \"[::1]/64\"]}\n"), BODY_OK, "192.0.2.0/24,[::1]/64"},
    {TEXT("{\"AllowFrom\":[\"192.0.2.0/24\"]}"), BODY_OK, "192.0.2.0/24"},
    {TEXT("{\"ALLOWFROM\":[\"not a network\"]}"), BODY_OK, "not a network"},
    {TEXT("{\"allowfrom\":[\"\\u0031\"]}"), BODY_OK, "1"},
    {TEXT("{\"x\":[{\"y\":1e9}],\"n\":123456789012345678901234567890}"), BODY_OK, ""},
    {TEXT("{\"allowfroms\":5,\"allowfro\":5,\"\":5}"), BODY_OK, ""},
    {TEXT("{\"allowfrom\":[],\"AllowFrom\":[]}"), BODY_MALFORMED, ""},
    {TEXT("{\"allowfrom\":null,\"AllowFrom\":null}"), BODY_MALFORMED, ""},
    {TEXT("{\"allowfrom\":[],\"allowfrom\":[]}"), BODY_MALFORMED, ""},
    {TEXT("{\"x\":1,\"x\":1}"), BODY_MALFORMED, ""},
    {TEXT("{\"allowfrom\":\"192.0.2.0/24\"}"), BODY_MALFORMED, ""},
    {TEXT("{\"allowfrom\":{}}"), BODY_MALFORMED, ""},
    {TEXT("{\"allowfrom\":[1]}"), BODY_MALFORMED, ""},
    {TEXT("{\"allowfrom\":[[\"192.0.2.0/24\"]]}"), BODY_MALFORMED, ""},
    {TEXT("{\"allowfrom\":[\"\", 1]}"), BODY_MALFORMED, ""},
    {TEXT("{\"allowfrom\":[\"\"]}"), BODY_BAD_NETWORK, ""},
    {TEXT("{\"allowfrom\":[null]}"), BODY_BAD_NETWORK, ""},
    {TEXT("{\"allowfrom\":[\"0000000000000000000000000000000000000000000000000000000000000000\"]}"),
	BODY_BAD_NETWORK, ""},
    {TEXT("[]"), BODY_MALFORMED, ""},
    {TEXT("\"\""), BODY_MALFORMED, ""},
    {TEXT("0"), BODY_MALFORMED, ""},
    {TEXT("true"), BODY_MALFORMED, ""},
    {TEXT("nul"), BODY_MALFORMED, ""},
    {TEXT(" "), BODY_MALFORMED, ""},
    {TEXT("{"), BODY_MALFORMED, ""},
    {TEXT("{}}"), BODY_MALFORMED, ""},
    {TEXT("{} {}"), BODY_MALFORMED, ""},
    {TEXT("{}\0"), BODY_MALFORMED, ""},
    {TEXT("\0"), BODY_MALFORMED, ""},
    {TEXT("{\"a\\u0000b\":1}"), BODY_MALFORMED, ""},
    {TEXT("{'allowfrom':[]}"), BODY_MALFORMED, ""},
    {TEXT("{allowfrom:[]}"), BODY_MALFORMED, ""},
    {TEXT("{\"allowfrom\":[],}"), BODY_MALFORMED, ""},
    {TEXT("{\"allowfrom\":[\"\xff\"]}"), BODY_MALFORMED, ""},
    {TEXT("{\"allowfrom\":[\"\\ud800\"]}"), BODY_MALFORMED, ""},
    {TEXT("\xef\xbb\xbf{}"), BODY_MALFORMED, ""},
    {TEXT("allowfrom=192.0.2.0/24"), BODY_MALFORMED, ""},
};

/* Exactly the size, so that a sanitizer sees a byte read behind it. */
static char *
copy_of(const char *bytes, size_t length)
{
	char *copy = malloc(length > 0 ? length : 1);

	ck_assert_ptr_nonnull(copy);
	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

START_TEST(reads_registers)
{
	char *bytes = copy_of(registers[_i].bytes, registers[_i].length);
	struct body_networks request;
	struct body body;
	struct buf joined;

	ck_assert_int_eq(body_read_register(&body, bytes, registers[_i].length, &request),
	    registers[_i].verdict);
	free(bytes); /* slices must not point into it */
	if (registers[_i].verdict != BODY_OK) {
		ck_assert_ptr_null(body.root);
		return;
	}
	buf_init(&joined, 256);
	for (size_t i = 0; i < request.count; i++) {
		buf_append_string(&joined, i > 0 ? "," : "");
		buf_append(&joined, request.networks[i].data, request.networks[i].length);
	}
	buf_append(&joined, "", 1);
	ck_assert(!joined.failed);
	ck_assert_str_eq((const char *)joined.data, registers[_i].networks);
	buf_free(&joined);
	body_free(&body);
}
END_TEST

START_TEST(takes_256_networks_and_no_more)
{
	for (unsigned count = 255; count <= 257; count++) {
		struct buf text;
		struct body_networks request;
		struct body body;
		enum body_verdict verdict;

		buf_init(&text, 8192);
		buf_append_string(&text, "{\"allowfrom\":[");
		for (unsigned i = 0; i < count; i++)
			buf_append_string(&text, i > 0 ? ",\"192.0.2.0/24\"" : "\"192.0.2.0/24\"");
		buf_append_string(&text, "]}");
		ck_assert(!text.failed);
		verdict = body_read_register(&body, (const char *)text.data, text.length, &request);
		buf_free(&text);
		ck_assert_int_eq(verdict, count <= 256 ? BODY_OK : BODY_BAD_NETWORK);
		if (verdict == BODY_OK)
			ck_assert_uint_eq(request.count, count);
		body_free(&body);
	}
}
END_TEST

static const struct {
	const char *bytes;
	size_t length;
	enum body_verdict verdict;
	const char *subdomain;
	const char *txt;
	size_t txt_length;
} updates[] = {
    {TEXT("{\"subdomain\":\"a\",\"txt\":\"b\"}"), BODY_OK, "a", TEXT("b")},
    {TEXT("{\"SubDomain\":\"a\",\"Txt\":\"b\"}"), BODY_OK, "a", TEXT("b")},
    {TEXT("{\"SUBDOMAIN\":\"a\",\"tXT\":\"b\",\"username\":{\"txt\":[]}}"), BODY_OK, "a",
	TEXT("b")},
    {TEXT("{\n  \"subdomain\": \"a\",\n  \"txt\": \"b\"\n}\n"), BODY_OK, "a", TEXT("b")},
    {TEXT("{\"subdomain\":\"a\",\"txt\":\"\\u0000\\\"\"}"), BODY_OK, "a", TEXT("\0\"")},
    {TEXT("{}"), BODY_OK, "", TEXT("")},
    {TEXT("null"), BODY_OK, "", TEXT("")},
    {TEXT("{\"subdomain\":null,\"txt\":null}"), BODY_OK, "", TEXT("")},
    {TEXT("{\"subdomain\":\"a\"}"), BODY_OK, "a", TEXT("")},
    {TEXT("{\"subdomains\":\"a\",\"tx\":\"b\"}"), BODY_OK, "", TEXT("")},
    {TEXT(""), BODY_MALFORMED, "", TEXT("")},
    {TEXT("{\"subdomain\":1,\"txt\":\"b\"}"), BODY_MALFORMED, "", TEXT("")},
    {TEXT("{\"subdomain\":\"a\",\"txt\":1}"), BODY_MALFORMED, "", TEXT("")},
    {TEXT("{\"subdomain\":\"a\",\"txt\":[\"b\"]}"), BODY_MALFORMED, "", TEXT("")},
    {TEXT("{\"subdomain\":\"a\",\"txt\":\"b\",\"Txt\":\"c\"}"), BODY_MALFORMED, "", TEXT("")},
    {TEXT("{\"subdomain\":\"a\",\"SubDomain\":\"a\",\"txt\":\"b\"}"), BODY_MALFORMED, "", TEXT("")},
    {TEXT("[\"subdomain\",\"txt\"]"), BODY_MALFORMED, "", TEXT("")},
    {TEXT("subdomain=a&txt=b"), BODY_MALFORMED, "", TEXT("")},
};

START_TEST(reads_updates)
{
	char *bytes = copy_of(updates[_i].bytes, updates[_i].length);
	struct body_update request;
	struct body body;

	ck_assert_int_eq(
	    body_read_update(&body, bytes, updates[_i].length, &request), updates[_i].verdict);
	free(bytes);
	if (updates[_i].verdict != BODY_OK) {
		ck_assert_ptr_null(body.root);
		return;
	}
	ck_assert(slice_equals(request.subdomain, updates[_i].subdomain));
	ck_assert_uint_eq(request.txt.length, updates[_i].txt_length);
	if (request.txt.length > 0)
		ck_assert_mem_eq(request.txt.data, updates[_i].txt, request.txt.length);
	body_free(&body);
}
END_TEST

START_TEST(refuses_every_prefix)
{
	const char whole[] = "{\"subdomain\":\"a\",\"allowfrom\":[\"::/0\"],\"txt\":\"b\"}";

	for (size_t length = 1; length < sizeof(whole) - 1; length++) {
		char *bytes = copy_of(whole, length);
		struct body_networks registration;
		struct body_update update;
		struct body body;

		ck_assert_int_eq(
		    body_read_register(&body, bytes, length, &registration), BODY_MALFORMED);
		ck_assert_int_eq(body_read_update(&body, bytes, length, &update), BODY_MALFORMED);
		free(bytes);
	}
}
END_TEST

/* As deep as a body can be: refused, without a stack that runs over. */
START_TEST(refuses_depth)
{
	enum { DEEP = 60000 };
	static char bytes[DEEP];
	struct body_networks request;
	struct body body;

	memset(bytes, '[', sizeof(bytes));
	memcpy(bytes, "{\"x\":", 5);
	ck_assert_int_eq(body_read_register(&body, bytes, sizeof(bytes), &request), BODY_MALFORMED);
}
END_TEST

START_TEST(survives_each_failing_allocation)
{
	const char bytes[] = "{\"subdomain\":\"a\",\"allowfrom\":[\"::/0\"],\"txt\":\"b\"}";
	unsigned nth;

	body_prepare();
	for (nth = 1;; nth++) {
		struct body_networks registration;
		struct body body;
		enum body_verdict verdict;

		failing_malloc_at(nth);
		verdict = body_read_register(&body, bytes, sizeof(bytes) - 1, &registration);
		if (!failing_malloc_happened()) {
			body_free(&body);
			break;
		}
		ck_assert_int_eq(verdict, BODY_NO_MEMORY);
		ck_assert_ptr_null(body.root);
	}
	failing_malloc_at(0);
	ck_assert_uint_gt(nth, 5);
}
END_TEST

static Suite *
body_suite(void)
{
	Suite *suite = suite_create("body");
	TCase *tests = tcase_create("body");

	tcase_add_loop_test(
	    tests, reads_registers, 0, (int)(sizeof(registers) / sizeof(registers[0])));
	tcase_add_test(tests, takes_256_networks_and_no_more);
	tcase_add_loop_test(tests, reads_updates, 0, (int)(sizeof(updates) / sizeof(updates[0])));
	tcase_add_test(tests, refuses_every_prefix);
	tcase_add_test(tests, refuses_depth);
	tcase_add_test(tests, survives_each_failing_allocation);
	suite_add_tcase(suite, tests);
	return suite;
}

int
main(void)
{
	return suite_run(body_suite());
}
