/* GET /health/ready: whether everything that a client needs is there, and by name what is not. Pure. */
#ifndef APID_READINESS_H
#define APID_READINESS_H

#include "response.h"

struct readiness {
	int answered;	    /* store has said the following */
	unsigned parts;	    /* MESSAGE_READY_* */
	time_t certificate; /* when it ends; 0: there is no TLS */
};

/* 200 where all is well at `now`, 503 otherwise: each part with "ok" or what is wrong, "unknown" where store is away. */
void readiness_answer(const struct readiness *readiness, time_t now, struct response *response);

#endif
