/* The certificate and its key: what is wrong with them is said, with the file and its place in the configuration. */
#include "key_pair.h"

#include "certificate.h"
#include "suite.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY = 24 * 60 * 60 };

static char certificate_path[PATH_MAX], key_path[PATH_MAX];
static struct conf conf;
static EVP_PKEY *key;
static X509 *certificate;

static void
setup(void)
{
	static char file[] = "/srv/c.yaml";

	snprintf(certificate_path, sizeof(certificate_path), "%s/api.pem", suite_folder);
	snprintf(key_path, sizeof(key_path), "%s/api.key", suite_folder);
	unlink(certificate_path);
	unlink(key_path);
	memset(&conf, 0, sizeof(conf));
	conf.file = file;
	conf.api.tls.certificate = certificate_path;
	conf.api.tls.key = key_path;
	conf.api.tls.certificate_place = (struct conf_place){7, 8};
	conf.api.tls.key_place = (struct conf_place){9, 10};
	key = certificate_make_key("EC", 0);
	certificate = certificate_make(key, 90L * DAY);
}

static void
teardown(void)
{
	EVP_PKEY_free(key);
	X509_free(certificate);
}

/* Checks the pair and expects `errors` and that the messages begin with `place`, go on with the file, and then `text`. */
static void
expect(int errors, enum key_pair_part part, const char *kind, const char *text)
{
	char *messages = NULL, expected[PATH_MAX + 200];
	size_t length = 0;
	FILE *stream = open_memstream(&messages, &length);

	ck_assert_ptr_nonnull(stream);
	ck_assert_int_eq(key_pair_check(&conf, stream), errors);
	ck_assert_int_eq(fclose(stream), 0);
	snprintf(expected, sizeof(expected), "/srv/c.yaml:%s: %s: api.tls.%s: %s %s",
	    part == KEY_PAIR_KEY ? "9:10" : "7:8", kind,
	    part == KEY_PAIR_KEY ? "key" : "certificate",
	    part == KEY_PAIR_KEY ? key_path : certificate_path, text);
	if (text[0] == '\0')
		ck_assert_str_eq(messages, "");
	else
		ck_assert_msg(strncmp(messages, expected, strlen(expected)) == 0, "%s\n%s",
		    messages, expected);
	if (text[0] != '\0')
		ck_assert_uint_eq(strcspn(messages, "\n"), length - 1);
	free(messages);
}

static void
expect_error(enum key_pair_part part, const char *text)
{
	expect(1, part, "error", text);
}

static void
write_pair(void)
{
	certificate_append(certificate_path, certificate);
	certificate_append_key(key_path, key, NULL);
}

static void
write_text(const char *path, const char *text, size_t length)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(a_good_pair_says_nothing)
{
	write_pair();
	expect(0, KEY_PAIR_KEY, "", "");
	/* A chain behind it, and both in one file, are as good. */
	certificate_append(certificate_path, certificate);
	expect(0, KEY_PAIR_KEY, "", "");
	certificate_append_key(certificate_path, key, NULL);
	conf.api.tls.key = certificate_path;
	expect(0, KEY_PAIR_KEY, "", "");
}
END_TEST

START_TEST(without_tls_there_is_nothing_to_check)
{
	conf.api.tls.certificate = conf.api.tls.key = NULL;
	expect(0, KEY_PAIR_KEY, "", "");
}
END_TEST

START_TEST(files_that_are_not_there)
{
	expect_error(KEY_PAIR_CERTIFICATE, "cannot be opened: No such file or directory\n");
	certificate_append(certificate_path, certificate);
	expect_error(KEY_PAIR_KEY, "cannot be opened: No such file or directory\n");
	ck_assert_int_eq(mkdir(key_path, 0700), 0);
	expect_error(KEY_PAIR_KEY, "is not a regular file\n");
	ck_assert_int_eq(rmdir(key_path), 0);
	ck_assert_int_eq(mkfifo(key_path, 0600), 0);
	expect_error(KEY_PAIR_KEY, "is not a regular file\n");
}
END_TEST

START_TEST(a_key_that_others_can_read)
{
	write_pair();
	ck_assert_int_eq(chmod(key_path, 0604), 0);
	expect_error(KEY_PAIR_KEY, "is open to every user of this machine (mode 0604); \"chmod "
				   "o-rw\" it");
	ck_assert_int_eq(chmod(key_path, 0602), 0);
	expect_error(KEY_PAIR_KEY, "is open to every user of this machine (mode 0602)");
	ck_assert_int_eq(chmod(key_path, 0640), 0);
	expect(0, KEY_PAIR_KEY, "", "");
}
END_TEST

START_TEST(files_that_are_something_else)
{
	static char large[KEY_PAIR_MAX_FILE + 1];

	write_pair();
	write_text(certificate_path, "nonsense", 8);
	expect_error(KEY_PAIR_CERTIFICATE, "has no certificate in PEM: ");
	write_text(certificate_path, "", 0);
	expect_error(KEY_PAIR_CERTIFICATE, "has no certificate in PEM: ");
	memset(large, 'a', sizeof(large));
	write_text(certificate_path, large, sizeof(large));
	expect_error(KEY_PAIR_CERTIFICATE, "has more than 65536 bytes; is it the right file?\n");
	ck_assert_int_eq(unlink(certificate_path), 0);
	certificate_append(certificate_path, certificate);
	write_text(key_path, "nonsense", 8);
	expect_error(KEY_PAIR_KEY, "has no private key in PEM: ");
	write_text(key_path, large, sizeof(large));
	expect_error(KEY_PAIR_KEY, "has more than 65536 bytes; is it the right file?\n");
}
END_TEST

START_TEST(a_chain_that_is_cut_short)
{
	FILE *file;

	write_pair();
	file = fopen(certificate_path, "a");
	ck_assert_ptr_nonnull(file);
	fputs("-----BEGIN CERTIFICATE-----\nMIIB\n", file);
	ck_assert_int_eq(fclose(file), 0);
	expect_error(KEY_PAIR_CERTIFICATE, "is damaged behind its certificate number 1: ");
}
END_TEST

START_TEST(a_key_with_a_pass_phrase)
{
	certificate_append(certificate_path, certificate);
	certificate_append_key(key_path, key, "secret");
	expect_error(KEY_PAIR_KEY, "wants a pass phrase; a server needs a key without one");
}
END_TEST

START_TEST(a_key_of_another_certificate)
{
	static const char *const kinds[] = {"EC", "RSA"};
	EVP_PKEY *other = certificate_make_key(kinds[_i], 2048);

	certificate_append(certificate_path, certificate);
	certificate_append_key(key_path, other, NULL);
	expect_error(
	    KEY_PAIR_KEY, "is not the key of the (first) certificate in the certificate's file\n");
	EVP_PKEY_free(other);
}
END_TEST

START_TEST(a_key_that_is_too_short)
{
	EVP_PKEY *small = certificate_make_key("RSA", 1024);
	X509 *weak = certificate_make(small, DAY);

	certificate_append(certificate_path, weak);
	certificate_append_key(key_path, small, NULL);
	expect_error(KEY_PAIR_CERTIFICATE, "cannot be used: ee key too small\n");
	X509_free(weak);
	EVP_PKEY_free(small);
}
END_TEST

static const struct {
	long seconds;
	const char *text; /* what stands behind the date; NULL: no warning */
} ends[] = {
    {KEY_PAIR_WARN_DAYS * DAY + 60, NULL},
    {KEY_PAIR_WARN_DAYS * DAY - 60, ", in 20 days; renew it\n"},
    {DAY + 60, ", in 1 day; renew it\n"},
    {60, ", within a day; renew it now\n"},
    {-60, "; clients refuse it: renew it now\n"},
};

START_TEST(a_certificate_that_ends_soon)
{
	X509 *ending = certificate_make(key, ends[_i].seconds);
	char *messages = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&messages, &length);

	ck_assert_ptr_nonnull(stream);
	certificate_append(certificate_path, ending);
	certificate_append_key(key_path, key, NULL);
	ck_assert_int_eq(key_pair_check(&conf, stream), 0);
	ck_assert_int_eq(fclose(stream), 0);
	if (ends[_i].text == NULL) {
		ck_assert_str_eq(messages, "");
	} else {
		ck_assert_ptr_nonnull(strstr(messages, ":7:8: warning: api.tls.certificate: "));
		ck_assert_ptr_nonnull(strstr(messages, ends[_i].text));
	}
	free(messages);
	X509_free(ending);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("key_pair");
	TCase *cases = tcase_create("key_pair");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_good_pair_says_nothing);
	tcase_add_test(cases, without_tls_there_is_nothing_to_check);
	tcase_add_test(cases, files_that_are_not_there);
	tcase_add_test(cases, a_key_that_others_can_read);
	tcase_add_test(cases, files_that_are_something_else);
	tcase_add_test(cases, a_chain_that_is_cut_short);
	tcase_add_test(cases, a_key_with_a_pass_phrase);
	tcase_add_loop_test(cases, a_key_of_another_certificate, 0, 2);
	tcase_add_test(cases, a_key_that_is_too_short);
	tcase_add_loop_test(cases, a_certificate_that_ends_soon, 0, ROWS(ends));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
