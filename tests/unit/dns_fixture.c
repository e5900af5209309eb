#include "dns_fixture.h"

#include "dns.h"
#include "pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
need(int holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "fixture: %s\n", what);
	abort();
}

static struct name
name_of(const char *text)
{
	struct name name;

	need(name_from_text(&name, text) == 0, text);
	return name;
}

struct zone *
dns_fixture_zone(const char *const *lines, size_t count)
{
	struct name name = name_of("auth.example.org."), admin = name_of("hostmaster.example.org.");
	struct record_list list = {0};
	struct zone_config config = {.name = &name,
	    .nameserver = &name,
	    .admin = &admin,
	    .records = &list,
	    .txt_ttl = 1,
	    .negative_ttl = 60,
	    .serial = 2026010203};
	enum record_warning warning;
	struct record record;
	struct zone *zone;
	char why[256];

	for (size_t i = 0; i < count; i++) {
		need(record_from_text(&record, &name, lines[i], &warning, why, sizeof(why)) == 0,
		    lines[i]);
		need(record_list_add(&list, &record, &name, why, sizeof(why)) == 0, lines[i]);
	}
	zone = zone_new(&config);
	record_list_free(&list);
	return zone;
}

struct message_name
dns_fixture_name(uint64_t commit, const char *label, const char *const *values)
{
	struct message_name name = {.commit = commit,
	    .label = {(const unsigned char *)label, strlen(label)},
	    .exists = values != NULL};

	for (; values != NULL && values[name.count] != NULL; name.count++)
		name.values[name.count] = (struct slice){
		    (const unsigned char *)values[name.count], strlen(values[name.count])};
	return name;
}

struct table *
dns_fixture_table(unsigned readers)
{
	static const struct table_limits limits = {1000 * 1000, (size_t)1 << 30};
	static const uint8_t key[SIPHASH_KEY] = {1, 2, 3};
	struct table *table = table_new(&limits, key, readers);

	need(table != NULL, "no memory");
	return table;
}

size_t
dns_fixture_query(uint8_t query[DNS_FIXTURE_QUERY], const struct dns_fixture_question *question)
{
	struct name name = name_of(question->name);
	struct writer writer;

	writer_init(&writer, query, DNS_FIXTURE_QUERY);
	writer_u16(&writer, 0x1234);
	writer_u16(&writer, 0x0100);
	writer_u16(&writer, 1);
	writer_u32(&writer, 0);
	writer_u16(&writer, question->edns_size != 0);
	writer_bytes(&writer, name.wire, name.length);
	writer_u16(&writer, question->type);
	writer_u16(&writer, question->class == 0 ? DNS_CLASS_IN : question->class);
	if (question->edns_size != 0) {
		writer_u8(&writer, 0);
		writer_u16(&writer, DNS_TYPE_OPT);
		writer_u16(&writer, (uint16_t)question->edns_size);
		writer_u16(&writer, 0);
		writer_u16(&writer, question->dnssec_ok ? DNS_EDNS_DO : 0);
		writer_u16(&writer, 0);
	}
	need(!writer.failed, "the query is too long");
	return writer.length;
}
