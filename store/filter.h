/* The system calls that store needs beyond every daemon's. */
#ifndef STORE_FILTER_H
#define STORE_FILTER_H

#include "confine.h"

extern const struct confine_call filter_calls[];
extern const size_t filter_call_count;

/* And of a process that copies or checks the database. */
extern const struct confine_call filter_task_calls[];
extern const size_t filter_task_call_count;

#endif
