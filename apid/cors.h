/*
 * Which scripts in browsers may use the API: the CORS protocol of the Fetch standard. Pure.
 *
 * A browser asks by itself before a script's request with headers of ours, and shows the script no
 * answer that does not name the script's origin. Nothing is protected by it here: who has the
 * credentials needs no browser.
 */
#ifndef APID_CORS_H
#define APID_CORS_H

#include "conf.h"
#include "request.h"
#include "response.h"

/* What the answer to the request says of it. `origins` outlives that answer. */
struct response_cors cors_judge(const struct conf_origins *origins, const struct request *request);

/* What was judged by other origins and is not answered yet: an origin that is not among these is not told. */
void cors_renew(const struct conf_origins *origins, struct response_cors *cors);

#endif
