/* What a judge has said, for the tests of all of them. */
#ifndef TESTS_DIAGNOSIS_FIXTURE_H
#define TESTS_DIAGNOSIS_FIXTURE_H

#include "address.h"
#include "diagnosis.h"
#include "name.h"

/* The whole diagnosis as JSON, which it frees; the text lives until the next call. */
const char *diagnosis_fixture_json(struct diagnosis *diagnosis);

struct name diagnosis_fixture_name(const char *text);
struct client_address diagnosis_fixture_address(const char *text);

#endif
