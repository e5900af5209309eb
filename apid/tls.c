#include "tls.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

/* Of TLS 1.2; those of 1.3 are all good. */
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
			      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
			      "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/* The first one is for an OpenSSL that knows the hybrid of 2024. */
static const char new_groups[] = "X25519MLKEM768:X25519:P-256:P-384";
static const char groups[] = "X25519:P-256:P-384";

/* As on the wire (RFC 7301, 3.1). */
static const unsigned char http_1_1[] = "\x08http/1.1";

struct tls_context {
	SSL_CTX *ssl;
	time_t ends;
};

struct tls {
	SSL *ssl;
	BIO *in, *out; /* owned by `ssl` */
	size_t received;
	int failed;
};

/* A client that names protocols and not ours is told so (RFC 7301, 3.2); one that names none speaks HTTP/1.1. */
static int
choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_length,
    const unsigned char *offered, unsigned offered_length, void *context)
{
	unsigned char *found = NULL;

	(void)ssl;
	(void)context;
	if (SSL_select_next_proto(&found, chosen_length, http_1_1, sizeof(http_1_1) - 1, offered,
		offered_length) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*chosen = found;
	return SSL_TLSEXT_ERR_OK;
}

/* 0, or -1: this OpenSSL lacks something that every one since 3.0 has. */
static int
set_up(SSL_CTX *ssl)
{
	static const unsigned char name[] = "sallyport";

	SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
				     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
				     SSL_OP_CLEANSE_PLAINTEXT);
	/* An idle connection keeps no buffers. */
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	/* All that a session needs is in its ticket: nothing is kept for clients that may never come back. */
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ssl, TLS_TICKET_SECONDS);
	SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
	if (SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ssl, ciphers) != 1 || SSL_CTX_set_num_tickets(ssl, 1) != 1 ||
	    SSL_CTX_set_session_id_context(ssl, name, sizeof(name) - 1) != 1)
		return -1;
	if (SSL_CTX_set1_groups_list(ssl, new_groups) != 1 &&
	    SSL_CTX_set1_groups_list(ssl, groups) != 1)
		return -1;
	ERR_clear_error();
	return 0;
}

struct tls_context *
tls_context_new(const int fds[KEY_PAIR_PARTS], struct key_pair_fault *fault)
{
	struct tls_context *context = calloc(1, sizeof(*context));

	if (context != NULL)
		context->ssl = SSL_CTX_new(TLS_server_method());
	if (context == NULL || context->ssl == NULL || set_up(context->ssl) != 0) {
		*fault = (struct key_pair_fault){
		    .part = KEY_PAIR_CERTIFICATE, .why = "cannot be used: OpenSSL is not ready"};
		goto fail;
	}
	if (key_pair_use(context->ssl, fds, &context->ends, fault) != 0)
		goto fail;
	return context;
fail:
	tls_context_free(context);
	return NULL;
}

void
tls_context_free(struct tls_context *context)
{
	if (context == NULL)
		return;
	SSL_CTX_free(context->ssl);
	free(context);
}

time_t
tls_context_end(const struct tls_context *context)
{
	return context->ends;
}

int
tls_context_renew_tickets(struct tls_context *context)
{
	unsigned char keys[128];
	long length = SSL_CTX_get_tlsext_ticket_keys(context->ssl, NULL, 0);
	int result = -1;

	if (length > 0 && (size_t)length <= sizeof(keys) && RAND_bytes(keys, (int)length) == 1 &&
	    SSL_CTX_set_tlsext_ticket_keys(context->ssl, keys, length) == 1)
		result = 0;
	explicit_bzero(keys, sizeof(keys));
	ERR_clear_error();
	return result;
}

struct tls *
tls_new(const struct tls_context *context)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL)
		return NULL;
	tls->ssl = SSL_new(context->ssl);
	tls->in = BIO_new(BIO_s_mem());
	tls->out = BIO_new(BIO_s_mem());
	if (tls->ssl == NULL || tls->in == NULL || tls->out == NULL) {
		BIO_free(tls->in);
		BIO_free(tls->out);
		SSL_free(tls->ssl);
		free(tls);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_bio(tls->ssl, tls->in, tls->out);
	SSL_set_accept_state(tls->ssl);
	return tls;
}

void
tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_free(tls->ssl);
	free(tls);
}

int
tls_receive(struct tls *tls, const void *bytes, size_t length)
{
	size_t taken = 0;

	if (BIO_write_ex(tls->in, bytes, length, &taken) != 1 || taken != length) {
		ERR_clear_error();
		return -1;
	}
	if (!SSL_is_init_finished(tls->ssl))
		tls->received += length;
	return 0;
}

enum tls_result
tls_read(struct tls *tls, void *bytes, size_t capacity, size_t *length)
{
	int why;

	*length = 0;
	if (tls->failed)
		return TLS_FAILED;
	/* OpenSSL looks at the whole thread's errors. */
	ERR_clear_error();
	if (SSL_read_ex(tls->ssl, bytes, capacity, length) == 1)
		return TLS_PLAIN;
	why = SSL_get_error(tls->ssl, 0);
	ERR_clear_error();
	if (why == SSL_ERROR_ZERO_RETURN)
		return TLS_ENDED;
	if (why == SSL_ERROR_WANT_READ &&
	    (SSL_is_init_finished(tls->ssl) || tls->received <= TLS_MAX_HANDSHAKE))
		return TLS_MORE;
	tls->failed = 1;
	return TLS_FAILED;
}

int
tls_write(struct tls *tls, const void *bytes, size_t length)
{
	size_t taken = 0;

	if (tls->failed || length == 0)
		return tls->failed ? -1 : 0;
	ERR_clear_error();
	if (SSL_write_ex(tls->ssl, bytes, length, &taken) == 1 && taken == length)
		return 0;
	ERR_clear_error();
	tls->failed = 1;
	return -1;
}

void
tls_close(struct tls *tls)
{
	if (tls->failed || !SSL_is_init_finished(tls->ssl) ||
	    (SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN) != 0)
		return;
	ERR_clear_error();
	(void)SSL_shutdown(tls->ssl);
	ERR_clear_error();
}

int
tls_output(struct tls *tls, struct buf *out)
{
	char *bytes;
	long length = BIO_get_mem_data(tls->out, &bytes);

	if (length > 0 && buf_append(out, bytes, (size_t)length) != 0)
		return -1;
	(void)BIO_reset(tls->out);
	return 0;
}

int
tls_is_established(const struct tls *tls)
{
	return SSL_is_init_finished(tls->ssl);
}

int
tls_is_resumed(const struct tls *tls)
{
	return SSL_session_reused(tls->ssl);
}
