#include "diagnosis_fixture.h"

#include "suite.h"

#include <string.h>

const char *
diagnosis_fixture_json(struct diagnosis *diagnosis)
{
	static char text[32768];
	FILE *out = fmemopen(text, sizeof(text), "w");

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(diagnosis_print_json(diagnosis, out), 0);
	ck_assert_int_eq(fclose(out), 0);
	diagnosis_free(diagnosis);
	return text;
}

struct name
diagnosis_fixture_name(const char *text)
{
	struct name name;

	ck_assert_int_eq(name_from_text(&name, text), 0);
	return name;
}

struct client_address
diagnosis_fixture_address(const char *text)
{
	struct client_address address;

	ck_assert_int_eq(client_address_from_text(&address, text, strlen(text)), 0);
	return address;
}
