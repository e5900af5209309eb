/*
 * The HTTP reader and all that is decided about a request: bytes as one client sends them. The first
 * byte chooses the size of the packets; whatever they are, requests must end at the same places.
 */
#include "api.h"
#include "cors.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_REQUESTS = 64 };

/* Where each request ended, and how the last one stood. */
struct trace {
	size_t ends[MAX_REQUESTS];
	unsigned count;
	int failed;
};

static void
answer(const struct request *request)
{
	static const struct api api = {.zone = "auth.example.org", .prefix = ""};
	static const struct client_address client;
	static char origin[] = "https://www.example.org", *texts[] = {origin};
	static const struct conf_origins origins = {texts, 1};
	struct response_framing framing = {.keep_alive = request->keep_alive};
	struct response response;
	struct api_call call;
	struct buf out;

	response_init(&response, 200);
	buf_init(&out, RESPONSE_MAX);
	if (request->phase == REQUEST_FAILED) {
		response_set_error(&response, request->error);
	} else {
		enum api_step step = api_read(&api, request, &client, &call, &response);

		if (step == API_UPDATE &&
		    (call.message.update.key.length != MESSAGE_KEY ||
			call.message.update.txt.length > MESSAGE_MAX_ASKED_TXT ||
			call.message.update.subdomain.length > MESSAGE_MAX_SUBDOMAIN))
			abort();
		if (step == API_ACCOUNT &&
		    (call.message.account.key.length != MESSAGE_KEY ||
			call.message.account.txt.length > MESSAGE_MAX_ASKED_TXT ||
			call.message.account.subdomain.length > MESSAGE_MAX_SUBDOMAIN))
			abort();
		if (step == API_REGISTER &&
		    call.message.registration.token.length > MESSAGE_MAX_TOKEN)
			abort();
		api_call_free(&call);
		response.cors = cors_judge(&origins, request);
	}
	if (response_write(&response, &framing, &out) != 0)
		abort();
	buf_free(&out);
	response_free(&response);
}

static void
run(const uint8_t *data, size_t size, size_t packet, struct trace *trace)
{
	struct request request;
	size_t at = 0;

	memset(trace, 0, sizeof(*trace));
	request_init(&request);
	while (at < size && trace->count < MAX_REQUESTS) {
		size_t left = size - at, used;

		request_feed(
		    &request, (const char *)data + at, left < packet ? left : packet, &used);
		if (used == 0)
			abort();
		at += used;
		if (request.phase < REQUEST_COMPLETE)
			continue;
		answer(&request);
		if (request.phase == REQUEST_FAILED) {
			trace->failed = 1;
			break;
		}
		trace->ends[trace->count++] = at;
		request_reset(&request);
	}
	request_reset(&request);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace whole, pieces;

	if (size < 1)
		return 0;
	run(data + 1, size - 1, size, &whole);
	run(data + 1, size - 1, data[0] % 64 + 1u, &pieces);
	if (whole.count != pieces.count || whole.failed != pieces.failed ||
	    memcmp(whole.ends, pieces.ends, sizeof(whole.ends)) != 0)
		abort();
	return 0;
}
