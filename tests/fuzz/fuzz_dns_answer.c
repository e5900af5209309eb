/* What another DNS server answers: any bytes are read or refused, and what was read is within its bounds. */
#include "caa.h"
#include "dns_answer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look_at(const struct dns_answer *answer, const struct dns_record *record)
{
	struct slice rdata = dns_answer_rdata(answer, record), property, value;
	struct client_address address;
	struct name name;
	uint32_t serial;
	uint8_t flags;
	char text[64];

	if (record->offset + rdata.length > answer->used || record->owner.length == 0)
		abort();
	if (dns_answer_text(answer, record, text, sizeof(text)) >= sizeof(text))
		abort();
	(void)dns_answer_target(answer, record, &name);
	(void)dns_answer_address(answer, record, &address);
	(void)dns_answer_serial(answer, record, &serial);
	(void)dns_answer_caa(answer, record, &flags, &property, &value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_answer answer;
	struct caa caa = {0};
	struct name last;

	if (dns_answer_read(&answer, data, size) != 0)
		return 0;
	if (answer.count > DNS_ANSWER_RECORDS || answer.used > DNS_ANSWER_RDATA)
		abort();
	for (unsigned i = 0; i < answer.count; i++)
		look_at(&answer, &answer.records[i]);
	(void)dns_answer_follow(&answer, &answer.question, &last);
	(void)caa_take(&caa, &answer, &answer.question);
	if (caa.issue.issuer_count > CAA_ISSUERS || caa.issue.issuer_count > caa.issue.may_issue ||
	    caa.issue.by_dns > caa.issue.may_issue)
		abort();
	return 0;
}
