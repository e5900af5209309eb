/* CRC-32C (Castagnoli; RFC 3720, B.4): tells a damaged record from a good one. */
#ifndef STORE_CRC32C_H
#define STORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from `crc`, the result for the bytes before; 0 at the start. */
uint32_t crc32c(uint32_t crc, const void *data, size_t length);

#endif
