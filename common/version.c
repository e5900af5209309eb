#include "version.h"

#include "version_data.h"

#include <ldns/ldns.h>
#include <seccomp.h>
#include <uv.h>
#include <yaml.h>

void
version_print(const char *program, FILE *out)
{
	const struct scmp_version *seccomp = seccomp_version();

	fprintf(out, "%s %s (commit %s)\n", program, VERSION_NUMBER, VERSION_COMMIT);
	fprintf(out, "libuv %s, libyaml %s, ldns %s, libseccomp %u.%u.%u\n", uv_version_string(),
	    yaml_get_version_string(), ldns_version(), seccomp->major, seccomp->minor,
	    seccomp->micro);
}
