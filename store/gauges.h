/* What store does not count but looks at, each time it is asked for statistics: the database's size, its queues. */
#ifndef STORE_GAUGES_H
#define STORE_GAUGES_H

#include "accounts.h"
#include "database.h"
#include "summary.h"

struct gauges {
	struct summary *summary; /* all outlive it; so does this the summary's last use */
	struct database *database;
	struct accounts *accounts; /* NULL: they have ended */
};

/* Has the summary look from now on. Thread of the loop. */
void gauges_start(struct gauges *gauges);

#endif
