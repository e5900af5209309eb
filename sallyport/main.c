/* sallyport: the front program; each verb is a file of its own. */
#include "check_config.h"
#include "command.h"
#include "convert_config.h"
#include "run.h"
#include "statistics.h"

static const struct command_option json = {
    .name = "json", .help = "print JSON, for programs: one object on each line"};

static const struct command commands[] = {
    {.verb = "run",
	.arguments = "",
	.execute = run,
	.summary = "start the three processes and serve until SIGTERM or Ctrl-C"},
    {.verb = "check-config",
	.arguments = "",
	.execute = check_config,
	.summary = "check the configuration and print what is in effect"},
    {.verb = "convert-config",
	.arguments = "FILE",
	.minimum = 1,
	.maximum = 1,
	.execute = convert_config,
	.summary = "print our configuration made of acme-dns's FILE"},
    {.verb = "stats",
	.arguments = "",
	.options = {&json},
	.execute = statistics_show,
	.summary = "show what the server has counted since its processes started",
	.help = "Counters only grow; gauges say what is the case now. A process that was started\n"
		"again has begun at 0. People see what is not 0, programs everything."},
};

int
main(int argc, char **argv)
{
	static const struct command_table table = {
	    .commands = commands, .count = sizeof(commands) / sizeof(commands[0])};

	return command_run(&table, argc, argv);
}
