/*
 * What a client can send into TLS: raw bytes, a real client's packets with a byte changed, and after the handshake
 * whatever a client may say. The first byte chooses the client's version, the others are a script of steps.
 */
#include "certificate.h"
#include "pack.h"
#include "tls.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A step is a byte, modulo STEPS, and what the comment says behind it. */
enum step {
	STEP_RAW,	 /* length, and so many bytes for the server, from nobody */
	STEP_CARRY,	 /* what the client has to say goes to the server */
	STEP_CHANGE,	 /* position (16 bits), mask: likewise, with that byte changed */
	STEP_CUT,	 /* length: likewise, no more than that; the rest is lost */
	STEP_ASK,	 /* length, and so many bytes of plaintext that the client seals */
	STEP_KEY_UPDATE, /* the client changes its key and asks for ours; TLS 1.3 */
	STEP_END,	 /* the client says that nothing follows */
	STEP_ANSWER,	 /* the server seals an answer */
	STEP_CLOSE,	 /* the server says that nothing follows */
	STEPS
};

enum { SCRIPT_MAX = 4096, PACKET = 16 * 1024 };

struct talk {
	struct tls *server;
	SSL *client;
	BIO *to_client, *from_client;
	int failed, established, closed;
	const uint8_t *script;
	size_t left;
};

static struct tls_context *context;
static SSL_CTX *clients;

static void
insist(int holds)
{
	if (!holds)
		abort();
}

static void
set_up(void)
{
	EVP_PKEY *key = certificate_make_key("EC", 0);
	X509 *certificate = certificate_make(key, 3600);
	struct key_pair_fault fault;
	int fds[KEY_PAIR_PARTS];
	char path[32];

	for (int i = 0; i < KEY_PAIR_PARTS; i++) {
		fds[i] = memfd_create("part", 0);
		insist(fds[i] >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		if (i == KEY_PAIR_CERTIFICATE)
			certificate_append(path, certificate);
		else
			certificate_append_key(path, key, NULL);
	}
	context = tls_context_new(fds, &fault);
	clients = SSL_CTX_new(TLS_client_method());
	insist(context != NULL && clients != NULL);
	for (int i = 0; i < KEY_PAIR_PARTS; i++)
		close(fds[i]);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static unsigned
next(struct talk *talk)
{
	if (talk->left == 0)
		return 0;
	talk->left--;
	return *talk->script++;
}

/* Up to `length` bytes of the script. */
static struct slice
next_bytes(struct talk *talk, size_t length)
{
	struct slice bytes = {talk->script, length < talk->left ? length : talk->left};

	talk->script += bytes.length;
	talk->left -= bytes.length;
	return bytes;
}

/* Opens all there is, and hands what is to be sent to the client. What has failed stays so. */
static void
serve(struct talk *talk)
{
	static char plain[TLS_MAX_PLAIN];
	enum tls_result result;
	struct buf out;
	size_t length;

	do {
		result = tls_read(talk->server, plain, sizeof(plain), &length);
		insist(length <= sizeof(plain) && (result == TLS_PLAIN) == (length > 0));
		insist(!talk->failed || result == TLS_FAILED);
		insist(result != TLS_PLAIN || tls_is_established(talk->server));
		talk->failed = result == TLS_FAILED;
	} while (result == TLS_PLAIN);
	insist(!talk->established || tls_is_established(talk->server) || talk->failed);
	talk->established = tls_is_established(talk->server);
	buf_init(&out, TLS_MAX_SEALED);
	if (tls_output(talk->server, &out) == 0 && out.length > 0)
		(void)BIO_write(talk->to_client, out.data, (int)out.length);
	buf_free(&out);
}

static void
receive(struct talk *talk, const void *bytes, size_t length)
{
	if (length > 0)
		insist(tls_receive(talk->server, bytes, length) == 0);
	serve(talk);
}

/* One packet of the client, as a step wants it. */
static void
carry(struct talk *talk, enum step step)
{
	unsigned char bytes[PACKET];
	int got;

	if (!SSL_is_init_finished(talk->client))
		(void)SSL_do_handshake(talk->client);
	else
		(void)SSL_peek(talk->client, bytes, 1);
	ERR_clear_error();
	got = BIO_read(talk->from_client, bytes, sizeof(bytes));
	if (step == STEP_CHANGE) {
		unsigned at = next(talk) << 8;

		at |= next(talk);
		if (got > 0)
			bytes[at % (unsigned)got] ^= (unsigned char)next(talk);
	} else if (step == STEP_CUT) {
		int most = (int)next(talk);

		got = got < most ? got : most;
	}
	receive(talk, bytes, got > 0 ? (size_t)got : 0);
}

static void
take_step(struct talk *talk)
{
	enum step step = (enum step)(next(talk) % STEPS);
	struct slice bytes;

	switch (step) {
	case STEP_RAW:
		bytes = next_bytes(talk, next(talk));
		receive(talk, bytes.data, bytes.length);
		break;
	case STEP_ASK:
		bytes = next_bytes(talk, next(talk));
		(void)SSL_write(talk->client, bytes.data, (int)bytes.length);
		break;
	case STEP_KEY_UPDATE:
		(void)SSL_key_update(talk->client, SSL_KEY_UPDATE_REQUESTED);
		(void)SSL_do_handshake(talk->client);
		break;
	case STEP_END:
		(void)SSL_shutdown(talk->client);
		break;
	case STEP_ANSWER:
		/* As in a connection: nothing before a question could be read, nor after our end. */
		if (talk->established && !talk->closed)
			insist(tls_write(talk->server, "answer", 6) == 0 || talk->failed);
		serve(talk);
		break;
	case STEP_CLOSE:
		talk->closed = talk->established;
		tls_close(talk->server);
		serve(talk);
		break;
	default:
		carry(talk, step);
		break;
	}
	ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct talk talk = {0};

	if (size < 1 || size > SCRIPT_MAX)
		return 0;
	talk.script = data + 1;
	talk.left = size - 1;
	if (context == NULL)
		set_up();
	talk.server = tls_new(context);
	talk.client = SSL_new(clients);
	talk.to_client = BIO_new(BIO_s_mem());
	talk.from_client = BIO_new(BIO_s_mem());
	insist(talk.server != NULL && talk.client != NULL && talk.to_client != NULL &&
	       talk.from_client != NULL);
	SSL_set_bio(talk.client, talk.to_client, talk.from_client);
	SSL_set_connect_state(talk.client);
	SSL_set_max_proto_version(talk.client, data[0] % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION);
	while (talk.left > 0)
		take_step(&talk);
	tls_free(talk.server);
	SSL_free(talk.client);
	ERR_clear_error();
	return 0;
}
