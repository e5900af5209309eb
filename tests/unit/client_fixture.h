/* Clients' addresses and the networks that no limit counts, out of texts. */
#ifndef TESTS_CLIENT_FIXTURE_H
#define TESTS_CLIENT_FIXTURE_H

#include "address.h"

enum { CLIENT_FIXTURE_EXEMPT = 2 };

/* The address of "192.0.2.1" or "2001:db8::1"; "::" is the unknown one. */
struct client_address client_of(const char *text);

/* This machine's networks, as limits exempt them by default. */
void client_fixture_exempt(struct network networks[CLIENT_FIXTURE_EXEMPT]);

#endif
