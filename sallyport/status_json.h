/* `sallyport status` as programs read it. */
#ifndef SALLYPORT_STATUS_JSON_H
#define SALLYPORT_STATUS_JSON_H

#include "status_view.h"

#include <stdio.h>

/* Prints one object on one line; what is not known is null. 0 or -1: memory is short, or `out` does not take it. */
int status_json_print(FILE *out, const struct status_view *view);

#endif
