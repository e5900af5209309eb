#include "sandbox_report.h"

#include "process_look.h"
#include "table_print.h"

#include <stdio.h>
#include <unistd.h>

/* 0, or -1 with a line on standard error. */
static int
look_at(const struct conf *conf, enum conf_role role, struct sandbox *sandbox)
{
	struct process_look look;
	char why[PROCESS_LOOK_WHY];

	if (process_look(conf, role, &look, why) != PROCESS_LOOK_FOUND) {
		fprintf(stderr, "sallyport: %s: %s\n", conf_role_name(role), why);
		return -1;
	}
	*sandbox = look.sandbox;
	return 0;
}

static int
print_facts(const struct sandbox sandboxes[CONF_ROLES])
{
	static const struct table_column columns[] = {
	    {.title = ""}, {.title = "store"}, {.title = "dnsd"}, {.title = "apid"}};
	struct table_print *table = table_print_new(stdout, columns, CONF_ROLES + 1);
	char cells[CONF_ROLES][SANDBOX_CELL];

	if (table == NULL)
		return -1;
	for (unsigned fact = 0; fact < SANDBOX_FACTS; fact++) {
		const char *row[CONF_ROLES + 1] = {sandbox_fact_name((enum sandbox_fact)fact)};

		for (unsigned role = 0; role < CONF_ROLES; role++) {
			sandbox_describe(&sandboxes[role], (enum sandbox_fact)fact, cells[role]);
			row[role + 1] = cells[role];
		}
		if (table_print_row(table, row) != 0)
			break;
	}
	return table_print_end(table);
}

/* Says what is weaker than it should be. Returns how much is. */
static unsigned
print_weaknesses(const struct conf *conf, const struct sandbox sandboxes[CONF_ROLES])
{
	unsigned found = 0;

	for (unsigned role = 0; role < CONF_ROLES; role++) {
		const struct sandbox_wish wish = process_look_wish(conf, (enum conf_role)role);

		for (unsigned fact = 0; fact < SANDBOX_FACTS; fact++) {
			char why[SANDBOX_WHY];

			if (sandbox_judge(&sandboxes[role], &wish, (enum sandbox_fact)fact, why))
				continue;
			printf("weaker: %s %s\n", conf_role_name((enum conf_role)role), why);
			found++;
		}
	}
	return found;
}

int
sandbox_report(const struct conf *conf)
{
	struct sandbox sandboxes[CONF_ROLES];
	int missing = 0;
	unsigned weaker;

	for (unsigned role = 0; role < CONF_ROLES; role++)
		missing |= look_at(conf, (enum conf_role)role, &sandboxes[role]) != 0;
	if (missing || print_facts(sandboxes) != 0)
		return 1;
	puts("");
	weaker = print_weaknesses(conf, sandboxes);
	if (weaker == 0)
		puts("all as it should be");
	if (geteuid() != 0)
		puts("as root more can be seen: what is shown as \"?\"");
	return weaker == 0 ? 0 : 1;
}
