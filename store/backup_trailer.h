/*
 * What stands behind the image in a backup. Pure.
 *
 * A backup is an LMDB data file, compacted, and behind it BACKUP_TRAILER bytes, all integers big-endian:
 *
 *     16  "SallyportBackup\n"
 *      4  format of this trailer, BACKUP_FORMAT
 *      4  schema of the database
 *      8  when it was begun, seconds since 1970
 *      8  the commit that it holds at least
 *      8  bytes of the image
 *     32  SHA-256 over the image and the trailer up to here
 *
 * Behind and not in front, because all of it is known only when the image is written, and because LMDB's own tools, which
 * look no further than the image, can then read the file as it is.
 */
#ifndef STORE_BACKUP_TRAILER_H
#define STORE_BACKUP_TRAILER_H

#include <stdint.h>

enum {
	BACKUP_FORMAT = 1,
	BACKUP_DIGEST = 32,
	BACKUP_TRAILER = 80,
	BACKUP_DIGESTED = BACKUP_TRAILER - BACKUP_DIGEST /* bytes of it that the digest is over */
};

struct backup_trailer {
	uint32_t schema;
	uint64_t created;  /* seconds since 1970 */
	uint64_t sequence; /* every commit up to this one is in the image */
	uint64_t length;   /* bytes of the image */
	unsigned char digest[BACKUP_DIGEST];
};

void backup_trailer_encode(
    const struct backup_trailer *trailer, unsigned char bytes[BACKUP_TRAILER]);

enum backup_trailer_result {
	BACKUP_TRAILER_OK,
	BACKUP_TRAILER_FOREIGN, /* no backup of ours, or one whose end is missing */
	BACKUP_TRAILER_NEWER	/* of a format that this program does not know */
};

/* Reads it; the digest is not looked at. */
enum backup_trailer_result backup_trailer_decode(
    struct backup_trailer *trailer, const unsigned char bytes[BACKUP_TRAILER]);

#endif
