/*
 * TLS 1.2 and 1.3 for one connection: the client's bytes in, plaintext out, and back. OpenSSL does all of
 * it, over buffers in memory; no socket, no loop, no clock here.
 *
 * What is offered is what Mozilla calls intermediate, without its oldest part: ECDHE with AES-GCM or
 * ChaCha20, no renegotiation, no compression, no early data. A session is resumed by a ticket, whose key lives in
 * the memory of this process as long as its context, at most TLS_TICKET_KEY_MS.
 */
#ifndef APID_TLS_H
#define APID_TLS_H

#include "buf.h"
#include "key_pair.h"

#include <stddef.h>

enum {
	TLS_MAX_PLAIN = 16 * 1024,     /* bytes of one record's content (RFC 8446, 5.1) */
	TLS_MAX_HANDSHAKE = 64 * 1024, /* bytes from the client until it is done */
	TLS_MAX_SEALED = 128 * 1024,   /* bytes of one answer, sealed, with what stands before it */
	TLS_TICKET_SECONDS = 2 * 60 * 60,	 /* how long a session can be resumed */
	TLS_TICKET_KEY_MS = 12 * 60 * 60 * 1000, /* how long one key makes tickets */
	TLS_HELLO = 0x16 /* what a client that speaks TLS begins with (RFC 8446, 5.1) */
};

/* A certificate with its key and the keys of its tickets; connections that began with it keep it alive. */
struct tls_context;

/* Reads the pair from where the descriptors stand; they stay open. NULL with the fault. */
struct tls_context *tls_context_new(const int fds[KEY_PAIR_PARTS], struct key_pair_fault *fault);

/* The last one to use it wipes the key. NULL is accepted. */
void tls_context_free(struct tls_context *context);

/* When its certificate expires. */
time_t tls_context_end(const struct tls_context *context);

/* Tickets are made and read with a new key from now on: 0, or -1, and it stays the old one. */
int tls_context_renew_tickets(struct tls_context *context);

struct tls;

/* NULL: memory is short. */
struct tls *tls_new(const struct tls_context *context);

/* NULL is accepted. */
void tls_free(struct tls *tls);

/* Takes all of what the client sent. 0, or -1: memory is short. */
int tls_receive(struct tls *tls, const void *bytes, size_t length);

enum tls_result {
	TLS_PLAIN, /* there is plaintext */
	TLS_MORE,  /* the client must send more */
	TLS_ENDED, /* the client has said that nothing follows */
	TLS_FAILED /* it cannot go on; what the client should be told is in the output */
};

/* Opens what was received, up to `capacity` bytes of plaintext; call it until it gives something else than TLS_PLAIN. */
enum tls_result tls_read(struct tls *tls, void *bytes, size_t capacity, size_t *length);

/* Seals plaintext for the client, after the handshake. 0 or -1. */
int tls_write(struct tls *tls, const void *bytes, size_t length);

/* Says that nothing follows, once, after a handshake that was completed. */
void tls_close(struct tls *tls);

/* Moves what is to be sent to the end of `out`. 0, or -1: it does not fit. */
int tls_output(struct tls *tls, struct buf *out);

/* 1 after the handshake. */
int tls_is_established(const struct tls *tls);

/* 1 if the session goes on from an earlier connection's. */
int tls_is_resumed(const struct tls *tls);

#endif
