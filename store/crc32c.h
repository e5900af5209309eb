/* CRC-32C (Castagnoli; RFC 3720, B.4): tells a damaged record from a good one. */
#ifndef STORE_CRC32C_H
#define STORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * Goes on from `crc`, the result for the bytes before; 0 at the start. By the processor's own instruction
 * where it has one: a snapshot reads every record there is, and would spend most of its time here.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t length);

/* The same without that instruction. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t length);

#endif
