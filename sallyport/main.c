/* sallyport: the front program; each verb is a file of its own. */
#include "check_config.h"
#include "conf.h"
#include "convert_config.h"
#include "run.h"
#include "version.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct verb {
	const char *name;
	const char
	    *argument; /* what `execute` takes instead of the configuration's path; or NULL */
	int (*execute)(const char *path);
	const char *help;
} verbs[] = {
    {"run", NULL, run, "start the three processes and serve until SIGTERM or Ctrl-C"},
    {"check-config", NULL, check_config, "check the configuration and print what is in effect"},
    {"convert-config", "FILE", convert_config, "print our configuration made of acme-dns's FILE"},
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static void
usage(FILE *out)
{
	fprintf(out,
	    "Usage: sallyport VERB [-c FILE]\n"
	    "A small DNS server with an HTTP API that lets each machine change one TXT record,\n"
	    "for ACME DNS-01 challenges.\n\n");
	for (unsigned i = 0; i < VERBS; i++) {
		const char *argument = verbs[i].argument != NULL ? verbs[i].argument : "";
		int used = fprintf(out, "  %s %s", verbs[i].name, argument);

		fprintf(out, "%*s%s\n", used < 22 ? 22 - used : 1, "", verbs[i].help);
	}
	fprintf(out,
	    "\n"
	    "  -c, --config FILE   the configuration (default " CONF_DEFAULT_PATH ")\n"
	    "      --version       print version, commit and libraries\n"
	    "  -h, --help          print this\n\n"
	    "Exit status: 0; 1 when something failed; 78 for a mistake in the configuration or in\n"
	    "the arguments.\n");
}

static const struct verb *
find_verb(const char *name)
{
	for (unsigned i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"version", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	const char *path = CONF_DEFAULT_PATH;
	const struct verb *verb;
	int option, last;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'v':
			version_print("sallyport", stdout);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return CONF_EXIT;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return CONF_EXIT;
	}
	verb = find_verb(argv[optind]);
	last = verb != NULL && verb->argument != NULL ? optind + 1 : optind;
	if (verb == NULL || last + 1 < argc) {
		fprintf(stderr, "sallyport: %s \"%s\"\n\n",
		    verb == NULL ? "there is no verb" : "unexpected argument",
		    argv[verb == NULL ? optind : last + 1]);
		usage(stderr);
		return CONF_EXIT;
	}
	if (last == argc) {
		fprintf(stderr, "sallyport: %s needs its %s\n\n", verb->name, verb->argument);
		usage(stderr);
		return CONF_EXIT;
	}
	return verb->execute(last > optind ? argv[last] : path);
}
