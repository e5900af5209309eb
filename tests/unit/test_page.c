/* The page for people: what is filled in, and that a name stays text. */
#include "page.h"
#include "suite.h"

#include <string.h>

static const char *
text_of(const struct page *page)
{
	static char text[PAGE_MAX + 1];

	memcpy(text, page->html.data, page->html.length);
	text[page->html.length] = '\0';
	return text;
}

START_TEST(zone_and_registration_are_filled_in)
{
	static const char *const words[] = {"data-registration=\"open\"",
	    "data-registration=\"token\"", "data-registration=\"closed\""};
	struct page page;
	const char *text;

	ck_assert_int_eq(page_make(&page, "auth.example.org", (enum page_registration)_i), 0);
	text = text_of(&page);
	ck_assert_ptr_nonnull(strstr(text, words[_i]));
	ck_assert_ptr_nonnull(strstr(text, "<h1>auth.example.org</h1>"));
	ck_assert_ptr_nonnull(strstr(text, "data-zone=\"auth.example.org\""));
	ck_assert_ptr_null(strstr(text, "{{"));
	ck_assert_int_eq(strncmp(text, "<!DOCTYPE html>", 15), 0);
	ck_assert_str_eq(text + page.html.length - 8, "</html>\n");
	page_free(&page);
}
END_TEST

START_TEST(a_name_stays_text)
{
	struct page page;

	ck_assert_int_eq(page_make(&page, "a\"b'<i>&.example", PAGE_OPEN), 0);
	ck_assert_ptr_nonnull(
	    strstr(text_of(&page), "data-zone=\"a&#34;b&#39;&#60;i&#62;&#38;.example\""));
	ck_assert_ptr_null(strstr(text_of(&page), "<i>"));
	page_free(&page);
}
END_TEST

START_TEST(a_page_that_does_not_fit_is_an_error)
{
	static char zone[PAGE_MAX];
	struct page page;

	memset(zone, '<', sizeof(zone) - 1);
	ck_assert_int_eq(page_make(&page, zone, PAGE_OPEN), -1);
	page_free(&page);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("page");
	TCase *cases = tcase_create("page");

	tcase_add_loop_test(cases, zone_and_registration_are_filled_in, 0, 3);
	tcase_add_test(cases, a_name_stays_text);
	tcase_add_test(cases, a_page_that_does_not_fit_is_an_error);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
