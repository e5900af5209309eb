/* The system calls of apid beyond those of every daemon. */
#ifndef APID_FILTER_H
#define APID_FILTER_H

#include "confine.h"

/* Their number is written to `count`. Static. */
const struct confine_call *filter_calls(size_t *count);

#endif
