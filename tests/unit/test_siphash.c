/* SipHash-2-4 against the vectors of its authors' reference implementation. */
#include "siphash.h"
#include "suite.h"

#include <stdlib.h>

static const struct {
	size_t length; /* of the input 0, 1, 2, ... */
	uint64_t hash;
} vectors[] = {
    {0, 0x726fdb47dd0e0e31U},
    {1, 0x74f839c593dc67fdU},
    {8, 0x93f5f5799a932462U},
    {15, 0xa129ca6149be45e5U},
};

START_TEST(matches_vectors)
{
	uint8_t key[SIPHASH_KEY], input[16];

	for (unsigned i = 0; i < 16; i++)
		key[i] = input[i] = (uint8_t)i;
	ck_assert_uint_eq(siphash(key, input, vectors[_i].length), vectors[_i].hash);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("siphash");
	TCase *cases = tcase_create("siphash");

	tcase_add_loop_test(cases, matches_vectors, 0, sizeof(vectors) / sizeof(vectors[0]));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
