/* SipHash-2-4, written from the paper's section 2. */
#include "siphash.h"

#include <string.h>

enum { COMPRESSION_ROUNDS = 2, FINAL_ROUNDS = 4 };

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t
read_little(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static uint64_t
rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static inline void
mix(struct state *state, unsigned rounds)
{
	for (; rounds > 0; rounds--) {
		state->v0 += state->v1;
		state->v2 += state->v3;
		state->v1 = rotate(state->v1, 13) ^ state->v0;
		state->v3 = rotate(state->v3, 16) ^ state->v2;
		state->v0 = rotate(state->v0, 32) + state->v3;
		state->v2 += state->v1;
		state->v3 = rotate(state->v3, 21) ^ state->v0;
		state->v1 = rotate(state->v1, 17) ^ state->v2;
		state->v2 = rotate(state->v2, 32);
	}
}

uint64_t
siphash(const uint8_t key[SIPHASH_KEY], const void *bytes, size_t length)
{
	const uint8_t *next = bytes;
	uint64_t k0 = read_little(key), k1 = read_little(key + 8);
	uint64_t word, last = (uint64_t)length << 56;
	struct state state = {k0 ^ 0x736f6d6570736575U, k1 ^ 0x646f72616e646f6dU,
	    k0 ^ 0x6c7967656e657261U, k1 ^ 0x7465646279746573U};
	size_t left = length;

	for (; left >= 8; left -= 8, next += 8) {
		word = read_little(next);
		state.v3 ^= word;
		mix(&state, COMPRESSION_ROUNDS);
		state.v0 ^= word;
	}
	while (left-- > 0)
		last |= (uint64_t)next[left] << (8 * left);
	state.v3 ^= last;
	mix(&state, COMPRESSION_ROUNDS);
	state.v0 ^= last;
	state.v2 ^= 0xff;
	mix(&state, FINAL_ROUNDS);
	return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}
