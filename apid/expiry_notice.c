#include "expiry_notice.h"

#include "key_pair.h"

int
expiry_notice_take(struct expiry_notice *notice, time_t ends, time_t now)
{
	if (!key_pair_ends_soon(ends, now))
		return 0;
	if (notice->ends == ends && now >= notice->told &&
	    now - notice->told < EXPIRY_NOTICE_SECONDS)
		return 0;
	*notice = (struct expiry_notice){.ends = ends, .told = now};
	return 1;
}
