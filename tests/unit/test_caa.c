/* What CAA records let happen, and what is said of it. */
#include "caa.h"
#include "diagnosis_fixture.h"
#include "suite.h"

#include <string.h>

enum { RECORDS = 12 };

/* Records of example.com, as "issue letsencrypt.org"; a "!" in front is the flag 128. */
static void
take(struct caa *caa, const char *const *records)
{
	static struct dns_answer answer;
	struct name owner = diagnosis_fixture_name("example.com");

	answer = (struct dns_answer){0};
	for (; answer.count < RECORDS && records[answer.count] != NULL; answer.count++) {
		const char *text = records[answer.count];
		size_t tag = strcspn(text, " ") - (text[0] == '!'), begin = answer.used;

		answer.rdata[answer.used++] = text[0] == '!' ? 128 : 0;
		answer.rdata[answer.used++] = (uint8_t)tag;
		text += text[0] == '!';
		memcpy(answer.rdata + answer.used, text, tag);
		answer.used += tag;
		text += tag + 1;
		memcpy(answer.rdata + answer.used, text, strlen(text));
		answer.used += strlen(text);
		answer.records[answer.count] = (struct dns_record){.owner = owner,
		    .type = DNS_TYPE_CAA,
		    .section = DNS_SECTION_ANSWER,
		    .offset = begin,
		    .length = (uint16_t)(answer.used - begin)};
	}
	caa->at = owner;
	ck_assert_int_eq(caa_take(caa, &answer, &owner), answer.count > 0);
}

static const char *
judge(const struct caa *caa, int for_wildcard)
{
	struct diagnosis *diagnosis = diagnosis_new();
	struct name domain = diagnosis_fixture_name("www.example.com");

	caa_judge(caa, &domain, for_wildcard, "9.9.9.9:53", diagnosis);
	return diagnosis_fixture_json(diagnosis);
}

#define LETS_ENCRYPT "let issue: letsencrypt.org\""
#define NOBODY	     "\"wrong\",\"id\":\"caa.nobody\""
#define METHOD	     "\"wrong\",\"id\":\"caa.method\""

static const struct {
	const char *records[RECORDS];
	const char *plain, *wild; /* said of www.example.com, and of *.www.example.com */
} cases[] = {
    {{NULL}, "\"ok\",\"id\":\"caa.none\"", "every CA may issue for *.www.example.com"},
    {{"issue letsencrypt.org"}, LETS_ENCRYPT, LETS_ENCRYPT},
    {{"ISSUE  letsencrypt.org\t"}, LETS_ENCRYPT, LETS_ENCRYPT},
    {{"issue letsencrypt.org", "issue pki.goog"}, "let issue: letsencrypt.org, pki.goog",
	"let issue: letsencrypt.org, pki.goog"},
    {{"iodef mailto:a@example.com"}, "let issue: every CA\"", "let issue: every CA\""},
    /* Nobody, in its forms; another record counts beside it. */
    {{"issue ;"}, NOBODY, "0 issue \\\"letsencrypt.org\\\""},
    {{"issue "}, NOBODY, "let no CA issue for *.www.example.com"},
    {{"issue  ; accounturi=x"}, NOBODY, NOBODY},
    {{"issue ;", "issue letsencrypt.org"}, LETS_ENCRYPT, LETS_ENCRYPT},
    /* Wildcards have their own, where it is there. */
    {{"issue letsencrypt.org", "issuewild ;"}, "let issue: letsencrypt.org; for wildcards: nobody",
	"0 issuewild \\\"letsencrypt.org\\\""},
    {{"issuewild ;"}, "let issue: every CA; for wildcards: nobody", NOBODY},
    {{"issue ;", "issuewild pki.goog"}, NOBODY, "let issue: nobody; for wildcards: pki.goog"},
    /* By a DNS challenge, or not at all. */
    {{"issue letsencrypt.org; validationmethods=http-01"}, METHOD,
	"issue for *.www.example.com by a DNS challenge: letsencrypt.org; "
	"validationmethods=http-01"},
    {{"issue letsencrypt.org;ValidationMethods = http-01 , DNS-01 ;x=y"}, "\"caa.there\"",
	"\"caa.there\""},
    {{"issue letsencrypt.org; validationmethods="}, METHOD, METHOD},
    {{"issue letsencrypt.org; validationmethods=dns-011"}, METHOD, METHOD},
    {{"issue letsencrypt.org; accounturi=https://x/1"}, "letsencrypt.org; accounturi=https://x/1",
	"\"caa.there\""},
    {{"issue a.test; validationmethods=http-01", "issue b.test"}, "\"caa.there\"", "b.test"},
    {{"issue a.test", "issuewild a.test; validationmethods=http-01"}, "\"caa.there\"",
	"0 issuewild \\\"letsencrypt.org; validationmethods=dns-01\\\""},
    /* What must not be passed over. */
    {{"issue letsencrypt.org", "!tbs x"}, "\"wrong\",\"id\":\"caa.critical\"", "\\\"tbs\\\""},
    {{"issue letsencrypt.org", "tbs x"}, LETS_ENCRYPT, LETS_ENCRYPT},
    {{"!issue letsencrypt.org", "!iodef x"}, LETS_ENCRYPT, LETS_ENCRYPT},
};

START_TEST(says_who_may_issue)
{
	struct caa caa = {.result = DNS_OUTCOME_ANSWERED};
	const char *text;

	take(&caa, cases[_i].records);
	text = judge(&caa, 0);
	ck_assert_msg(strstr(text, cases[_i].plain) != NULL, "%s", text);
	text = judge(&caa, 1);
	ck_assert_msg(strstr(text, cases[_i].wild) != NULL, "%s", text);
}
END_TEST

START_TEST(has_room_for_so_many)
{
	struct caa caa = {.result = DNS_OUTCOME_ANSWERED};
	const char *records[RECORDS] = {NULL};
	char text[CAA_ISSUER + 64] = "issue ";

	memset(text + 6, 'x', sizeof(text) - 7);
	for (unsigned i = 0; i < RECORDS - 1; i++)
		records[i] = text;
	take(&caa, records);
	ck_assert_uint_eq(caa.issue.issuer_count, CAA_ISSUERS);
	ck_assert_uint_eq(caa.issue.may_issue, RECORDS - 1);
	ck_assert_uint_eq(strlen(caa.issue.issuers[0]), CAA_ISSUER - 1);
	ck_assert_ptr_nonnull(strstr(judge(&caa, 0), "\"caa.there\""));
}
END_TEST

/* Not to know is no leave: a CA refuses. */
START_TEST(a_failure_is_no_leave)
{
	struct caa caa = {.result = DNS_OUTCOME_ANSWERED,
	    .rcode = DNS_RCODE_SERVFAIL,
	    .at = diagnosis_fixture_name("example.com")};

	ck_assert_ptr_nonnull(strstr(judge(&caa, 0), "\"wrong\",\"id\":\"caa.fails\""));
	caa.result = DNS_OUTCOME_SILENT;
	ck_assert_ptr_nonnull(strstr(judge(&caa, 0), "\"unknown\",\"id\":\"caa.unseen\""));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("caa");
	TCase *tests = tcase_create("caa");

	tcase_add_loop_test(tests, says_who_may_issue, 0, ROWS(cases));
	tcase_add_test(tests, has_room_for_so_many);
	tcase_add_test(tests, a_failure_is_no_leave);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
