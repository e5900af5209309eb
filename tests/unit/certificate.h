/*
 * Certificates that sign themselves, for tests and a fuzzer: made in memory, written as PEM files. Anything that fails here
 * aborts.
 */
#ifndef TESTS_CERTIFICATE_H
#define TESTS_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

/* Makes a key: "EC" on P-256, "RSA" of `bits`. Never NULL. */
EVP_PKEY *certificate_make_key(const char *kind, unsigned bits);

/* Makes a certificate of `key` that is valid from an hour ago for `seconds` from now. Never NULL. */
X509 *certificate_make(EVP_PKEY *key, long seconds);

/* Appends to the file, which is made with mode 0600 where it is missing. */
void certificate_append(const char *path, X509 *certificate);
void certificate_append_key(const char *path, EVP_PKEY *key, const char *pass_phrase);

#endif
