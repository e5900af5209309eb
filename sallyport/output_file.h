/* A file that is written beside its place, and moved there when all of it is on the disk; or standard output. */
#ifndef SALLYPORT_OUTPUT_FILE_H
#define SALLYPORT_OUTPUT_FILE_H

#include <limits.h>
#include <stdio.h>

struct output_file {
	const char *path; /* NULL: standard output */
	int replace;
	char part[PATH_MAX]; /* where it is written; empty: there is nothing */
	FILE *out;
};

/*
 * Only its owner can read it. `replace`: a file that is there already is replaced in the end; otherwise it is refused, now and in
 * the end. What others who died began to write for this place is removed. What goes wrong is said on standard error. 0 or -1.
 */
int output_file_open(struct output_file *file, const char *path, int replace);

/* Makes sure that all of it is on the disk, and moves it to its place. 0 or -1. */
int output_file_finish(struct output_file *file);

/* Removes what was not finished. After both of the others, whatever they said. */
void output_file_close(struct output_file *file);

/*
 * Removes what was begun in the folder and will never be finished, because whoever made it has died. `is_ours` is shown the name, so
 * long, that each file would have got.
 */
void output_file_sweep(const char *folder,
    int (*is_ours)(const char *name, size_t length, const void *context), const void *context);

#endif
