#include "backup_file.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 };

struct reading {
	int in, out;
	EVP_MD_CTX *digest;
	char *why;
	size_t capacity;
};

static int
refuse(struct reading *reading, const char *why)
{
	(void)snprintf(reading->why, reading->capacity, "%s", why);
	return -1;
}

static int
refuse_with_errno(struct reading *reading, const char *what)
{
	(void)snprintf(reading->why, reading->capacity, "%s: %s", what, strerror(errno));
	return -1;
}

/* Reads `length` bytes at `offset`, all of them. */
static int
read_at(struct reading *reading, unsigned char *bytes, size_t length, uint64_t offset)
{
	while (length > 0) {
		ssize_t got = pread(reading->in, bytes, length, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return refuse_with_errno(reading, "cannot be read");
		if (got == 0)
			return refuse(reading, "it became shorter while it was read");
		bytes += got;
		length -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

static int
write_all(struct reading *reading, const unsigned char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(reading->out, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return refuse_with_errno(reading, "the database cannot be written");
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

static int
find_trailer(
    struct reading *reading, struct backup_trailer *trailer, unsigned char bytes[BACKUP_TRAILER])
{
	struct stat status;
	uint64_t size;

	if (fstat(reading->in, &status) != 0)
		return refuse_with_errno(reading, "cannot be looked at");
	if (!S_ISREG(status.st_mode))
		return refuse(reading, "it is not a file");
	size = (uint64_t)status.st_size;
	if (size < BACKUP_TRAILER)
		return refuse(reading, "it is no backup, or its end is missing");
	if (read_at(reading, bytes, BACKUP_TRAILER, size - BACKUP_TRAILER) != 0)
		return -1;
	switch (backup_trailer_decode(trailer, bytes)) {
	case BACKUP_TRAILER_OK:
		break;
	case BACKUP_TRAILER_FOREIGN:
		return refuse(reading, "it is no backup, or its end is missing");
	case BACKUP_TRAILER_NEWER:
		return refuse(reading, "it was written by a newer version of Sallyport");
	}
	if (trailer->length != size - BACKUP_TRAILER)
		return refuse(reading, "a part of it is missing, or something was added");
	return 0;
}

static int
read_image(struct reading *reading, uint64_t length)
{
	unsigned char bytes[CHUNK];
	uint64_t offset = 0;

	while (offset < length) {
		size_t part =
		    length - offset < sizeof(bytes) ? (size_t)(length - offset) : sizeof(bytes);

		if (read_at(reading, bytes, part, offset) != 0)
			return -1;
		if (EVP_DigestUpdate(reading->digest, bytes, part) != 1)
			return refuse(reading, "SHA-256 cannot be computed");
		if (reading->out >= 0 && write_all(reading, bytes, part) != 0)
			return -1;
		offset += part;
	}
	return 0;
}

int
backup_file_read(int in, int out, struct backup_trailer *trailer, char *why, size_t capacity)
{
	struct reading reading = {
	    .in = in, .out = out, .why = why, .capacity = capacity, .digest = EVP_MD_CTX_new()};
	unsigned char bytes[BACKUP_TRAILER], digest[BACKUP_DIGEST];
	int result = -1;

	if (reading.digest == NULL || EVP_DigestInit_ex(reading.digest, EVP_sha256(), NULL) != 1) {
		refuse(&reading, "SHA-256 cannot be computed");
		goto out;
	}
	if (find_trailer(&reading, trailer, bytes) != 0 ||
	    read_image(&reading, trailer->length) != 0)
		goto out;
	if (EVP_DigestUpdate(reading.digest, bytes, BACKUP_DIGESTED) != 1 ||
	    EVP_DigestFinal_ex(reading.digest, digest, NULL) != 1) {
		refuse(&reading, "SHA-256 cannot be computed");
		goto out;
	}
	if (CRYPTO_memcmp(digest, trailer->digest, sizeof(digest)) != 0) {
		refuse(
		    &reading, "its SHA-256 is not the one that it was written with: it is damaged");
		goto out;
	}
	result = 0;
out:
	EVP_MD_CTX_free(reading.digest);
	return result;
}
