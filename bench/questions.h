/*
 * What both load generators share: a file of queries to ask over and over, and a count of the answers.
 *
 * The file has the queries as they cross a TCP connection, each behind its length.
 */
#ifndef BENCH_QUESTIONS_H
#define BENCH_QUESTIONS_H

#include <stddef.h>
#include <stdint.h>

enum {
	QUESTIONS_PREFIX = 2, /* bytes of the length */
	QUESTIONS_HEADER = 12,
	QUESTIONS_MAX = 300,	/* bytes of a query */
	QUESTIONS_SOURCES = 200 /* addresses that they are asked from */
};

struct questions {
	const uint8_t *begin, *next, *end;
};

struct answers {
	unsigned long all, positive, nxdomain, other; /* positive: NOERROR with a record */
	double pause; /* longest time without an answer, in seconds; 0: not looked at */
};

/* Reads the file; ends the program when it cannot, or when the file is not what it should be. */
void questions_read(struct questions *questions, const char *path);

/* The next query with its length before it, round and round; `size` covers both. */
const uint8_t *questions_next(struct questions *questions, size_t *size);

/* `answer` has at least QUESTIONS_HEADER bytes. */
void answers_count(struct answers *answers, const uint8_t *answer);

/* Prints one line of JSON. */
void answers_print(const struct answers *answers, double seconds, unsigned long lost);

/* A number from 1 to `maximum`, or the end of the program. */
unsigned questions_number(const char *text, unsigned maximum);

/* The `number`th address to ask from, in network order: each in a /24 of its own below 127.0.0.0/8. */
uint32_t questions_source(unsigned number);

/* Says what failed, with errno's text, and ends the program. */
void questions_fail(const char *what) __attribute__((noreturn));

/* Seconds of the monotonic clock. */
double questions_clock(void);

#endif
