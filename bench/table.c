/*
 * The table of dynamic names against liburcu's lock-free hash table (RCU of the flavour that Knot DNS uses): the same
 * names, values and hash, READERS threads that look names up, and a writer that changes 1,000 names a second.
 *
 *   table NAMES READERS SECONDS
 *
 * Prints a line for each way of looking up: CPU time for each lookup, of which what "hash only" takes goes into making
 * up a label and hashing it; lookups a second of all readers; and the memory that a name takes.
 */
#include "siphash.h"
#include "table.h"

#define URCU_INLINE_SMALL_FUNCTIONS
#include <urcu.h>
#include <urcu/rculfhash.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	LABEL = 36, /* bytes; as a UUID's text */
	VALUE = 43,
	VALUES = 2,
	BATCH = 32, /* as udp.c */
	MAX_READERS = 64,
	CHANGE_NS = 1000 * 1000
};

struct label {
	uint8_t bytes[LABEL];
};

static const uint8_t key[SIPHASH_KEY] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
static unsigned names, readers, seconds;

static void __attribute__((noreturn))
fail(const char *what)
{
	(void)fprintf(stderr, "table: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
mix(uint64_t number)
{
	number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
	return number ^ (number >> 31);
}

static struct label
label_of(uint64_t number)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t bits = mix(number + 1);
	struct label label;

	for (unsigned i = 0; i < LABEL; i++) {
		label.bytes[i] = (uint8_t)digits[bits & 15];
		bits = bits >> 4 | bits << 60;
	}
	return label;
}

static struct message_name
name_of(const struct label *label, uint64_t commit)
{
	static const unsigned char value[] = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
	struct message_name name = {.commit = commit, .label = {label->bytes, LABEL}, .exists = 1};

	for (name.count = 0; name.count < VALUES; name.count++)
		name.values[name.count] = (struct slice){value, VALUE};
	return name;
}

/* What an answer would copy. */
static unsigned
read_values(const uint8_t *records, unsigned count)
{
	uint8_t copy[VALUE + 1];
	unsigned sum = 0;

	for (unsigned i = 0; i < count; i++) {
		memcpy(copy, records + 2, sizeof(copy));
		sum += copy[VALUE];
		records += 2 + sizeof(copy);
	}
	return sum;
}

/* One way to hold names and look them up. */
struct contender {
	const char *name;
	void (*open)(void);
	void (*put)(const struct message_name *name); /* by the writer alone */
	void (*filled)(void);
	void (*changed)(void); /* after a change: what was replaced may be freed */
	void (*begin)(void);   /* of a reader's thread */
	void (*end)(void);
	unsigned (*find)(unsigned reader, const struct label labels[BATCH]);
};

static void
do_nothing(void)
{
}

/* No table: what a label costs. */

static void
put_nothing(const struct message_name *name)
{
	(void)name;
}

static unsigned
hash_only(unsigned reader, const struct label labels[BATCH])
{
	unsigned sum = reader;

	for (unsigned i = 0; i < BATCH; i++)
		sum += (unsigned)siphash(key, labels[i].bytes, LABEL);
	return sum;
}

/* dnsd/table.c */

static struct table *own;
static int own_filled;

static void
own_open(void)
{
	const struct table_limits limits = {.names = SIZE_MAX, .bytes = SIZE_MAX};

	own = table_new(&limits, key, readers);
	if (own == NULL)
		fail("no memory");
	table_snapshot_begin(own, names);
}

static void
own_put(const struct message_name *name)
{
	if ((own_filled ? table_apply(own, name) : table_snapshot_add(own, name, 1)) != TABLE_OK)
		fail("no room");
}

static void
own_end_filling(void)
{
	table_snapshot_end(own, 1);
	own_filled = 1;
}

static void
own_changed(void)
{
	(void)table_reclaim(own);
}

static unsigned
own_read(struct table_reader *reader, const struct table_label *label)
{
	struct table_values values;

	if (table_find(reader, label, &values) != TABLE_FOUND)
		fail("a name is missing");
	return read_values(values.records, values.count);
}

static unsigned
own_one_by_one(unsigned number, const struct label labels[BATCH])
{
	struct table_reader *reader = table_reader(own, number);
	struct table_label label;
	unsigned sum = 0;

	table_enter(reader);
	for (unsigned i = 0; i < BATCH; i++) {
		label = table_label(reader, labels[i].bytes, LABEL);
		sum += own_read(reader, &label);
	}
	table_leave(reader);
	return sum;
}

static unsigned
own_in_steps(unsigned number, const struct label labels[BATCH])
{
	struct table_reader *reader = table_reader(own, number);
	struct table_label asked[BATCH];
	unsigned sum = 0;

	table_enter(reader);
	for (unsigned i = 0; i < BATCH; i++) {
		asked[i] = table_label(reader, labels[i].bytes, LABEL);
		table_prefetch_bucket(reader, &asked[i]);
	}
	for (unsigned i = 0; i < BATCH; i++)
		table_prefetch_entry(reader, &asked[i]);
	for (unsigned i = 0; i < BATCH; i++)
		sum += own_read(reader, &asked[i]);
	table_leave(reader);
	return sum;
}

/* liburcu */

struct node {
	struct cds_lfht_node node;
	struct rcu_head head;
	uint64_t commit;
	uint8_t count;
	uint8_t bytes[]; /* the label, and the values as table.c holds them */
};

static struct cds_lfht *hash_table;

static struct node *
node_of(struct cds_lfht_node *node)
{
	return (struct node *)((char *)node - offsetof(struct node, node));
}

static void
urcu_open(void)
{
	unsigned long buckets = 16;

	while (buckets < names)
		buckets *= 2;
	hash_table = cds_lfht_new(buckets, 16, 0, CDS_LFHT_AUTO_RESIZE | CDS_LFHT_ACCOUNTING, NULL);
	if (hash_table == NULL)
		fail("no memory");
	rcu_register_thread();
}

static int
urcu_match(struct cds_lfht_node *node, const void *label)
{
	return memcmp(node_of(node)->bytes, label, LABEL) == 0;
}

static void
urcu_free(struct rcu_head *head)
{
	free((char *)head - offsetof(struct node, head));
}

static void
urcu_put(const struct message_name *name)
{
	struct node *node = malloc(sizeof(*node) + LABEL + VALUES * (VALUE + 3));
	struct cds_lfht_node *old;
	uint8_t *next;

	if (node == NULL)
		fail("no memory");
	node->commit = name->commit;
	node->count = name->count;
	memcpy(node->bytes, name->label.data, LABEL);
	next = node->bytes + LABEL;
	for (unsigned i = 0; i < name->count; i++) {
		*next++ = 0;
		*next++ = VALUE + 1;
		*next++ = VALUE;
		memcpy(next, name->values[i].data, VALUE);
		next += VALUE;
	}
	cds_lfht_node_init(&node->node);
	rcu_read_lock();
	old = cds_lfht_add_replace(hash_table, siphash(key, name->label.data, LABEL), urcu_match,
	    name->label.data, &node->node);
	rcu_read_unlock();
	if (old != NULL)
		call_rcu(&node_of(old)->head, urcu_free);
}

static void
urcu_begin(void)
{
	rcu_register_thread();
}

static void
urcu_end(void)
{
	rcu_unregister_thread();
}

static unsigned
urcu_find(unsigned reader, const struct label labels[BATCH])
{
	struct cds_lfht_node *node;
	struct cds_lfht_iter iterator;
	unsigned sum = reader;

	rcu_read_lock();
	for (unsigned i = 0; i < BATCH; i++) {
		cds_lfht_lookup(hash_table, siphash(key, labels[i].bytes, LABEL), urcu_match,
		    labels[i].bytes, &iterator);
		node = cds_lfht_iter_get_node(&iterator);
		if (node == NULL)
			fail("a name is missing");
		sum += read_values(node_of(node)->bytes + LABEL, node_of(node)->count);
	}
	rcu_read_unlock();
	return sum;
}

static const struct contender contenders[] = {
    {"hash only", do_nothing, put_nothing, do_nothing, do_nothing, do_nothing, do_nothing,
	hash_only},
    {"table.c, one by one", own_open, own_put, own_end_filling, own_changed, do_nothing, do_nothing,
	own_one_by_one},
    {"table.c, in steps", own_open, own_put, own_end_filling, own_changed, do_nothing, do_nothing,
	own_in_steps},
    {"liburcu's cds_lfht", urcu_open, urcu_put, do_nothing, do_nothing, urcu_begin, urcu_end,
	urcu_find},
};

/* Measuring. */

struct reader_result {
	const struct contender *contender;
	unsigned number;
	uint64_t lookups;
	double cpu; /* seconds */
	unsigned sum;
};

static atomic_int stopping;

static double
clock_of(clockid_t clock)
{
	struct timespec time;

	(void)clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *
read_names(void *argument)
{
	struct reader_result *result = argument;
	struct label labels[BATCH];
	uint64_t state = result->number;
	double begin;

	result->contender->begin();
	begin = clock_of(CLOCK_THREAD_CPUTIME_ID);
	while (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
		for (unsigned i = 0; i < BATCH; i++)
			labels[i] = label_of(mix(state += UINT64_C(0x9e3779b97f4a7c15)) % names);
		result->sum += result->contender->find(result->number, labels);
		result->lookups += BATCH;
	}
	result->cpu = clock_of(CLOCK_THREAD_CPUTIME_ID) - begin;
	result->contender->end();
	return NULL;
}

static size_t
resident_bytes(void)
{
	unsigned long total, resident;
	char text[128] = "", *end;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file == NULL || fgets(text, sizeof(text), file) == NULL)
		fail("/proc/self/statm");
	(void)fclose(file);
	total = strtoul(text, &end, 10);
	resident = strtoul(end, NULL, 10);
	return total == 0 ? 0 : resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void
change_names(const struct contender *contender, double end)
{
	const struct timespec pause = {.tv_nsec = CHANGE_NS};
	double begin = clock_of(CLOCK_MONOTONIC), now = begin;
	uint64_t changes = 0;

	while (now < end) {
		/* As many as are due, however long the pause has been. */
		while ((double)changes < (now - begin) * 1e9 / CHANGE_NS) {
			struct label label = label_of(mix(changes) % names);
			struct message_name name = name_of(&label, names + ++changes);

			contender->put(&name);
			contender->changed();
		}
		(void)nanosleep(&pause, NULL);
		now = clock_of(CLOCK_MONOTONIC);
	}
}

static void
measure(const struct contender *contender)
{
	static struct reader_result results[MAX_READERS];
	pthread_t threads[MAX_READERS] = {0};
	size_t before = resident_bytes(), held;
	uint64_t lookups = 0;
	double cpu = 0;

	contender->open();
	for (unsigned i = 0; i < names; i++) {
		struct label label = label_of(i);
		struct message_name name = name_of(&label, i + 1);

		contender->put(&name);
	}
	contender->filled();
	held = resident_bytes() - before;
	for (unsigned i = 0; i < readers; i++) {
		results[i] = (struct reader_result){.contender = contender, .number = i};
		if (pthread_create(&threads[i], NULL, read_names, &results[i]) != 0)
			fail("no thread");
	}
	change_names(contender, clock_of(CLOCK_MONOTONIC) + seconds);
	atomic_store(&stopping, 1);
	for (unsigned i = 0; i < readers; i++) {
		(void)pthread_join(threads[i], NULL);
		lookups += results[i].lookups;
		cpu += results[i].cpu;
	}
	(void)printf("%9u  %7u  %-20s %9.1f  %12.0f", names, readers, contender->name,
	    cpu / (double)lookups * 1e9, (double)lookups / seconds);
	if (contender->open != do_nothing)
		(void)printf("  %10.0f", (double)held / names);
	(void)printf("\n");
}

static unsigned
number(const char *text, unsigned maximum)
{
	unsigned long value = strtoul(text, NULL, 10);

	errno = ERANGE;
	if (value == 0 || value > maximum)
		fail(text);
	return (unsigned)value;
}

int
main(int argc, char **argv)
{
	int status;
	pid_t child;

	if (argc != 4) {
		(void)fprintf(stderr, "usage: table NAMES READERS SECONDS\n");
		return 2;
	}
	names = number(argv[1], 100 * 1000 * 1000);
	readers = number(argv[2], MAX_READERS);
	seconds = number(argv[3], 3600);
	for (size_t i = 0; i < sizeof(contenders) / sizeof(contenders[0]); i++) {
		/* A process of its own for each, so that the memory is that one's alone. */
		child = fork();
		if (child == 0) {
			measure(&contenders[i]);
			(void)fflush(stdout);
			_exit(0);
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
			fail(contenders[i].name);
	}
	return 0;
}
