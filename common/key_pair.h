/*
 * The certificate and the key that the API speaks TLS with: two PEM files, opened, read and held
 * against each other.
 *
 * Who opens them is root, before confinement or in `sallyport reload`; who uses them gets descriptors.
 */
#ifndef COMMON_KEY_PAIR_H
#define COMMON_KEY_PAIR_H

#include "conf.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <time.h>

enum {
	KEY_PAIR_MAX_FILE = 64 * 1024, /* bytes */
	KEY_PAIR_WHY = 200,	       /* bytes of an explanation, NUL included */
	KEY_PAIR_WARN_DAYS = 21	       /* before the certificate's end */
};

enum key_pair_part { KEY_PAIR_CERTIFICATE, KEY_PAIR_KEY, KEY_PAIR_PARTS };

/* What is wrong, and with which of the two. */
struct key_pair_fault {
	enum key_pair_part part;
	char why[KEY_PAIR_WHY]; /* goes on behind the file's name: "cannot be opened: ..." */
};

/*
 * Opens both files of the configuration for reading. Others than owner and group must not be able to read the key.
 * 0, or -1 with the fault and nothing open.
 */
int key_pair_open(const struct conf *conf, int fds[KEY_PAIR_PARTS], struct key_pair_fault *fault);

/*
 * Reads both from where they stand and puts them into `context`: the server's own certificate first, then
 * those that lead to its root. `ends` is when the first one expires. 0, or -1 with the fault. Closes nothing.
 */
int key_pair_use(
    SSL_CTX *context, const int fds[KEY_PAIR_PARTS], time_t *ends, struct key_pair_fault *fault);

/* Prints the fault as conf_load() prints mistakes. */
void key_pair_print_fault(
    const struct conf *conf, const struct key_pair_fault *fault, FILE *messages);

/*
 * Does all of that in vain, with a warning if the certificate ends soon. Returns the number of errors;
 * 0 also when the configuration has no TLS.
 */
int key_pair_check(const struct conf *conf, FILE *messages);

/* 1 from KEY_PAIR_WARN_DAYS before the end on. */
int key_pair_ends_soon(time_t ends, time_t now);

/*
 * "ends at 2026-11-23 17:41:35 UTC, in 3 days; renew it", or that it ended. Up to KEY_PAIR_WHY bytes.
 */
void key_pair_describe_end(char text[KEY_PAIR_WHY], time_t ends, time_t now);

#endif
