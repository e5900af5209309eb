#include "questions.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RCODE_NOERROR = 0, RCODE_NXDOMAIN = 3 };

void
questions_fail(const char *what)
{
	(void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static size_t
read_u16(const uint8_t *bytes)
{
	return (size_t)bytes[0] << 8 | bytes[1];
}

void
questions_read(struct questions *questions, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	uint8_t *bytes;
	size_t length;
	ssize_t got;

	if (fd < 0 || fstat(fd, &status) != 0)
		questions_fail(path);
	length = (size_t)status.st_size;
	bytes = malloc(length + 1);
	if (bytes == NULL)
		questions_fail(path);
	for (size_t done = 0; done < length; done += (size_t)got) {
		got = read(fd, bytes + done, length - done);
		if (got <= 0)
			questions_fail(path);
	}
	close(fd);
	errno = EBADMSG;
	if (length == 0)
		questions_fail(path);
	for (size_t place = 0, size; place < length; place += size) {
		size = length - place < QUESTIONS_PREFIX
			   ? 0
			   : QUESTIONS_PREFIX + read_u16(bytes + place);
		if (size < QUESTIONS_PREFIX + QUESTIONS_HEADER ||
		    size > QUESTIONS_PREFIX + QUESTIONS_MAX || size > length - place)
			questions_fail(path);
	}
	questions->begin = questions->next = bytes;
	questions->end = bytes + length;
}

const uint8_t *
questions_next(struct questions *questions, size_t *size)
{
	const uint8_t *query = questions->next;

	*size = QUESTIONS_PREFIX + read_u16(query);
	questions->next += *size;
	if (questions->next == questions->end)
		questions->next = questions->begin;
	return query;
}

void
answers_count(struct answers *answers, const uint8_t *answer)
{
	unsigned rcode = answer[3] & 0xf;

	answers->all++;
	if (rcode == RCODE_NOERROR && read_u16(answer + 6) > 0)
		answers->positive++;
	else if (rcode == RCODE_NXDOMAIN)
		answers->nxdomain++;
	else
		answers->other++;
}

void
answers_print(const struct answers *answers, double seconds, unsigned long lost)
{
	(void)printf("{\"seconds\": %.3f, \"answered\": %lu, \"positive\": %lu, \"nxdomain\": %lu, "
		     "\"other\": %lu, \"lost\": %lu, \"pause\": %.4f}\n",
	    seconds, answers->all, answers->positive, answers->nxdomain, answers->other, lost,
	    answers->pause);
}

unsigned
questions_number(const char *text, unsigned maximum)
{
	unsigned long value = strtoul(text, NULL, 10);

	errno = ERANGE;
	if (value == 0 || value > maximum)
		questions_fail(text);
	return (unsigned)value;
}

uint32_t
questions_source(unsigned number)
{
	return htonl(INADDR_LOOPBACK + number % QUESTIONS_SOURCES * 256);
}

double
questions_clock(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}
