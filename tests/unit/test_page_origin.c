/* Pages that stand in the place of others. */
#include "page_origin.h"

#include "suite.h"

#include <string.h>

enum { SIZE = 4096, PAGES = 16 };

static _Alignas(SIZE) unsigned char file[PAGES][SIZE];
static struct page_origins origins;

static void
begin(void)
{
	memset(&origins, 0, sizeof(origins));
	origins.page_size = SIZE;
	for (size_t i = 0; i < PAGES; i++)
		memcpy(file[i], &i, sizeof(i));
}

static void
note(unsigned page)
{
	page_origins_note(&origins, &file[page][100 + page], page % 2,
	    (struct slice){(const unsigned char *)"key", 3});
}

START_TEST(pages_in_their_places_agree)
{
	unsigned place = 0;

	begin();
	for (unsigned i = 2; i < PAGES; i++)
		note(i);
	ck_assert_uint_eq(origins.count, 1);
	ck_assert_uint_eq(origins.entries[0].pages, PAGES - 2);
	ck_assert_ptr_null(page_origins_stray(&origins, &place));
}
END_TEST

START_TEST(a_page_is_counted_once_for_all_its_records)
{
	begin();
	for (unsigned i = 0; i < 5; i++)
		note(3);
	ck_assert_uint_eq(origins.entries[0].pages, 1);
}
END_TEST

/* Also where it is the first that is looked at. */
START_TEST(a_copy_of_another_page_strays)
{
	const struct page_origin *stray;
	unsigned place = 0;

	begin();
	memcpy(file[_i], file[9], SIZE);
	for (unsigned i = 2; i < PAGES; i++)
		note(i);
	stray = page_origins_stray(&origins, &place);
	ck_assert_ptr_nonnull(stray);
	ck_assert_uint_eq(stray->pages, 1);
	ck_assert_uint_eq(stray->table, (unsigned)_i % 2);
	ck_assert_uint_eq(stray->length, 3);
	ck_assert_ptr_null(page_origins_stray(&origins, &place));
}
END_TEST

START_TEST(there_may_be_more_than_are_kept)
{
	unsigned place = 0, strays = 0;

	begin();
	memset(file[2], 0, sizeof(size_t));
	for (size_t i = 2; i < PAGES; i++) {
		size_t wrong = i * i;

		memcpy(file[i], &wrong, sizeof(wrong));
		note((unsigned)i);
	}
	while (page_origins_stray(&origins, &place) != NULL)
		strays++;
	ck_assert_uint_eq(strays, PAGE_ORIGINS - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("page_origin");
	TCase *tests = tcase_create("page_origin");

	tcase_add_test(tests, pages_in_their_places_agree);
	tcase_add_test(tests, a_page_is_counted_once_for_all_its_records);
	tcase_add_loop_test(tests, a_copy_of_another_page_strays, 2, 9);
	tcase_add_test(tests, there_may_be_more_than_are_kept);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
