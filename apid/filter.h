/* The system calls apid makes beyond those of every daemon (common/confine.h). */
#ifndef APID_FILTER_H
#define APID_FILTER_H

#include "confine.h"

extern const struct confine_call filter_calls[];
extern const size_t filter_call_count;

#endif
