/*
 * What "sallyport doctor" has found: a list of findings, each with the lines that mend it, for people or as JSON. Pure but for
 * printing.
 */
#ifndef SALLYPORT_DIAGNOSIS_H
#define SALLYPORT_DIAGNOSIS_H

#include <stdio.h>

enum {
	DIAGNOSIS_FINDINGS = 1024, /* further ones are counted as a failure */
	DIAGNOSIS_FIXES = 12,	   /* lines of one finding; further ones are left out */
	DIAGNOSIS_LINE = 1024	   /* bytes of a line, NUL included; longer ones are cut */
};

/* In the order of their weight. */
enum diagnosis_level {
	DIAGNOSIS_OK,
	DIAGNOSIS_UNKNOWN, /* it could not be seen from here; no evidence that it is wrong */
	DIAGNOSIS_WARNING, /* it works, or may; somebody should look at it */
	DIAGNOSIS_WRONG,
	DIAGNOSIS_LEVELS
};

struct diagnosis;

/* NULL: memory is short. */
struct diagnosis *diagnosis_new(void);
void diagnosis_free(struct diagnosis *diagnosis);

/* Begins a group of findings; `title` is copied. A group without findings is not shown. */
void diagnosis_begin(struct diagnosis *diagnosis, const char *title);

/* Adds a finding: a sentence without its final dot. `id` names its kind for programs and is borrowed: "delegation.missing". */
void diagnosis_add(struct diagnosis *diagnosis, enum diagnosis_level level, const char *id,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Adds a line that mends it to the last finding: a record, a line of a file, a command. */
void diagnosis_fix(struct diagnosis *diagnosis, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* How many findings there are of a level. */
unsigned diagnosis_count(const struct diagnosis *diagnosis, enum diagnosis_level level);

/* 1 if a finding of this kind is there. */
int diagnosis_has(const struct diagnosis *diagnosis, const char *id);

/*
 * Prints all, for people with a line at the end that says how many are of which level, or as JSON with one object on each line. Text is broken at
 * blanks to fit into so many columns, 100 at the most; lines that mend are never broken. What is no printable ASCII is shown as "?". 0, or -1: `out` does not take it, or something was left out because memory was short.
 */
int diagnosis_print(const struct diagnosis *diagnosis, unsigned columns, FILE *out);
int diagnosis_print_json(const struct diagnosis *diagnosis, FILE *out);

#endif
