#include "probe.h"

#include "pack.h"
#include "readiness_text.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	DNS_HEADER = 12,
	DNS_MAX = 4096,
	TYPE_SOA = 6,
	CLASS_IN = 1,
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

/* Where a server that listens on all addresses is reached from its own machine. */
static struct address
reachable(const struct address *address)
{
	struct address near = *address;

	if (near.socket.any.sa_family == AF_INET && near.socket.v4.sin_addr.s_addr == INADDR_ANY)
		near.socket.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (near.socket.any.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&near.socket.v6.sin6_addr))
		near.socket.v6.sin6_addr = in6addr_loopback;
	return near;
}

static int
dial(const struct address *address, int type, char why[PROBE_WHY])
{
	const struct timeval patience = {.tv_sec = PROBE_SECONDS};
	struct address near = reachable(address);
	int fd = socket(near.socket.any.sa_family, type | SOCK_CLOEXEC, 0);

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

/* Writes the question behind two bytes of length, which TCP wants. Its length without them. */
static size_t
write_question(unsigned char message[DNS_MAX], uint16_t id, const struct name *zone)
{
	struct writer writer;
	size_t length;

	writer_init(&writer, message, DNS_MAX);
	writer_u16(&writer, 0);
	writer_u16(&writer, id);
	writer_u16(&writer, 0);
	writer_u16(&writer, 1);
	writer_u16(&writer, 0);
	writer_u16(&writer, 0);
	writer_u16(&writer, 0);
	writer_bytes(&writer, zone->wire, zone->length);
	writer_u16(&writer, TYPE_SOA);
	writer_u16(&writer, CLASS_IN);
	length = writer.length - 2;
	writer_init(&writer, message, 2);
	writer_u16(&writer, (uint16_t)length);
	return length;
}

static int
judge_answer(const unsigned char *message, size_t length, uint16_t id, char why[PROBE_WHY])
{
	struct reader reader;
	uint16_t its_id, flags, answers;

	reader_init(&reader, message, length);
	its_id = reader_u16(&reader);
	flags = reader_u16(&reader);
	reader_u16(&reader);
	answers = reader_u16(&reader);
	if (length < DNS_HEADER || its_id != id)
		(void)snprintf(why, PROBE_WHY, "the answer is none");
	else if ((flags & RCODE_MASK) != 0)
		(void)snprintf(why, PROBE_WHY, "the zone's SOA is answered with the error %d%s",
		    flags & RCODE_MASK, (flags & RCODE_MASK) == 2 ? " (SERVFAIL)" : "");
	else if ((flags & FLAGS_ANSWERED) != FLAGS_ANSWERED || answers == 0)
		(void)snprintf(why, PROBE_WHY, "the zone's SOA is not answered");
	else
		return 0;
	return -1;
}

/* One exchange. The answer's length, or -1 with errno. */
static ssize_t
exchange(int fd, int over_tcp, unsigned char message[DNS_MAX], size_t length)
{
	size_t skip = over_tcp ? 0 : 2, wanted = length + 2 - skip;
	ssize_t got = send(fd, message + skip, wanted, MSG_NOSIGNAL);

	if (got < 0)
		return -1;
	if (!over_tcp)
		return recv(fd, message, DNS_MAX, 0);
	got = recv(fd, message, 2, MSG_WAITALL);
	if (got != 2) {
		errno = got < 0 ? errno : ECONNRESET;
		return -1;
	}
	wanted = (size_t)(message[0] << 8 | message[1]);
	if (wanted > DNS_MAX)
		wanted = DNS_MAX;
	return recv(fd, message, wanted, MSG_WAITALL);
}

int
probe_dns(const struct address *address, int over_tcp, const struct name *zone, char why[PROBE_WHY])
{
	unsigned char message[DNS_MAX];
	uint16_t id = 0;
	ssize_t length = -1;
	int fd = dial(address, over_tcp ? SOCK_STREAM : SOCK_DGRAM, why), result = -1;

	if (fd < 0)
		return -1;
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = (uint16_t)getpid();
	for (unsigned tries = 0; length < 0 && tries < (over_tcp ? 1 : PROBE_TRIES); tries++)
		length = exchange(fd, over_tcp, message, write_question(message, id, zone));
	if (length < 0)
		failed(why, "cannot ask");
	else
		result = judge_answer(message, (size_t)length, id, why);
	close(fd);
	return result;
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
	int fd = dial(address, SOCK_STREAM, why), result;

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
