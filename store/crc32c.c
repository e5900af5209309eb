#include "crc32c.h"

#include <string.h>

enum { NIBBLES = 16 };

/* Remainders of the 16 half-bytes for the reflected polynomial 0x82f63b78. */
static const uint32_t table[NIBBLES] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc,
    0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4,
    0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};

uint32_t
crc32c_portable(uint32_t crc, const void *data, size_t length)
{
	const unsigned char *bytes = data;

	crc = ~crc;
	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

#if defined(__x86_64__)

#include <nmmintrin.h>

static int
has_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}

#define WITH_INSTRUCTION     __attribute__((target("sse4.2")))
#define STEP_WORD(crc, word) ((uint32_t)_mm_crc32_u64(crc, word))
#define STEP_BYTE(crc, byte) _mm_crc32_u8(crc, byte)

#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>

static int
has_instruction(void)
{
	return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}

#define WITH_INSTRUCTION     __attribute__((target("+crc")))
#define STEP_WORD(crc, word) __crc32cd(crc, word)
#define STEP_BYTE(crc, byte) __crc32cb(crc, byte)

#endif

#ifdef WITH_INSTRUCTION

WITH_INSTRUCTION static uint32_t
crc32c_by_instruction(uint32_t crc, const unsigned char *bytes, size_t length)
{
	uint64_t word;

	crc = ~crc;
	for (; length >= sizeof(word); length -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		crc = STEP_WORD(crc, word);
	}
	for (; length > 0; length--, bytes++)
		crc = STEP_BYTE(crc, *bytes);
	return ~crc;
}

uint32_t
crc32c(uint32_t crc, const void *data, size_t length)
{
	if (has_instruction())
		return crc32c_by_instruction(crc, data, length);
	return crc32c_portable(crc, data, length);
}

#else

uint32_t
crc32c(uint32_t crc, const void *data, size_t length)
{
	return crc32c_portable(crc, data, length);
}

#endif
