/*
 * Whether the pages of a mapped database stand where they belong. Each page of LMDB's begins with its number, so that all of them agree
 * on where the first page is: their origin. One that a disk has written to the wrong place does not; LMDB itself does not look, and would
 * note the wrong page as free when that one is next written. Pure.
 */
#ifndef STORE_PAGE_ORIGIN_H
#define STORE_PAGE_ORIGIN_H

#include "pack.h"

enum { PAGE_ORIGINS = 8, PAGE_ORIGIN_KEY = 511 };

struct page_origin {
	uintptr_t origin;
	uint64_t pages;			    /* that agree on it */
	unsigned table;			    /* and where the first of them was met */
	unsigned char key[PAGE_ORIGIN_KEY]; /* cut off there */
	size_t length;
};

/* Starts with all of it 0, but for the size. */
struct page_origins {
	size_t page_size; /* bytes, a power of two */
	uintptr_t last;	  /* the page that was noted last: records of one page come together */
	unsigned count;	  /* of entries; further origins are not kept */
	struct page_origin entries[PAGE_ORIGINS];
};

/* Notes the page in which `inside` lies: the key or the value of a record of a table. */
void page_origins_note(
    struct page_origins *origins, const void *inside, unsigned table, struct slice key);

/* The next origin from *place on that is not that of most pages, or NULL; *place starts at 0. */
const struct page_origin *page_origins_stray(const struct page_origins *origins, unsigned *place);

#endif
