/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash, so that whoever chooses names cannot
 * choose collisions. Pure.
 */
#ifndef COMMON_SIPHASH_H
#define COMMON_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

enum { SIPHASH_KEY = 16 };

uint64_t siphash(const uint8_t key[SIPHASH_KEY], const void *bytes, size_t length);

#endif
