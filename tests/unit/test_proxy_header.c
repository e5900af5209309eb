/* The PROXY protocol: every line and header of its specification, and those just beside it. */
#include "proxy_header.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define V2	 "\r\n\r\n\0\r\nQUIT\n"
#define V4_ADDRS "\xc0\x00\x02\x01\xc6\x33\x64\x02\x12\x34\x01\xbb"
#define V6_ADDRS                                                                                   \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"     \
	"\x12\x34\x01\xbb"
#define NO_ADDRS                                                                                   \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"               \
	"\x12\x34\x01\xbb"
#define LONGEST                                                                                    \
	"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "                                   \
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535"

/* "" as `client`: nothing is claimed. */
static const struct {
	const char *bytes;
	size_t length;
	const char *client;
} good[] = {
    {"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n", 45, "192.0.2.1"},
    {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", 56, "255.255.255.255"},
    {"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", 32, "0.0.0.0"},
    {"PROXY TCP6 2001:db8::1 :: 0 0\r\n", 31, "2001:db8::1"},
    {"PROXY TCP6 2001:db8::1 2001:db8::2 4660 443\r\n", 45, "2001:db8::1"},
    {"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", 37, "192.0.2.1"},
    {"PROXY UNKNOWN\r\n", 15, ""},
    {"PROXY UNKNOWN whatever stands here\r\n", 36, ""},
    {LONGEST "\r\n", sizeof(LONGEST "\r\n") - 1, ""},
    {V2 "\x21\x11\0\x0c" V4_ADDRS, 28, "192.0.2.1"},
    {V2 "\x21\x11\0\x13" V4_ADDRS "\x04\0\x04TLVs", 35, "192.0.2.1"},
    {V2 "\x21\x21\0\x24" V6_ADDRS, 52, "2001:db8::1"},
    {V2 "\x21\x21\0\x27" V6_ADDRS "\x04\0\0", 55, "2001:db8::1"},
    {V2 "\x21\0\0\0", 16, ""},
    {V2 "\x21\0\0\x03\x04\0\0", 19, ""},
    {V2 "\x20\0\0\0", 16, ""},
    {V2 "\x20\x11\0\x0c" V4_ADDRS, 28, ""},
    {V2 "\x20\xff\0\x01\xff", 17, ""},
};

static void
expect_client(const struct proxy_header *header, const char *client)
{
	char text[INET6_ADDRSTRLEN];

	ck_assert_int_eq(header->claims, client[0] != '\0');
	if (client[0] == '\0')
		return;
	client_address_to_text(&header->client, text);
	ck_assert_str_eq(text, client);
}

/* Whatever comes behind it, and in however many pieces it comes. */
START_TEST(reads_what_is_right)
{
	size_t length = good[_i].length;
	struct proxy_header header;
	unsigned char *copy;

	for (size_t part = 0; part <= length + 3; part++) {
		copy = malloc(part + (part == 0));
		memset(copy, 'x', part);
		memcpy(copy, good[_i].bytes, part < length ? part : length);
		if (part < length) {
			ck_assert_int_eq(proxy_header_read(&header, copy, part), PROXY_HEADER_MORE);
		} else {
			ck_assert_int_eq(proxy_header_read(&header, copy, part), PROXY_HEADER_DONE);
			ck_assert_uint_eq(header.length, length);
			expect_client(&header, good[_i].client);
		}
		free(copy);
	}
}
END_TEST

START_TEST(a_client_of_a_unix_socket_is_not_claimed)
{
	unsigned char bytes[16 + 216] = V2 "\x21\x31\0\xd8/run/client";
	struct proxy_header header;

	ck_assert_int_eq(proxy_header_read(&header, bytes, sizeof(bytes) - 1), PROXY_HEADER_MORE);
	ck_assert_int_eq(proxy_header_read(&header, bytes, sizeof(bytes)), PROXY_HEADER_DONE);
	ck_assert_int_eq(header.claims, 0);
	ck_assert_int_eq(header.local, 0);
}
END_TEST

START_TEST(a_proxy_may_speak_for_itself)
{
	struct proxy_header header;

	ck_assert_int_eq(proxy_header_read(&header, V2 "\x20\0\0\0", 16), PROXY_HEADER_DONE);
	ck_assert_int_eq(header.local, 1);
	ck_assert_int_eq(proxy_header_read(&header, V2 "\x21\0\0\0", 16), PROXY_HEADER_DONE);
	ck_assert_int_eq(header.local, 0);
	ck_assert_int_eq(proxy_header_read(&header, "PROXY UNKNOWN\r\n", 15), PROXY_HEADER_DONE);
	ck_assert_int_eq(header.local, 0);
}
END_TEST

static const struct {
	const char *bytes;
	size_t length;
} bad[] = {
    {"GET / HTTP/1.1\r\n", 16},
    {"P ", 2},
    {"proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n", 32},
    {"PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n", 33},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n", 31},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n", 33},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", 34},
    {"PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n", 33},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", 30},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 \r\n", 31},
    {"PROXY TCP4 1.1.1.1 2.2.2.2\r\n", 28},
    {"PROXY TCP4 1.1.1.1\r\n", 20},
    {"PROXY TCP4\r\n", 12},
    {"PROXY \r\n", 8},
    {"PROXY \n", 7},
    {"PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n", 34},
    {"PROXY TCP4 1.1.1.01 2.2.2.2 1 2\r\n", 33},
    {"PROXY TCP4 ::1 2.2.2.2 1 2\r\n", 28},
    {"PROXY TCP6 1.1.1.1 ::1 1 2\r\n", 28},
    {"PROXY TCP6 ::1 ::g 1 2\r\n", 24},
    {"PROXY TCP6 :: ::1 1 2\r\n", 23},
    {"PROXY TCP6 ::1%lo ::1 1 2\r\n", 27},
    {"PROXY TCP4 1.1.1.1\0 2.2.2.2 1 2\r\n", 34},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n", 36},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n", 33},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n", 33},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 x\r\n", 32},
    {"PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n", 32},
    {"PROXY UNKNOWNS\r\n", 16},
    {LONGEST "1\r\n", sizeof(LONGEST "1\r\n") - 1},
    {LONGEST "1234567890", sizeof(LONGEST "1234567890") - 1},
    {"\r\n\r\n\0\r\nQUIT\r", 12},
    {V2 "\x11\x11\0\x0c" V4_ADDRS, 28},
    {V2 "\x31\x11\0\x0c" V4_ADDRS, 28},
    {V2 "\x22\x11\0\x0c" V4_ADDRS, 28},
    {V2 "\x21\x12\0\x0c" V4_ADDRS, 28},
    {V2 "\x21\x41\0\x0c" V4_ADDRS, 28},
    {V2 "\x21\x11\0\x0b" V4_ADDRS, 28},
    {V2 "\x21\x21\0\x0c" V4_ADDRS, 28},
    {V2 "\x21\x31\0\x24" V6_ADDRS, 52},
    {V2 "\x21\x21\0\x24" NO_ADDRS, 52},
    {V2 "\x21\x11\x08\0" V4_ADDRS, 28},
    {V2 "\x20\0\xff\xff", 16},
};

START_TEST(refuses_what_is_not)
{
	struct proxy_header header;
	unsigned char *copy = malloc(bad[_i].length);

	memcpy(copy, bad[_i].bytes, bad[_i].length);
	ck_assert_int_eq(proxy_header_read(&header, copy, bad[_i].length), PROXY_HEADER_MALFORMED);
	ck_assert_int_eq(header.claims, 0);
	ck_assert_uint_eq(header.length, 0);
	free(copy);
}
END_TEST

START_TEST(the_longest_header_has_tlvs)
{
	static unsigned char bytes[PROXY_HEADER_MAX] = V2 "\x21\x11\x07\xf0" V4_ADDRS;
	struct proxy_header header;

	ck_assert_int_eq(proxy_header_read(&header, bytes, sizeof(bytes) - 1), PROXY_HEADER_MORE);
	ck_assert_int_eq(proxy_header_read(&header, bytes, sizeof(bytes)), PROXY_HEADER_DONE);
	ck_assert_uint_eq(header.length, PROXY_HEADER_MAX);
	expect_client(&header, "192.0.2.1");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("proxy_header");
	TCase *cases = tcase_create("proxy_header");

	tcase_add_loop_test(cases, reads_what_is_right, 0, ROWS(good));
	tcase_add_test(cases, a_client_of_a_unix_socket_is_not_claimed);
	tcase_add_test(cases, a_proxy_may_speak_for_itself);
	tcase_add_loop_test(cases, refuses_what_is_not, 0, ROWS(bad));
	tcase_add_test(cases, the_longest_header_has_tlvs);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
