/*
 * The page at "/": what this server is, a form that registers an account, what an account holds. It is one file,
 * page.html, which asks nobody but this API for anything. Pure.
 */
#ifndef APID_PAGE_H
#define APID_PAGE_H

#include "buf.h"

enum {
	PAGE_MAX = 32 * 1024, /* bytes */
	PAGE_POLICY_MAX = 512
};

/* Who may register, as the page shows it. */
enum page_registration { PAGE_OPEN, PAGE_TOKEN, PAGE_CLOSED };

struct page {
	struct buf html; /* owned */
	/* Content-Security-Policy (CSP level 3): nothing runs and nothing is loaded but the page's own style and script, by their hashes. */
	char policy[PAGE_POLICY_MAX];
};

/* Makes the page of a zone, whose name is text without a final dot. 0, or -1 when memory is short. page_free() in any case. */
int page_make(struct page *page, const char *zone, enum page_registration registration);

void page_free(struct page *page);

#endif
