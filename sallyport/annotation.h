/* The effective configuration with a word behind each key about where its value comes from. */
#ifndef SALLYPORT_ANNOTATION_H
#define SALLYPORT_ANNOTATION_H

#include "conf.h"

/*
 * Prints as conf_print() does, each key followed by a comment: "# line 3" of the file, "# environment SALLYPORT_ZONE_NAME" or
 * "# default". 0, or -1: memory is short.
 */
int annotation_print(const struct conf *conf, FILE *out);

#endif
