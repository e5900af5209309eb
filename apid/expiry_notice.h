/* When the log is to say that the certificate of the API ends soon: once a day, however often one looks. Pure. */
#ifndef APID_EXPIRY_NOTICE_H
#define APID_EXPIRY_NOTICE_H

#include <time.h>

enum { EXPIRY_NOTICE_SECONDS = 24 * 60 * 60 };

/* Begins with zeroes. */
struct expiry_notice {
	time_t ends; /* of the certificate that was last told of */
	time_t told; /* when */
};

/*
 * 1 where it is to be said now that this certificate ends at `ends`, and that counts as said: it ends soon (key_pair.h),
 * and a day has passed since it was said of this one, or the clock was set back behind that. A new one is told of at once.
 */
int expiry_notice_take(struct expiry_notice *notice, time_t ends, time_t now);

#endif
