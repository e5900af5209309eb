#include "exchange.h"

#include "metrics_text.h"
#include "readiness.h"
#include "version.h"

#include <string.h>

/* Seconds for one more where `rate` are allowed in `period`. */
static unsigned
wait_for_one(uint32_t rate, unsigned period)
{
	return rate > 0 ? (period + rate - 1) / rate : 0;
}

static enum page_registration
registration_of(const struct conf *conf)
{
	if (conf->api.disable_registration || conf->api.registration == CONF_REGISTRATION_CLOSED)
		return PAGE_CLOSED;
	return conf->api.registration == CONF_REGISTRATION_TOKEN ? PAGE_TOKEN : PAGE_OPEN;
}

/* As people write it. */
static void
zone_text(const struct conf *conf, char text[NAME_MAX_TEXT])
{
	size_t length;

	name_to_text(&conf->zone.name, text);
	length = strlen(text);
	if (length > 1 && text[length - 1] == '.')
		text[length - 1] = '\0';
}

int
exchange_make_page(struct page *page, const struct conf *conf)
{
	char zone[NAME_MAX_TEXT];

	memset(page, 0, sizeof(*page));
	if (!conf->api.page)
		return 0;
	zone_text(conf, zone);
	if (page_make(page, zone, registration_of(conf)) == 0)
		return 0;
	page_free(page);
	return -1;
}

void
exchange_desk_renew(struct exchange_desk *desk, const struct conf *conf, struct page *page)
{
	desk->api.base_url = conf->api.base_url;
	desk->api.registration_disabled = conf->api.disable_registration;
	desk->api.register_wait = wait_for_one(conf->api.limits.registrations_per_hour, 3600);
	desk->api.failure_wait = wait_for_one(conf->api.limits.failures_per_minute, 60);
	desk->proxies = (struct forwarded_trust){.networks = &conf->api.trusted_proxies.networks,
	    .local = conf->api.trusted_proxies.local,
	    .header = conf->api.forwarded_header};
	desk->origins = &conf->api.cors_origins;
	zone_text(conf, desk->api.zone);
	page_free(&desk->page);
	desk->page = *page;
	desk->api.page = page->html.length > 0 ? &desk->page : NULL;
	memset(page, 0, sizeof(*page));
}

void
exchange_desk_init(struct exchange_desk *desk, const struct conf *conf, int metrics_only)
{
	struct page page = {.policy = ""};

	memset(desk, 0, sizeof(*desk));
	desk->api.prefix = "";
	desk->api.metrics_only = metrics_only;
	if (!metrics_only && exchange_make_page(&page, conf) != 0)
		fatal("memory is short: the page cannot be made");
	exchange_desk_renew(desk, conf, &page);
}

/* win-acme and others never look at the status: whoever runs the server has to see it here. */
static void
log_refusal(struct exchange_desk *desk, const struct connection *connection, enum route route,
    const char *reason)
{
	struct audit_event event = {
	    .name = "account_refused", .client = &connection->client, .reason = reason};

	if (route == ROUTE_NONE || route == ROUTE_HEALTH || route == ROUTE_SERVER ||
	    route == ROUTE_READY || route == ROUTE_METRICS)
		return;
	if (route == ROUTE_REGISTER)
		event.name = "registration_refused";
	else if (route == ROUTE_UPDATE)
		event.name = "update_refused";
	audit_write(desk->audit, &event);
}

static void
answer(struct connection *connection, struct response *response)
{
	connection->ticket = 0;
	response->cors = connection->cors;
	connection_answer(connection, response);
}

/* What is not to be had just now: that is nobody's refusal, and not for the audit. */
static void
answer_error(struct connection *connection, enum response_error error)
{
	struct response response;

	response_init(&response, 0);
	response_set_error(&response, error);
	answer(connection, &response);
	response_free(&response);
}

static void
on_registered(void *context, void *owner, const struct message_register_answer *result)
{
	struct exchange_desk *desk = context;
	struct response response;

	response_init(&response, 0);
	api_answer_register(&desk->api, result, &response);
	answer(owner, &response);
	response_free(&response);
}

static void
on_updated(void *context, void *owner, enum message_result result)
{
	struct exchange_desk *desk = context;
	struct connection *connection = owner;
	struct response response;

	response_init(&response, 0);
	api_answer_update(&desk->api, result, &connection->echo, &response);
	answer(connection, &response);
	response_free(&response);
}

static void
on_account(void *context, void *owner, const struct message_account_answer *result)
{
	struct exchange_desk *desk = context;
	struct connection *connection = owner;
	struct response response;

	response_init(&response, 0);
	api_answer_account(&desk->api, connection->route, result, &response);
	answer(connection, &response);
	response_free(&response);
}

static void
begin_metrics(struct response *response)
{
	response_init(response, 200);
	response->type = METRICS_TEXT_TYPE;
	metrics_text_write_build(&response->body, version_number(), version_commit());
}

static void
on_metrics(void *context, void *owner, const uint64_t values[STATISTICS])
{
	struct response response;

	(void)context;
	begin_metrics(&response);
	for (unsigned source = 0; source < STATISTIC_SOURCES; source++)
		metrics_text_write(&response.body, source, values);
	answer(owner, &response);
	response_free(&response);
}

/* Without store there is less to tell, which is better than nothing: that store is away can be read there. */
static void
answer_own_metrics(struct exchange_desk *desk, struct connection *connection)
{
	uint64_t values[STATISTICS];
	struct response response;

	begin_metrics(&response);
	broker_own_statistics(desk->broker, values);
	metrics_text_write(&response.body, STATISTIC_APID, values);
	answer(connection, &response);
	response_free(&response);
}

static void
answer_readiness(
    struct exchange_desk *desk, struct connection *connection, int answered, unsigned parts)
{
	const struct readiness readiness = {
	    .answered = answered, .parts = parts, .certificate = desk->certificate_end};
	struct response response;

	response_init(&response, 0);
	readiness_answer(&readiness, time(NULL), &response);
	answer(connection, &response);
	response_free(&response);
}

static void
on_ready(void *context, void *owner, unsigned parts)
{
	answer_readiness(context, owner, 1, parts);
}

static void
on_failed(void *context, void *owner)
{
	struct connection *connection = owner;

	if (connection->route == ROUTE_METRICS)
		answer_own_metrics(context, connection);
	else if (connection->route == ROUTE_READY)
		answer_readiness(context, connection, 0, 0);
	else
		answer_error(connection, RESPONSE_ERROR_UNAVAILABLE);
}

struct broker_config
exchange_broker_config(struct exchange_desk *desk)
{
	return (struct broker_config){.context = desk,
	    .registered = on_registered,
	    .updated = on_updated,
	    .account = on_account,
	    .metrics = on_metrics,
	    .ready = on_ready,
	    .failed = on_failed};
}

int
exchange_judge(struct exchange_desk *desk, const struct request *request, struct response *response)
{
	response->cors = cors_judge(desk->origins, request);
	return api_judge_head(&desk->api, request, response);
}

/* Asks store; what cannot be asked is answered here. */
static void
ask(struct exchange_desk *desk, struct connection *connection, enum api_step step,
    const struct api_call *call)
{
	enum broker_verdict verdict;

	if (step == API_REGISTER) {
		verdict = broker_register(
		    desk->broker, &call->message.registration, connection, &connection->ticket);
	} else if (step == API_ACCOUNT) {
		verdict = broker_account(
		    desk->broker, &call->message.account, connection, &connection->ticket);
	} else if (step == API_METRICS) {
		verdict = broker_metrics(desk->broker, connection, &connection->ticket);
	} else if (step == API_READY) {
		verdict = broker_ready(desk->broker, connection, &connection->ticket);
	} else {
		api_keep_echo(&connection->echo, &call->message.update);
		verdict = broker_update(
		    desk->broker, &call->message.update, connection, &connection->ticket);
	}
	if (verdict != BROKER_ASKED && step == API_METRICS)
		answer_own_metrics(desk, connection);
	else if (verdict != BROKER_ASKED && step == API_READY)
		answer_readiness(desk, connection, 0, 0);
	else if (verdict == BROKER_NO_LINK)
		answer_error(connection, RESPONSE_ERROR_UNAVAILABLE);
	else if (verdict == BROKER_FULL)
		answer_error(connection, RESPONSE_ERROR_BUSY);
}

/* Whoever sends several requests over one connection may be a proxy with several clients. */
static struct client_address
client_of(const struct exchange_desk *desk, const struct connection *connection,
    const struct request *request)
{
	const struct buf *list =
	    desk->proxies.header == CONF_FORWARDED ? &request->forwarded : &request->forwarded_for;

	/* What a client writes would come through there: that proxy speaks in the PROXY header alone. */
	if (connection->has_proxy_header)
		return connection->peer;
	return forwarded_client(
	    &desk->proxies, &connection->peer, (const char *)list->data, list->length);
}

/* Whoever has no credentials at all may be guessing; whoever has some has made a mistake, as far as this process knows. */
static const char *
reason_of(const struct request *request, enum response_error error)
{
	return error == RESPONSE_ERROR_FORBIDDEN && !api_has_credentials(request)
		   ? "no credentials"
		   : response_error_word(error);
}

void
exchange_serve(
    struct exchange_desk *desk, struct connection *connection, const struct request *request)
{
	struct api_call call;
	struct response response;
	enum api_step step;

	response_init(&response, 0);
	connection->client = client_of(desk, connection, request);
	connection->cors = cors_judge(desk->origins, request);
	step = api_read(&desk->api, request, &connection->client, &call, &response);
	connection->route = call.route;
	if (step == API_ANSWER) {
		if (response.error != RESPONSE_ERROR_NONE)
			log_refusal(
			    desk, connection, call.route, reason_of(request, response.error));
		answer(connection, &response);
	} else {
		ask(desk, connection, step, &call);
	}
	api_call_free(&call);
	response_free(&response);
}

void
exchange_abandon(struct exchange_desk *desk, struct connection *connection)
{
	broker_forget(desk->broker, connection->ticket);
}
