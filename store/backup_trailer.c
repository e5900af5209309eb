#include "backup_trailer.h"

#include "pack.h"

#include <string.h>

static const unsigned char magic[16] = "SallyportBackup\n";

void
backup_trailer_encode(const struct backup_trailer *trailer, unsigned char bytes[BACKUP_TRAILER])
{
	struct writer writer;

	writer_init(&writer, bytes, BACKUP_TRAILER);
	writer_bytes(&writer, magic, sizeof(magic));
	writer_u32(&writer, BACKUP_FORMAT);
	writer_u32(&writer, trailer->schema);
	writer_u64(&writer, trailer->created);
	writer_u64(&writer, trailer->sequence);
	writer_u64(&writer, trailer->length);
	writer_bytes(&writer, trailer->digest, BACKUP_DIGEST);
}

enum backup_trailer_result
backup_trailer_decode(struct backup_trailer *trailer, const unsigned char bytes[BACKUP_TRAILER])
{
	struct reader reader;

	reader_init(&reader, bytes, BACKUP_TRAILER);
	if (memcmp(reader_bytes(&reader, sizeof(magic)).data, magic, sizeof(magic)) != 0)
		return BACKUP_TRAILER_FOREIGN;
	if (reader_u32(&reader) != BACKUP_FORMAT)
		return BACKUP_TRAILER_NEWER;
	trailer->schema = reader_u32(&reader);
	trailer->created = reader_u64(&reader);
	trailer->sequence = reader_u64(&reader);
	trailer->length = reader_u64(&reader);
	memcpy(trailer->digest, reader_bytes(&reader, BACKUP_DIGEST).data, BACKUP_DIGEST);
	return BACKUP_TRAILER_OK;
}
