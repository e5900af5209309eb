#include "probe.h"

#include "dns_client.h"
#include "pack.h"
#include "readiness_text.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	RCODE_MASK = 0x000f,
	/* QR and AA of an answer; TC may be set, the answer was there all the same. */
	FLAGS_ANSWERED = 0x8400,
	HTTP_REQUEST = 512,
	HTTP_STATUS = 12,  /* "HTTP/1.1 200" */
	HTTP_ANSWER = 4096 /* bytes of an answer that are looked at */
};

static int
failed(char why[PROBE_WHY], const char *what)
{
	int error = errno;

	(void)snprintf(why, PROBE_WHY, "%s: %s", what,
	    error == EAGAIN || error == EINPROGRESS ? "no answer in time" : strerror(error));
	return -1;
}

static int
dial(const struct address *address, char why[PROBE_WHY])
{
	const struct timeval patience = {.tv_sec = PROBE_SECONDS};
	struct address near = address_near(address);
	int fd = socket(near.socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* The time to send bounds connect(2), too. */
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, &near.socket.any, near.length) == 0)
		return fd;
	failed(why, "cannot connect");
	if (fd >= 0)
		close(fd);
	return -1;
}

/*
 * Its head says enough. The rest is left alone: whoever asks is often root, and dnsd faces the world.
 */
static int
judge_answer(const unsigned char *message, size_t length, char why[PROBE_WHY])
{
	struct reader reader;
	uint16_t flags, answers;

	reader_init(&reader, message, length);
	(void)reader_u16(&reader);
	flags = reader_u16(&reader);
	(void)reader_u16(&reader);
	answers = reader_u16(&reader);
	if ((flags & RCODE_MASK) != 0)
		(void)snprintf(why, PROBE_WHY, "the zone's SOA is answered with %s (%d)",
		    dns_rcode_text(flags & RCODE_MASK), flags & RCODE_MASK);
	else if ((flags & FLAGS_ANSWERED) != FLAGS_ANSWERED || answers == 0)
		(void)snprintf(why, PROBE_WHY, "the zone's SOA is not answered");
	else
		return 0;
	return -1;
}

int
probe_dns(const struct address *address, int over_tcp, const struct name *zone, char why[PROBE_WHY])
{
	struct address near = address_near(address);
	unsigned char message[DNS_CLIENT_WIRE];
	struct dns_client client;
	enum dns_outcome outcome;
	size_t length;

	dns_client_allow(&client, PROBE_SECONDS * 1000);
	outcome = dns_client_exchange(
	    &client, &near, zone, DNS_TYPE_SOA, over_tcp ? DNS_CLIENT_TCP : 0, message, &length);
	if (outcome == DNS_OUTCOME_ANSWERED)
		return judge_answer(message, length, why);
	(void)snprintf(why, PROBE_WHY, "%s", dns_outcome_text(outcome));
	return -1;
}

static size_t
write_request(char request[HTTP_REQUEST], const struct name *zone)
{
	char host[NAME_MAX_TEXT];
	int length;

	name_to_text(zone, host);
	length = snprintf(request, HTTP_REQUEST,
	    "GET /health/ready HTTP/1.1\r\nHost: %.255s\r\nConnection: close\r\n\r\n", host);
	return length > 0 && length < HTTP_REQUEST ? (size_t)length : 0;
}

/* An answer as far as it is there. 1 if that is enough to judge it: of a good one the status is. */
static int
is_enough(const char *answer, size_t length)
{
	return length >= HTTP_STATUS && memcmp(answer, "HTTP/1.1 503", HTTP_STATUS) != 0;
}

static int
judge_answer_of_api(const char *answer, size_t length, char why[PROBE_WHY])
{
	static const char end_of_head[] = "\r\n\r\n";
	const char *body = memmem(answer, length, end_of_head, sizeof(end_of_head) - 1);
	char parts[PROBE_WHY / 2] = "";

	if (length >= HTTP_STATUS && memcmp(answer, "HTTP/1.1 200", HTTP_STATUS) == 0)
		return 0;
	if (body != NULL && memcmp(answer, "HTTP/1.1 503", HTTP_STATUS) == 0) {
		body += sizeof(end_of_head) - 1;
		readiness_text_write(parts, sizeof(parts), body, length - (size_t)(body - answer));
	}
	if (parts[0] != '\0')
		(void)snprintf(why, PROBE_WHY, "not ready: %s", parts);
	else if (length >= HTTP_STATUS && memcmp(answer, "HTTP/1.1 ", HTTP_STATUS - 3) == 0)
		(void)snprintf(why, PROBE_WHY, "/health/ready is answered with %.3s", answer + 9);
	else
		(void)snprintf(why, PROBE_WHY, "what answers does not speak HTTP%s",
		    length == 0 ? ": it has closed the connection" : "");
	return -1;
}

static int
ask_plainly(int fd, const char *request, size_t length, char why[PROBE_WHY])
{
	char answer[HTTP_ANSWER];
	size_t used = 0;
	ssize_t got = 1;

	if (send(fd, request, length, MSG_NOSIGNAL) < 0)
		return failed(why, "cannot ask");
	while (got > 0 && used < sizeof(answer) && !is_enough(answer, used)) {
		got = recv(fd, answer + used, sizeof(answer) - used, 0);
		if (got > 0)
			used += (size_t)got;
	}
	if (got < 0)
		return failed(why, "cannot read the answer");
	return judge_answer_of_api(answer, used, why);
}

static time_t
end_of_certificate(const SSL *tls)
{
	X509 *certificate = SSL_get0_peer_certificate(tls);
	struct tm end;

	if (certificate == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
		return 0;
	return timegm(&end);
}

static int
ask_over_tls(int fd, const char *request, size_t length, time_t *ends, char why[PROBE_WHY])
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *tls = context != NULL ? SSL_new(context) : NULL;
	char answer[HTTP_ANSWER];
	size_t got = 0;
	int result = -1, read = 1;

	errno = 0;
	if (tls == NULL || SSL_set_fd(tls, fd) != 1 || SSL_connect(tls) != 1) {
		unsigned long error = ERR_peek_error();
		const char *reason = ERR_reason_error_string(error);

		(void)snprintf(why, PROBE_WHY, "TLS: %s",
		    reason != NULL    ? reason
		    : errno == EAGAIN ? "no answer in time"
				      : "the connection was closed");
		goto out;
	}
	*ends = end_of_certificate(tls);
	if (SSL_write(tls, request, (int)length) <= 0) {
		(void)snprintf(why, PROBE_WHY, "TLS: the request is not taken");
		goto out;
	}
	while (got < sizeof(answer) && read > 0 && !is_enough(answer, got)) {
		read = SSL_read(tls, answer + got, (int)(sizeof(answer) - got));
		if (read > 0)
			got += (size_t)read;
	}
	result = judge_answer_of_api(answer, got, why);
out:
	SSL_free(tls);
	SSL_CTX_free(context);
	return result;
}

int
probe_api(const struct address *address, int over_tls, int proxy, const struct name *zone,
    time_t *ends, char why[PROBE_WHY])
{
	static const char proxy_local[] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
	char request[HTTP_REQUEST];
	size_t length = write_request(request, zone);
	int fd = dial(address, why), result;

	if (fd < 0)
		return -1;
	/* LOCAL: nobody's connection but the proxy's own, such as for a question of this kind. */
	if (proxy && send(fd, proxy_local, sizeof(proxy_local) - 1, MSG_NOSIGNAL) < 0)
		result = failed(why, "cannot ask");
	else if (over_tls)
		result = ask_over_tls(fd, request, length, ends, why);
	else
		result = ask_plainly(fd, request, length, why);
	close(fd);
	return result;
}
