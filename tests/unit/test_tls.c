/* TLS of one connection, against OpenSSL's client: all bytes pass through memory. */
#include "tls.h"

#include "certificate.h"
#include "suite.h"

#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Both ends of one connection. */
struct pair {
	struct tls *server;
	SSL *client;
	BIO *to_client, *from_client;
	enum tls_result last; /* what tls_read() said last */
	char plain[256 * 1024];
	size_t plain_length;
	int reason;    /* why the client's handshake failed */
	size_t packet; /* bytes that go to the server at a time */
};

static struct tls_context *context;
static SSL_CTX *clients;
static struct pair pair;
static SSL_SESSION *session;

static void
make_context(void)
{
	struct key_pair_fault fault;
	char paths[KEY_PAIR_PARTS][PATH_MAX];
	int fds[KEY_PAIR_PARTS];
	EVP_PKEY *key = certificate_make_key("EC", 0);
	X509 *certificate = certificate_make(key, 3600);

	for (int i = 0; i < KEY_PAIR_PARTS; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%d.pem", suite_folder, i);
		unlink(paths[i]);
	}
	certificate_append(paths[KEY_PAIR_CERTIFICATE], certificate);
	certificate_append_key(paths[KEY_PAIR_KEY], key, NULL);
	for (int i = 0; i < KEY_PAIR_PARTS; i++)
		fds[i] = open(paths[i], O_RDONLY);
	tls_context_free(context);
	context = tls_context_new(fds, &fault);
	ck_assert_msg(context != NULL, "%s", fault.why);
	for (int i = 0; i < KEY_PAIR_PARTS; i++)
		close(fds[i]);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static int
keep_session(SSL *ssl, SSL_SESSION *fresh)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = fresh;
	return 1;
}

static void
setup(void)
{
	make_context();
	clients = SSL_CTX_new(TLS_client_method());
	ck_assert_ptr_nonnull(clients);
	/* A client that would do everything, so that it is the server who refuses. */
	SSL_CTX_set_security_level(clients, 0);
	SSL_CTX_set_session_cache_mode(clients, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(clients, keep_session);
}

static void
end_pair(void)
{
	tls_free(pair.server);
	/* A session whose connection just stops is not gone on with. */
	if (pair.client != NULL)
		SSL_set_shutdown(pair.client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(pair.client);
	memset(&pair, 0, sizeof(pair));
}

static void
teardown(void)
{
	end_pair();
	SSL_SESSION_free(session);
	session = NULL;
	SSL_CTX_free(clients);
	tls_context_free(context);
	context = NULL;
}

static void
begin_pair(void)
{
	end_pair();
	pair.packet = 16 * 1024;
	pair.server = tls_new(context);
	pair.client = SSL_new(clients);
	pair.to_client = BIO_new(BIO_s_mem());
	pair.from_client = BIO_new(BIO_s_mem());
	ck_assert_ptr_nonnull(pair.server);
	ck_assert_ptr_nonnull(pair.client);
	SSL_set_bio(pair.client, pair.to_client, pair.from_client);
	SSL_set_connect_state(pair.client);
}

/* Reads all that the server can open. */
static void
open_all(void)
{
	do {
		size_t length;

		pair.last = tls_read(pair.server, pair.plain + pair.plain_length,
		    sizeof(pair.plain) - pair.plain_length, &length);
		pair.plain_length += length;
	} while (pair.last == TLS_PLAIN);
}

/* Carries what waits on either side to the other one. 1 if there was something. */
static int
carry(void)
{
	char bytes[16 * 1024];
	struct buf out;
	int length, any;

	length = BIO_read(pair.from_client, bytes, (int)pair.packet);
	if (length > 0)
		ck_assert_int_eq(tls_receive(pair.server, bytes, (size_t)length), 0);
	open_all();
	buf_init(&out, TLS_MAX_SEALED);
	ck_assert_int_eq(tls_output(pair.server, &out), 0);
	any = length > 0 || out.length > 0;
	if (out.length > 0)
		BIO_write(pair.to_client, out.data, (int)out.length);
	buf_free(&out);
	return any;
}

/* Shakes hands as far as it goes. The client's word: 1 if it is content. */
static int
shake(void)
{
	int done;

	do {
		ERR_clear_error();
		done = SSL_do_handshake(pair.client);
		if (pair.reason == 0)
			pair.reason = ERR_GET_REASON(ERR_peek_last_error());
	} while (carry() || (done == 1 && BIO_pending(pair.from_client) > 0));
	return done == 1;
}

static void
expect_at_client(const char *expected, size_t length)
{
	static char bytes[256 * 1024];
	size_t at = 0;
	int got;

	carry();
	while (at < length && (got = SSL_read(pair.client, bytes + at, (int)(length - at))) > 0)
		at += (size_t)got;
	ck_assert_uint_eq(at, length);
	ck_assert_mem_eq(bytes, expected, length);
}

static void
expect_talk(void)
{
	ck_assert_int_eq(SSL_write(pair.client, "question", 8), 8);
	while (carry())
		;
	ck_assert_uint_eq(pair.plain_length, 8);
	ck_assert_mem_eq(pair.plain, "question", 8);
	ck_assert_int_eq(pair.last, TLS_MORE);
	ck_assert_int_eq(tls_write(pair.server, "answer", 6), 0);
	expect_at_client("answer", 6);
	pair.plain_length = 0;
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void
only_version(int version)
{
	SSL_CTX_set_min_proto_version(clients, version);
	SSL_CTX_set_max_proto_version(clients, version);
}

START_TEST(both_versions)
{
	static const size_t packets[] = {16 * 1024, 1};

	only_version(versions[_i % 2]);
	begin_pair();
	pair.packet = packets[_i / 2];
	ck_assert_int_eq(tls_is_established(pair.server), 0);
	ck_assert_int_eq(shake(), 1);
	ck_assert_int_eq(tls_is_established(pair.server), 1);
	ck_assert_int_eq(tls_is_resumed(pair.server), 0);
	ck_assert_int_eq(SSL_version(pair.client), versions[_i % 2]);
	ck_assert_ptr_null(SSL_get_current_compression(pair.client));
	expect_talk();
}
END_TEST

START_TEST(older_versions_are_refused)
{
	static const int old[] = {TLS1_VERSION, TLS1_1_VERSION};

	only_version(old[_i]);
	SSL_CTX_set_cipher_list(clients, "ALL:@SECLEVEL=0");
	begin_pair();
	ck_assert_int_eq(shake(), 0);
	ck_assert_int_eq(pair.last, TLS_FAILED);
	ck_assert_int_eq(pair.reason, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
}
END_TEST

static const char *const weak[] = {"AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-ECDSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-CCM", "NULL",
    "aNULL", "PSK"};

START_TEST(weak_ciphers_are_refused)
{
	only_version(TLS1_2_VERSION);
	ck_assert_int_eq(SSL_CTX_set_cipher_list(clients, weak[_i]), 1);
	begin_pair();
	ck_assert_int_eq(shake(), 0);
	ck_assert_int_eq(pair.last, TLS_FAILED);
}
END_TEST

static const struct {
	const char *offer; /* as on the wire */
	unsigned length;
	const char *chosen; /* NULL: refused */
} protocols[] = {
    {"\x08http/1.1", 9, "http/1.1"},
    {"\x02h2\x08http/1.1", 12, "http/1.1"},
    {"\x02h2", 3, NULL},
    {"\x0a"
     "acme-tls/1",
	11, NULL},
    {"\x08http/1.0", 9, NULL},
    {"", 0, ""},
};

START_TEST(the_protocol_is_http_1_1)
{
	const unsigned char *chosen;
	unsigned length;

	begin_pair();
	if (protocols[_i].length > 0)
		SSL_set_alpn_protos(
		    pair.client, (const unsigned char *)protocols[_i].offer, protocols[_i].length);
	ck_assert_int_eq(shake(), protocols[_i].chosen != NULL);
	if (protocols[_i].chosen == NULL) {
		ck_assert_int_eq(
		    pair.reason, SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL);
		return;
	}
	SSL_get0_alpn_selected(pair.client, &chosen, &length);
	ck_assert_uint_eq(length, strlen(protocols[_i].chosen));
	if (length > 0)
		ck_assert_mem_eq(chosen, protocols[_i].chosen, length);
	expect_talk();
}
END_TEST

/* A connection with the session of the one before, if there is one. */
static void
connect_again(int resumed)
{
	begin_pair();
	if (session != NULL)
		SSL_set_session(pair.client, session);
	ck_assert_int_eq(shake(), 1);
	expect_talk();
	ck_assert_int_eq(SSL_session_reused(pair.client), resumed);
	ck_assert_int_eq(tls_is_resumed(pair.server), resumed);
}

START_TEST(a_session_goes_on)
{
	only_version(versions[_i]);
	connect_again(0);
	ck_assert_ptr_nonnull(session);
	connect_again(1);
	connect_again(1);
	/* Not with another key of the tickets, nor with another certificate. */
	ck_assert_int_eq(tls_context_renew_tickets(context), 0);
	connect_again(0);
	connect_again(1);
	make_context();
	connect_again(0);
}
END_TEST

START_TEST(a_context_lives_as_long_as_its_connections)
{
	begin_pair();
	tls_context_free(context);
	context = NULL;
	ck_assert_int_eq(shake(), 1);
	expect_talk();
}
END_TEST

START_TEST(renegotiation_is_refused)
{
	only_version(TLS1_2_VERSION);
	begin_pair();
	ck_assert_int_eq(shake(), 1);
	ck_assert_int_eq(SSL_renegotiate(pair.client), 1);
	(void)shake();
	ck_assert_int_ne(pair.last, TLS_PLAIN);
	ck_assert_int_eq(pair.reason, SSL_R_NO_RENEGOTIATION);
}
END_TEST

/* Each asks for one of ours: what comes of a packet full of them is no more than a few packets. */
START_TEST(key_updates_are_answered_within_bounds)
{
	struct buf out;
	char bytes[16 * 1024];
	int length;

	only_version(TLS1_3_VERSION);
	begin_pair();
	ck_assert_int_eq(shake(), 1);
	while (BIO_pending(pair.from_client) < (int)sizeof(bytes)) {
		ck_assert_int_eq(SSL_key_update(pair.client, SSL_KEY_UPDATE_REQUESTED), 1);
		ck_assert_int_eq(SSL_do_handshake(pair.client), 1);
	}
	length = BIO_read(pair.from_client, bytes, sizeof(bytes));
	ck_assert_int_eq(tls_receive(pair.server, bytes, (size_t)length), 0);
	open_all();
	ck_assert_int_eq(pair.last, TLS_MORE);
	buf_init(&out, TLS_MAX_SEALED);
	ck_assert_int_eq(tls_output(pair.server, &out), 0);
	ck_assert_uint_le(out.length, 2 * sizeof(bytes));
	buf_free(&out);
}
END_TEST

START_TEST(large_answers)
{
	static char large[100 * 1024];

	memset(large, 'a', sizeof(large));
	begin_pair();
	ck_assert_int_eq(shake(), 1);
	ck_assert_int_eq(tls_write(pair.server, large, sizeof(large)), 0);
	expect_at_client(large, sizeof(large));
}
END_TEST

START_TEST(output_that_does_not_fit)
{
	static char large[1024];
	struct buf out;

	begin_pair();
	ck_assert_int_eq(shake(), 1);
	ck_assert_int_eq(tls_write(pair.server, large, sizeof(large)), 0);
	buf_init(&out, sizeof(large));
	ck_assert_int_eq(tls_output(pair.server, &out), -1);
	buf_free(&out);
}
END_TEST

START_TEST(the_end_is_announced)
{
	only_version(versions[_i]);
	begin_pair();
	/* Not before the handshake: there is nothing to end. */
	tls_close(pair.server);
	ck_assert_int_eq(shake(), 1);
	tls_close(pair.server);
	tls_close(pair.server);
	carry();
	ck_assert_int_eq(SSL_read(pair.client, pair.plain, 1), 0);
	ck_assert_int_eq(SSL_get_error(pair.client, 0), SSL_ERROR_ZERO_RETURN);
	ck_assert_int_eq(BIO_pending(pair.to_client), 0);
}
END_TEST

START_TEST(the_clients_end_is_seen_and_it_can_be_answered)
{
	only_version(versions[_i]);
	begin_pair();
	ck_assert_int_eq(shake(), 1);
	ck_assert_int_eq(SSL_write(pair.client, "question", 8), 8);
	SSL_shutdown(pair.client);
	carry();
	ck_assert_int_eq(pair.last, TLS_ENDED);
	ck_assert_uint_eq(pair.plain_length, 8);
	ck_assert_int_eq(tls_write(pair.server, "answer", 6), 0);
	expect_at_client("answer", 6);
}
END_TEST

/* Every change of one byte of a sealed record is noticed. */
START_TEST(forged_records_fail)
{
	char bytes[256];
	int length;

	only_version(versions[_i]);
	for (int at = 0; at < 8 + 5 + 16; at++) {
		begin_pair();
		ck_assert_int_eq(shake(), 1);
		ck_assert_int_eq(SSL_write(pair.client, "question", 8), 8);
		length = BIO_read(pair.from_client, bytes, sizeof(bytes));
		ck_assert_int_ge(length, 8 + 5 + 16);
		bytes[at] ^= 1;
		ck_assert_int_eq(tls_receive(pair.server, bytes, (size_t)length), 0);
		open_all();
		ck_assert_int_ne(pair.last, TLS_ENDED);
		ck_assert_uint_eq(pair.plain_length, 0);
		/* What follows does not mend it. */
		if (pair.last == TLS_FAILED)
			ck_assert_int_eq(tls_write(pair.server, "a", 1), -1);
	}
}
END_TEST

static const struct {
	const char *bytes;
	size_t length;
} garbage[] = {
    {"\x16\x03\x01\xff\xff", 5},
    {"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10},
    {"\x15\x03\x01\x00\x02\x02\x28", 7},
    {"\x17\x03\x03\x00\x01\x00", 6},
    {"nonsense nonsense", 17},
};

START_TEST(handshakes_of_garbage_fail)
{
	struct buf out;

	begin_pair();
	ck_assert_int_eq(tls_receive(pair.server, garbage[_i].bytes, garbage[_i].length), 0);
	open_all();
	ck_assert_int_eq(pair.last, TLS_FAILED);
	ck_assert_int_eq(tls_is_established(pair.server), 0);
	buf_init(&out, 64);
	ck_assert_int_eq(tls_output(pair.server, &out), 0);
	buf_free(&out);
	open_all();
	ck_assert_int_eq(pair.last, TLS_FAILED);
}
END_TEST

/* A hello that announces more than it may have, in records that are each as they should be. */
START_TEST(a_handshake_has_an_end)
{
	static unsigned char record[5 + TLS_MAX_PLAIN] = {0x16, 3, 1, 0x40, 0};
	size_t sent = 0;

	begin_pair();
	record[5] = 1; /* client hello, of 131,000 bytes */
	record[6] = 1;
	record[7] = 0xff;
	record[8] = 0xb8;
	do {
		ck_assert_int_eq(tls_receive(pair.server, record, sizeof(record)), 0);
		sent += sizeof(record);
		open_all();
		memset(record + 5, 0, TLS_MAX_PLAIN);
	} while (pair.last == TLS_MORE);
	ck_assert_int_eq(pair.last, TLS_FAILED);
	ck_assert_uint_le(sent, TLS_MAX_HANDSHAKE + sizeof(record));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls");
	TCase *cases = tcase_create("tls");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, both_versions, 0, 4);
	tcase_add_loop_test(cases, older_versions_are_refused, 0, 2);
	tcase_add_loop_test(cases, weak_ciphers_are_refused, 0, ROWS(weak));
	tcase_add_loop_test(cases, the_protocol_is_http_1_1, 0, ROWS(protocols));
	tcase_add_loop_test(cases, a_session_goes_on, 0, 2);
	tcase_add_test(cases, a_context_lives_as_long_as_its_connections);
	tcase_add_test(cases, renegotiation_is_refused);
	tcase_add_test(cases, key_updates_are_answered_within_bounds);
	tcase_add_test(cases, large_answers);
	tcase_add_test(cases, output_that_does_not_fit);
	tcase_add_loop_test(cases, the_end_is_announced, 0, 2);
	tcase_add_loop_test(cases, the_clients_end_is_seen_and_it_can_be_answered, 0, 2);
	tcase_add_loop_test(cases, forged_records_fail, 0, 2);
	tcase_add_loop_test(cases, handshakes_of_garbage_fail, 0, ROWS(garbage));
	tcase_add_test(cases, a_handshake_has_an_end);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
