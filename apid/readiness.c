#include "readiness.h"

#include <string.h>

static const char *
word_of_dnsd(const struct readiness *readiness)
{
	if (!readiness->answered)
		return "unknown";
	if ((readiness->parts & MESSAGE_READY_LINKED) == 0)
		return "not linked";
	return (readiness->parts & MESSAGE_READY_SYNCHRONISED) != 0 ? "ok" : "not synchronised";
}

static const char *
word_of_disk(const struct readiness *readiness)
{
	if (!readiness->answered)
		return "unknown";
	return (readiness->parts & MESSAGE_READY_ROOM) != 0 ? "ok" : "store.reserve is reached";
}

static const char *
word_of_certificate(const struct readiness *readiness, time_t now)
{
	if (readiness->certificate == 0)
		return "none";
	return readiness->certificate > now ? "ok" : "expired";
}

void
readiness_answer(const struct readiness *readiness, time_t now, struct response *response)
{
	const char *dnsd = word_of_dnsd(readiness), *disk = word_of_disk(readiness);
	const char *certificate = word_of_certificate(readiness, now);
	int ready = strcmp(dnsd, "ok") == 0 && strcmp(disk, "ok") == 0 &&
		    strcmp(certificate, "expired") != 0;

	response->status = ready ? 200 : 503;
	buf_clear(&response->body);
	buf_printf(&response->body,
	    "{\"ready\": %s, \"store\": \"%s\", \"dnsd\": \"%s\", \"disk\": \"%s\", "
	    "\"certificate\": \"%s\"}",
	    ready ? "true" : "false", readiness->answered ? "ok" : "does not answer", dnsd, disk,
	    certificate);
}
