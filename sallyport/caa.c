#include "caa.h"

#include "delegation.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	CRITICAL = 128,			      /* the flag of RFC 8659, 4.1 */
	LIST = CAA_ISSUERS * (CAA_ISSUER + 2) /* bytes of all issuers, and what is between them */
};

static int
is_text(struct slice slice, const char *text)
{
	return slice.length == strlen(text) &&
	       strncasecmp((const char *)slice.data, text, slice.length) == 0;
}

static struct slice
trim(struct slice slice)
{
	while (slice.length > 0 && (*slice.data == ' ' || *slice.data == '\t')) {
		slice.data++;
		slice.length--;
	}
	while (slice.length > 0 &&
	       (slice.data[slice.length - 1] == ' ' || slice.data[slice.length - 1] == '\t'))
		slice.length--;
	return slice;
}

/* Cuts off what stands in front of the first `separator`, which goes, too. */
static struct slice
cut(struct slice *rest, char separator)
{
	const unsigned char *end =
	    rest->length > 0 ? memchr(rest->data, separator, rest->length) : NULL;
	struct slice part = *rest;

	if (end == NULL) {
		rest->length = 0;
		return trim(part);
	}
	part.length = (size_t)(end - part.data);
	rest->data += part.length + 1;
	rest->length -= part.length + 1;
	return trim(part);
}

/* 1 if a list of methods has that of a DNS challenge. */
static int
has_dns(struct slice methods)
{
	while (methods.length > 0)
		if (is_text(cut(&methods, ','), "dns-01"))
			return 1;
	return 0;
}

/* An empty name in front of the parameters is nobody (RFC 8659, 4.2). */
static void
take_issuer(struct caa_property *property, struct slice value)
{
	struct slice rest = trim(value), shown = rest;
	int by_dns = 1;

	property->is_there = 1;
	if (cut(&rest, ';').length == 0)
		return;
	while (rest.length > 0) {
		struct slice parameter = cut(&rest, ';');
		struct slice tag = cut(&parameter, '=');

		if (is_text(tag, "validationmethods"))
			by_dns = has_dns(parameter);
	}
	property->may_issue++;
	property->by_dns += (unsigned)by_dns;
	if (property->issuer_count == CAA_ISSUERS)
		return;
	if (shown.length > CAA_ISSUER - 1)
		shown.length = CAA_ISSUER - 1;
	memcpy(property->issuers[property->issuer_count++], shown.data, shown.length);
}

/* 1 if it is no business of a CA's that issues for a web server, or every such CA knows it (IANA's registry of properties). */
static int
is_known(struct slice property)
{
	static const char *const known[] = {
	    "issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (is_text(property, known[i]))
			return 1;
	return 0;
}

int
caa_take(struct caa *caa, const struct dns_answer *answer, const struct name *owner)
{
	const struct dns_record *record = NULL;
	struct slice property, value;
	uint8_t flags;

	while ((record = dns_answer_next(
		    answer, DNS_SECTION_ANSWER, owner, DNS_TYPE_CAA, record)) != NULL) {
		if (dns_answer_caa(answer, record, &flags, &property, &value) != 0)
			continue;
		caa->is_there = 1;
		if (is_text(property, "issue"))
			take_issuer(&caa->issue, value);
		else if (is_text(property, "issuewild"))
			take_issuer(&caa->issuewild, value);
		else if ((flags & CRITICAL) != 0 && !is_known(property))
			(void)snprintf(caa->critical, sizeof(caa->critical), "%.*s",
			    (int)property.length, (const char *)property.data);
	}
	return caa->is_there;
}

/* Its issuers one behind the other. */
static const char *
list(const struct caa_property *property, char text[LIST])
{
	size_t length = 0;

	if (!property->is_there)
		return "every CA";
	if (property->may_issue == 0)
		return "nobody";
	for (unsigned i = 0; i < property->issuer_count; i++)
		length += (size_t)snprintf(
		    text + length, LIST - length, "%s%s", i == 0 ? "" : ", ", property->issuers[i]);
	return text;
}

/* The records are there and without a property that nobody knows. */
static void
judge_issuers(
    const struct caa *caa, const char *name, int for_wildcard, struct diagnosis *diagnosis)
{
	/* What is said of wildcards goes before what is said of all names (RFC 8659, 4.3). */
	const int is_wild = for_wildcard && caa->issuewild.is_there;
	const struct caa_property *property = is_wild ? &caa->issuewild : &caa->issue;
	const char *tag = is_wild ? "issuewild" : "issue";
	char plain[LIST], wild[LIST], at[NAME_MAX_TEXT];

	(void)delegation_name(&caa->at, at);
	if (property->is_there && property->may_issue == 0) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "caa.nobody",
		    "the CAA records of %s let no CA issue for %s", at, name);
		diagnosis_fix(diagnosis, "%s.  CAA  0 %s \"letsencrypt.org\"", at, tag);
	} else if (property->is_there && property->by_dns == 0) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "caa.method",
		    "the CAA records of %s let nobody issue for %s by a DNS challenge: %s", at,
		    name, list(property, plain));
		diagnosis_fix(diagnosis, "; in place of one that names other methods");
		diagnosis_fix(diagnosis,
		    "%s.  CAA  0 %s \"letsencrypt.org; validationmethods=dns-01\"", at, tag);
	} else if (caa->issuewild.is_there) {
		diagnosis_add(diagnosis, DIAGNOSIS_OK, "caa.there",
		    "the CAA records of %s let issue: %s; for wildcards: %s", at,
		    list(&caa->issue, plain), list(&caa->issuewild, wild));
	} else {
		diagnosis_add(diagnosis, DIAGNOSIS_OK, "caa.there",
		    "the CAA records of %s let issue: %s", at, list(&caa->issue, plain));
	}
}

void
caa_judge(const struct caa *caa, const struct name *domain, int for_wildcard, const char *resolver,
    struct diagnosis *diagnosis)
{
	char at[NAME_MAX_TEXT], text[NAME_MAX_TEXT], name[NAME_MAX_TEXT + 2];

	(void)delegation_name(&caa->at, at);
	(void)snprintf(
	    name, sizeof(name), "%s%s", for_wildcard ? "*." : "", delegation_name(domain, text));
	if (caa->result != DNS_OUTCOME_ANSWERED) {
		diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "caa.unseen",
		    "the resolver %s, asked for the CAA records of %s: %s", resolver, at,
		    dns_outcome_text(caa->result));
	} else if (caa->rcode != DNS_RCODE_NOERROR && caa->rcode != DNS_RCODE_NXDOMAIN) {
		/* Not to know them is no leave to issue (RFC 8659, 3). */
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "caa.fails",
		    "the resolver %s answers %s when it is asked for the CAA records of %s: a CA "
		    "that is told so does not issue",
		    resolver, dns_rcode_text(caa->rcode), at);
	} else if (!caa->is_there) {
		diagnosis_add(diagnosis, DIAGNOSIS_OK, "caa.none",
		    "no CAA record: every CA may issue for %s", name);
	} else if (caa->critical[0] != '\0') {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "caa.critical",
		    "the CAA records of %s have the property \"%s\" with the flag 128: a CA that "
		    "does not know it must not issue",
		    at, caa->critical);
		diagnosis_fix(diagnosis, "; take it away, or give it the flag 0");
	} else {
		judge_issuers(caa, name, for_wildcard, diagnosis);
	}
}
