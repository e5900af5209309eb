#include "page.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static const char source[] = {
#include "page_data.h"
};

static const char *const registrations[] = {
    [PAGE_OPEN] = "open", [PAGE_TOKEN] = "token", [PAGE_CLOSED] = "closed"};

/* A name may have any byte in it. */
static void
append_escaped(struct buf *html, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("&<>\"'", *text) != NULL)
			buf_printf(html, "&#%d;", *text);
		else
			buf_append(html, text, 1);
	}
}

static void
fill_in(struct buf *html, const char *zone, enum page_registration registration)
{
	const char *from = source, *at;

	while ((at = strstr(from, "{{")) != NULL) {
		buf_append(html, from, (size_t)(at - from));
		if (strncmp(at, "{{zone}}", 8) == 0) {
			append_escaped(html, zone);
			from = at + 8;
		} else if (strncmp(at, "{{registration}}", 16) == 0) {
			buf_append_string(html, registrations[registration]);
			from = at + 16;
		} else {
			buf_append(html, at, 2);
			from = at + 2;
		}
	}
	buf_append_string(html, from);
}

/* Writes base64 of the SHA-256 of what stands between the two tags. 0 or -1. */
static int
hash_between(const char *opening, const char *closing, char hash[64])
{
	const char *begin = strstr(source, opening) + strlen(opening);
	const char *end = strstr(begin, closing);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length;

	if (EVP_Digest(begin, (size_t)(end - begin), digest, &length, EVP_sha256(), NULL) != 1)
		return -1;
	EVP_EncodeBlock((unsigned char *)hash, digest, (int)length);
	return 0;
}

int
page_make(struct page *page, const char *zone, enum page_registration registration)
{
	char style[64], script[64];

	buf_init(&page->html, PAGE_MAX);
	if (hash_between("<style>", "</style>", style) != 0 ||
	    hash_between("<script>", "</script>", script) != 0)
		return -1;
	snprintf(page->policy, sizeof(page->policy),
	    "default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; connect-src "
	    "'self'; "
	    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	    style, script);
	fill_in(&page->html, zone, registration);
	return page->html.failed ? -1 : 0;
}

void
page_free(struct page *page)
{
	if (page != NULL)
		buf_free(&page->html);
}
