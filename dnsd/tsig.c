/* TSIG records of unknown keys; see tsig.h. */
#include "tsig.h"

#include "dns.h"
#include "query.h"

enum {
	POINTER = 0xc0, /* both upper bits of a length byte */
	TIME_AND_FUDGE = 6 + 2,
	BADKEY = 17,
	REFUSAL = 2 + 2 + 2 + 2 /* MAC size, original id, error, length of other data */
};

/*
 * Bytes of the question's name from that offset in the message on; 0: no label of it begins there.
 * Where one does, the pointer means the same in the answer, which begins with the same bytes.
 */
static size_t
question_from(const struct qname *question, size_t offset)
{
	for (unsigned i = 0; i < question->label_count; i++) {
		if (offset == DNS_HEADER + (size_t)question->labels[i])
			return (size_t)question->length - question->labels[i];
	}
	return 0;
}

/* A name as it is written; `question` NULL: it may not be compressed. Empty where it is wrong. */
static struct slice
read_name(struct reader *reader, const struct qname *question)
{
	const uint8_t *start = reader->data + reader->offset;
	struct slice name = {start, 0};
	size_t length = 0, rest;
	uint8_t label;

	do {
		label = reader_u8(reader);
		if (label >= POINTER && question != NULL) {
			rest = question_from(
			    question, (size_t)(label & ~POINTER) << 8 | reader_u8(reader));
			reader->failed |= rest == 0;
			length += rest;
			break;
		}
		reader->failed |= label > NAME_MAX_LABEL;
		reader_bytes(reader, label);
		length += 1 + (size_t)label;
	} while (label > 0 && !reader->failed);
	if (!reader->failed && length <= NAME_MAX_WIRE)
		name.length = (size_t)(reader->data + reader->offset - start);
	return name;
}

static int
read_data(struct tsig *tsig, struct slice data)
{
	struct reader reader;

	reader_init(&reader, data.data, data.length);
	tsig->signer = read_name(&reader, NULL);
	if (tsig->signer.length == 0)
		return -1;
	tsig->signer.length += reader_bytes(&reader, TIME_AND_FUDGE).length;
	reader_string16(&reader, UINT16_MAX); /* the MAC */
	tsig->id = reader_u16(&reader);
	reader_u16(&reader); /* error: means nothing in a query */
	reader_string16(&reader, UINT16_MAX);
	return reader_end(&reader);
}

int
tsig_read(struct tsig *tsig, struct reader *reader, const struct qname *question)
{
	uint16_t type, class;
	uint32_t ttl;
	struct slice data;

	tsig->owner = read_name(reader, question);
	type = reader_u16(reader);
	class = reader_u16(reader);
	ttl = reader_u32(reader);
	data = reader_string16(reader, UINT16_MAX);
	if (reader->failed || tsig->owner.length == 0 || type != DNS_TYPE_TSIG ||
	    class != DNS_CLASS_ANY || ttl != 0)
		return -1;
	return read_data(tsig, data);
}

size_t
tsig_length(const struct tsig *tsig)
{
	return tsig->owner.length + DNS_RECORD_FIXED + tsig->signer.length + REFUSAL;
}

void
tsig_write(const struct tsig *tsig, struct writer *writer)
{
	writer_bytes(writer, tsig->owner.data, tsig->owner.length);
	writer_u16(writer, DNS_TYPE_TSIG);
	writer_u16(writer, DNS_CLASS_ANY);
	writer_u32(writer, 0);
	writer_u16(writer, (uint16_t)(tsig->signer.length + REFUSAL));
	writer_bytes(writer, tsig->signer.data, tsig->signer.length);
	writer_u16(writer, 0);
	writer_u16(writer, tsig->id);
	writer_u16(writer, BADKEY);
	writer_u16(writer, 0);
}
