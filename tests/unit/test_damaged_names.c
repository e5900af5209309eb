/* Walks through names in a file whose bytes are not what was written: whoever can be read is visited. */
#include "database.h"
#include "log.h"
#include "pack.h"

#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	NAMES = 3000,
	PAGE = 4096,
	PAGES_MAX = 2000,
	/* How LMDB's pages begin: flags, the end of the list of their records, that list. */
	FLAGS = 10,
	LEAF = 2,
	LIST_END = 12,
	LIST = 16,
	/* And their records: the key's length, the key. */
	KEY_LENGTH = 6,
	KEY = 8,
	TURN = 100 /* names visited in one walk at most */
};

static char path[64], file[96];
static char labels[NAMES][MESSAGE_MAX_SUBDOMAIN + 1]; /* in order */
static unsigned char whole[PAGES_MAX * PAGE], changed[sizeof(whole)];
static size_t size;		   /* of the file */
static unsigned leaf_pages[NAMES]; /* the page of each leaf, the first one of [1] */
static unsigned leaf_count;
static unsigned leaf_of[NAMES];	     /* on which a name is */
static unsigned char visited[NAMES]; /* how often */
static unsigned last;

static struct database *
open_database(void)
{
	return database_open(&(struct database_config){.path = path,
	    .uid = getuid(),
	    .gid = getgid(),
	    .map_size = UINT64_C(64) << 20,
	    .map_max = UINT64_C(1) << 30});
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Such as clients get them, and some that differ in their last letters alone. */
static void
make_labels(void)
{
	uint64_t random = 1;

	for (unsigned i = 0; i < NAMES; i++) {
		random = random * 6364136223846793005U + 1442695040888963407U;
		if (i % 3 == 0)
			(void)snprintf(labels[i], sizeof(labels[i]), "%.55s%08u",
			    "customer-with-a-name-that-is-as-long-as-it-is-allowed-to-be", i);
		else
			(void)snprintf(labels[i], sizeof(labels[i]), "%08x-0000-4000-8000-%012u",
			    (unsigned)(random >> 32), i);
	}
	qsort(labels, NAMES, sizeof(labels[0]), compare);
}

static unsigned
number_at(size_t at)
{
	return whole[at] | (unsigned)whole[at + 1] << 8;
}

/* Where the key of a page's record begins, and the number of the name, or NAMES when it is none. */
static size_t
key_at(size_t page, unsigned record, unsigned *number)
{
	char key[MESSAGE_MAX_SUBDOMAIN + 1] = "";
	size_t at = page * PAGE + number_at(page * PAGE + LIST + 2 * (size_t)record);
	const char(*found)[MESSAGE_MAX_SUBDOMAIN + 1];

	if (number_at(at + KEY_LENGTH) < sizeof(key))
		memcpy(key, &whole[at + KEY], number_at(at + KEY_LENGTH));
	found = bsearch(key, labels, NAMES, sizeof(labels[0]), compare);
	*number = found == NULL ? NAMES : (unsigned)(found - labels);
	return at + KEY;
}

static unsigned
records_on(size_t page)
{
	if (number_at(page * PAGE + FLAGS) != LEAF)
		return 0;
	return (number_at(page * PAGE + LIST_END) - LIST) / 2;
}

static void
find_leaves(void)
{
	unsigned number;

	for (size_t page = 2; page < size / PAGE; page++)
		for (unsigned record = 0; record < records_on(page); record++) {
			(void)key_at(page, record, &number);
			if (number < NAMES)
				leaf_of[number] = (unsigned)page;
		}
	/* From pages to leaves, in the order of their names. */
	for (unsigned i = 0; i < NAMES; i++) {
		ck_assert_uint_gt(leaf_of[i], 0);
		if (i == 0 || leaf_of[i] != leaf_pages[leaf_count])
			leaf_pages[++leaf_count] = leaf_of[i];
		leaf_of[i] = leaf_count;
	}
	ck_assert_uint_gt(leaf_count, 50);
}

static void
read_file(void)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	size = (size_t)read(fd, whole, sizeof(whole));
	ck_assert_uint_lt(size, sizeof(whole));
	(void)close(fd);
}

static void
write_file(void)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, changed, size), (ssize_t)size);
	(void)close(fd);
}

static void
make_database(void)
{
	struct name_record name = {.updated = 1};
	struct database *database;

	log_init("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	(void)snprintf(path, sizeof(path), "%s/XXXXXX", suite_folder);
	ck_assert_ptr_nonnull(mkdtemp(path));
	(void)snprintf(file, sizeof(file), "%s/data.mdb", path);
	make_labels();
	database = open_database();
	ck_assert_int_eq(database_begin(database), DATABASE_OK);
	for (unsigned i = 0; i < NAMES; i++) {
		name.sequence = database_next_sequence(database);
		ck_assert_int_eq(
		    database_put_name(database,
			(struct slice){(unsigned char *)labels[i], strlen(labels[i])}, &name),
		    DATABASE_OK);
	}
	ck_assert_int_eq(database_commit(database), DATABASE_OK);
	database_close(database);
	read_file();
	find_leaves();
	memcpy(changed, whole, size);
}

static int
visit(void *context, struct slice label, const struct name_record *name)
{
	char key[MESSAGE_MAX_SUBDOMAIN + 1] = "";
	const char(*found)[MESSAGE_MAX_SUBDOMAIN + 1];
	unsigned *count = context, number;

	(void)name;
	if (*count == TURN)
		return 1;
	(*count)++;
	memcpy(key, label.data, label.length);
	found = bsearch(key, labels, NAMES, sizeof(labels[0]), compare);
	ck_assert_ptr_nonnull(found);
	number = (unsigned)(found - labels);
	ck_assert(last == NAMES || number > last);
	visited[number]++;
	last = number;
	return 0;
}

/* Visits all that can be read; returns whether something could not. */
static int
walk(void)
{
	struct database_place place = {.length = 0};
	struct database *database;
	enum database_result result;
	unsigned count;

	write_file();
	database = open_database();
	last = NAMES;
	do {
		count = 0;
		result = database_walk_names(database, &place, visit, &count);
	} while (result == DATABASE_OK);
	ck_assert_int_eq(result, DATABASE_MISSING);
	database_close(database);
	return place.damaged;
}

static void
zero_leaf(unsigned leaf)
{
	memset(&changed[(size_t)leaf_pages[leaf] * PAGE], 0, PAGE);
}

START_TEST(nothing_is_wrong)
{
	make_database();
	ck_assert_int_eq(walk(), 0);
	for (unsigned i = 0; i < NAMES; i++)
		ck_assert_uint_eq(visited[i], 1);
}
END_TEST

/* Of pages of zeros, from the first leaf that is one up to the last, in steps. */
static const struct {
	unsigned first, step, count; /* first: of a hundred; count 0: up to the last leaf */
} zeroed[] = {{0, 1, 1}, {0, 1, 2}, {30, 1, 1}, {30, 1, 2}, {50, 1, 1}, {50, 1, 10}, {99, 1, 1},
    {99, 1, 0}, {90, 1, 0}, {10, 20, 4}, {0, 1, 0}};

START_TEST(pages_of_zeros_are_passed_over)
{
	unsigned char lost[NAMES] = {0};
	unsigned leaf, count = 0;

	make_database();
	leaf = 1 + leaf_count * zeroed[_i].first / 100;
	for (; leaf <= leaf_count && (count < zeroed[_i].count || zeroed[_i].count == 0); count++) {
		zero_leaf(leaf);
		lost[leaf] = 1;
		leaf += zeroed[_i].step;
	}
	ck_assert_int_eq(walk(), 1);
	for (unsigned i = 0; i < NAMES; i++)
		ck_assert_msg(visited[i] == !lost[leaf_of[i]], "%s, on leaf %u of %u: %u visits",
		    labels[i], leaf_of[i], leaf_count, visited[i]);
}
END_TEST

/* Where damage is that dense strides lead over some of what is good between, and still to an end. */
START_TEST(every_second_page_of_zeros)
{
	unsigned found = 0;

	make_database();
	for (unsigned leaf = 1; leaf <= leaf_count; leaf += 2)
		zero_leaf(leaf);
	ck_assert_int_eq(walk(), 1);
	for (unsigned i = 0; i < NAMES; i++) {
		ck_assert_uint_le(visited[i], leaf_of[i] % 2 == 0);
		found += visited[i];
	}
	ck_assert_uint_gt(found, 0);
}
END_TEST

/* A byte of one record: of its key, which then is not in order, or behind it. */
static const struct {
	unsigned at;
	unsigned char value;
} bytes[] = {{0, 0xff}, {0, 1}, {0, 'z'}, {30, 0xff}, {MESSAGE_MAX_SUBDOMAIN + 20, 0xff}};

START_TEST(a_damaged_record_alone_is_passed_over)
{
	unsigned number = 1, found = NAMES;
	size_t at = 0;

	make_database();
	while (
	    strncmp(labels[number], "customer", 8) != 0 || leaf_of[number - 1] != leaf_of[number])
		number++;
	for (unsigned record = 0; found != number; record++)
		at = key_at(leaf_pages[leaf_of[number]], record, &found);
	changed[at + bytes[_i].at] = bytes[_i].value;
	ck_assert_int_eq(walk(), 1);
	for (unsigned i = 0; i < NAMES; i++)
		ck_assert_msg(visited[i] == (i != number), "%s: %u visits", labels[i], visited[i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("damaged_names");
	TCase *tests = tcase_create("all");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, nothing_is_wrong);
	tcase_add_loop_test(tests, pages_of_zeros_are_passed_over, 0, ROWS(zeroed));
	tcase_add_test(tests, every_second_page_of_zeros);
	tcase_add_loop_test(tests, a_damaged_record_alone_is_passed_over, 0, ROWS(bytes));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
