/* sallyport: the front program; each verb is a file of its own. */
#include "accounts.h"
#include "backup.h"
#include "check_config.h"
#include "command.h"
#include "completion.h"
#include "convert_config.h"
#include "doctor.h"
#include "export.h"
#include "health.h"
#include "import.h"
#include "manual.h"
#include "message.h"
#include "reload.h"
#include "run.h"
#include "statistics.h"
#include "status.h"
#include "tokens.h"

static const struct command_option json = {
    .name = "json", .help = "print JSON, for programs: one object on each line"};

static const struct command_option has_zone = {.name = "has-zone",
    .help = "look at nothing but whether zone.name is set, and exit with 1 if not"};
static const struct command_option origin = {.name = "origin",
    .help = "say behind each key where its value comes from: a line of the\nfile, the environment, "
	    "or the default"};
static const struct command_option yes = {.name = "yes", .help = "do not ask whether to"};
static const struct command_option subdomain = {
    .name = "subdomain", .value = "NAME", .help = "the name it gets; a random one otherwise"};
static const struct command_option allow_from = {.name = "allow-from",
    .value = "CIDR",
    .help = "where it may be used from, such as 192.0.2.0/24;\nas often as there are networks"};
static const struct command_option anywhere = {
    .name = "anywhere", .help = "no network: the account may be used from anywhere"};
static const struct command_option set = {
    .name = "set", .value = "TXT", .help = "set a value; the oldest makes room"};
static const struct command_option remove_one = {
    .name = "remove", .value = "TXT", .help = "remove a value, which need not be there"};
static const struct command_option clear = {.name = "clear", .help = "remove all values"};

#define WHICH_ACCOUNT                                                                              \
	"ACCOUNT is its whole user name, or its whole subdomain with or without the zone's name."
#define BEGINNING_OF_ONE                                                                           \
	"ACCOUNT is its user name, its subdomain (with or without the zone's name), or a\n"        \
	"beginning of one of them that no other account has"
static const struct command_option quota = {.name = "quota",
    .value = "N",
    .help = "how many accounts it is good for; any number otherwise"};
static const struct command_option expires = {.name = "expires",
    .value = "WHEN",
    .help = "until when: 30d, 12h, 2027-01-31 or 2027-01-31T12:00:00Z;\nfor ever otherwise"};
static const struct command_option report = {.name = "report",
    .value = "FILE",
    .help = "write a line about every account that was left out to FILE"};

static const struct command_option sandbox = {
    .name = "sandbox", .help = "how the running processes are confined"};

static const struct command_option watch = {.name = "watch",
    .help = "go on looking, every two seconds, on a screen of its own, until \"q\";\nwith --json "
	    "until Ctrl-C"};

static const struct command_option domain = {.name = "domain",
    .value = "DOMAIN",
    .help = "look also whether _acme-challenge.DOMAIN leads here,\nand which CA may issue for it; "
	    "may be given several times"};
static const struct command_option resolver = {.name = "resolver",
    .value = "ADDRESS",
    .help = "ask this resolver, such as 9.9.9.9, instead of the first one of\n/etc/resolv.conf"};

static const struct command_option replace = {
    .name = "force", .help = "replace FILE if it is there already"};
static const struct command_option keep = {.name = "keep",
    .value = "N",
    .help = "FILE is a folder: add a backup named after the time, and\nremove all but the N newest "
	    "of them"};
static const struct command_option over = {
    .name = "force", .help = "keep the database that is there beside the new one"};

static const struct command commands[] = {
    {.verb = "run",
	.arguments = "",
	.execute = run,
	.summary = "start the three processes and serve until SIGTERM or Ctrl-C"},
    {.verb = "check-config",
	.arguments = "",
	.options = {&has_zone, &origin},
	.execute = check_config,
	.summary = "check the configuration and print what is in effect",
	.help =
	    "Every mistake is shown with its place and what was probably meant. Variables of the\n"
	    "environment stand over the file: SALLYPORT_ZONE_NAME is zone.name."},
    {.verb = "reload",
	.arguments = "",
	.execute = reload,
	.summary = "let the running server use the changed configuration and certificate",
	.help =
	    "Reads and checks the configuration and the files that api.tls names, and hands them\n"
	    "to the running processes. Records, TTLs, limits, who may register, the certificate\n"
	    "and the rest are in force at once; no query is lost, and what is open goes on.\n"
	    "Addresses, users and folders want a restart: what of them has changed is named, and\n"
	    "stays as it was. If anything is wrong nothing is changed at all. SIGHUP to\n"
	    "\"sallyport run\" does the same."},
    {.verb = "convert-config",
	.arguments = "FILE",
	.minimum = 1,
	.maximum = 1,
	.execute = convert_config,
	.summary = "print our configuration made of acme-dns's FILE"},
    {.verb = "accounts",
	.noun = "list",
	.arguments = "",
	.options = {&json},
	.execute = accounts_list,
	.summary = "list all accounts"},
    {.verb = "accounts",
	.noun = "show",
	.arguments = "ACCOUNT",
	.minimum = 1,
	.maximum = 1,
	.options = {&json},
	.execute = accounts_show,
	.summary = "show one account with its values",
	.help = BEGINNING_OF_ONE "."},
    {.verb = "accounts",
	.noun = "add",
	.arguments = "",
	.options = {&subdomain, &allow_from, &json},
	.execute = accounts_add,
	.summary = "add an account, and print its user name and password",
	.help =
	    "With a subdomain of your choice the CNAME can be made before the client exists. A\n"
	    "name that was ever given out, also to an account that was deleted, is not given\n"
	    "out again; nor is one that the configuration's records use."},
    {.verb = "accounts",
	.noun = "delete",
	.arguments = "ACCOUNT",
	.minimum = 1,
	.maximum = 1,
	.options = {&yes},
	.execute = accounts_delete,
	.summary = "delete an account; its name is never given out again",
	.help =
	    BEGINNING_OF_ONE ";\nwith --yes, or without a terminal to ask on, not a beginning."},
    {.verb = "accounts",
	.noun = "rotate",
	.arguments = "ACCOUNT",
	.minimum = 1,
	.maximum = 1,
	.options = {&json},
	.execute = accounts_rotate,
	.summary = "give an account a new password; the old one is dead at once",
	.help = WHICH_ACCOUNT},
    {.verb = "accounts",
	.noun = "allow",
	.arguments = "ACCOUNT [CIDR...]",
	.minimum = 1,
	.maximum = 1 + MESSAGE_MAX_NETWORKS,
	.options = {&anywhere},
	.execute = accounts_allow,
	.summary = "say from which networks an account may be used",
	.help = WHICH_ACCOUNT "\nThe networks replace those that it had."},
    {.verb = "accounts",
	.noun = "values",
	.arguments = "ACCOUNT",
	.minimum = 1,
	.maximum = 1,
	.options = {&set, &remove_one, &clear, &json},
	.execute = accounts_values,
	.summary = "show the TXT values of an account, or change them",
	.help = WHICH_ACCOUNT
	"\n--clear comes first, then --remove, then --set; each but --clear as often as wanted."},
    {.verb = "health",
	.arguments = "",
	.execute = health,
	.summary = "ask the server, at each address that it listens on, whether it is well",
	.help = "One line on standard output: ok, or the first thing that is wrong. Asked are the "
		"zone's\n"
		"SOA record and GET /health; over TLS also whether the certificate ends within 21 "
		"days."},
    {.verb = "doctor",
	.arguments = "",
	.options = {&domain, &resolver, &json, &sandbox},
	.execute = doctor,
	.summary = "look for what keeps the world from finding this server, and say how to mend it",
	.help =
	    "Do the processes run, and are the ports ours, or systemd-resolved's? Do the servers\n"
	    "of the zone above delegate the zone, with addresses? Does each address answer, over\n"
	    "UDP and TCP, and is it this very server, which serves a test value for five minutes\n"
	    "that no other can know? A resolver is asked for the way, the servers of the zones\n"
	    "themselves for what counts. Each finding is ok, unknown (it cannot be seen from "
	    "here),\n"
	    "a warning or wrong, with the lines that mend it.\n"
	    "\n"
	    "With --domain also: is the CNAME at _acme-challenge.DOMAIN there, at all of the\n"
	    "domain's own servers, and does it lead to the name of an account?\n"
	    "\n"
	    "As root it sees whose a port is, and gives root up before it asks others. The\n"
	    "configuration and the accounts stay as they are.\n"
	    "\n"
	    "With --sandbox it shows instead what the kernel says of each process: user, groups,\n"
	    "capabilities, no_new_privs, filters of system calls, root, cores, open descriptors;\n"
	    "Landlock cannot be seen from outside.\n"
	    "\n"
	    "The exit status is 1 when something is wrong (or weaker than it should be)."},
    {.verb = "status",
	.arguments = "",
	.options = {&watch, &json},
	.execute = status_show,
	.summary = "show on one screen how the server is: processes, rates, refusals, room",
	.help =
	    "What is wrong comes first, with what to do about it. Two looks are taken: \"now\" is\n"
	    "what was counted between them, \"average\" and \"total\" are since each process\n"
	    "started. With --watch the rates become graphs. As root more of the processes is "
	    "seen.\n"
	    "\n"
	    "The exit status is 0 when all is well, 3 when something needs attention soon (the\n"
	    "certificate ends within 21 days, a full database, weak confinement), and 1 when\n"
	    "something does not work: a process that does not run or is not linked, names that\n"
	    "are missing, an expired certificate, no room for more accounts."},
    {.verb = "stats",
	.arguments = "",
	.options = {&json},
	.execute = statistics_show,
	.summary = "show what the server has counted since its processes started",
	.help = "Counters only grow; gauges say what is the case now. A process that was started\n"
		"again has begun at 0. People see what is not 0, programs everything."},
    {.verb = "tokens",
	.noun = "add",
	.arguments = "NAME",
	.minimum = 1,
	.maximum = 1,
	.options = {&quota, &expires, &allow_from, &json},
	.execute = tokens_add,
	.summary = "make a token to register accounts with, and print its secret",
	.help =
	    "With \"api.registration: token\" whoever registers has to present one. Its secret\n"
	    "is shown once and kept nowhere; its name is for you, and never given out again."},
    {.verb = "tokens",
	.noun = "list",
	.arguments = "",
	.options = {&json},
	.execute = tokens_list,
	.summary = "list all tokens, the revoked ones, too"},
    {.verb = "tokens",
	.noun = "show",
	.arguments = "NAME",
	.minimum = 1,
	.maximum = 1,
	.options = {&json},
	.execute = tokens_show,
	.summary = "show one token and the accounts that were registered with it",
	.help = "Accounts that were deleted since are not shown, but counted. As JSON the first\n"
		"line is the token, each further one an account."},
    {.verb = "tokens",
	.noun = "revoke",
	.arguments = "NAME",
	.minimum = 1,
	.maximum = 1,
	.execute = tokens_revoke,
	.summary = "make a token worthless; accounts registered with it go on"},
    {.verb = "import",
	.arguments = "FILE",
	.minimum = 1,
	.maximum = 1,
	.options = {&report},
	.execute = accounts_import,
	.summary = "take over accounts: from acme-dns, or from an export",
	.help =
	    "FILE is acme-dns's SQLite database, a plain dump of its PostgreSQL database made\n"
	    "by pg_dump, or JSON, one account on each line, as \"sallyport export\" writes it;\n"
	    "\"-\" is standard input. The file itself is never changed.\n"
	    "\n"
	    "Importing the same file again is harmless: an account that is there stays as it\n"
	    "is, only values newer than its last update are taken over. So an import that was\n"
	    "broken off goes on where it was. The server may run meanwhile.\n"
	    "\n"
	    "The exit status is 1 when accounts were left out."},
    {.verb = "export",
	.arguments = "[FILE]",
	.maximum = 1,
	.execute = accounts_export,
	.summary = "write all accounts as JSON, one on each line",
	.help = "Goes to standard output, or into FILE, which only its owner can read: the hashes\n"
		"of the accounts' keys are in it. Accounts that are made while it is written may\n"
		"be in it or not. \"sallyport import\" reads it."},
    {.verb = "backup",
	.arguments = "FILE",
	.minimum = 1,
	.maximum = 1,
	.options = {&replace, &keep},
	.execute = backup_make,
	.summary = "copy the database into a file, while the server runs or not",
	.help =
	    "FILE holds everything that was answered before the command began, without the\n"
	    "pages that are not in use, and a checksum; \"-\" is standard output. Only its owner\n"
	    "can read it: the hashes of all keys are in it. It appears when all of it is on the\n"
	    "disk. As long as the copying lasts, an hour at the most, the database's file grows\n"
	    "by what is changed."},
    {.verb = "verify",
	.arguments = "[FILE]",
	.maximum = 1,
	.execute = backup_verify,
	.summary = "look at every record of a backup, or of the database",
	.help =
	    "Is each record as it was written, and does it fit the others? Of a backup also: is\n"
	    "all of it there? Nothing is changed, and the server may run meanwhile.\n"
	    "\n"
	    "The exit status is 0 when nothing is wrong."},
    {.verb = "restore",
	.arguments = "FILE",
	.minimum = 1,
	.maximum = 1,
	.options = {&over},
	.execute = backup_restore,
	.summary = "put a backup in the place of the database; the server has to be stopped",
	.help =
	    "The backup is verified first. Where a database is already, nothing happens without\n"
	    "--force. Then start the server: it serves what the backup holds, and nothing that "
	    "was\n"
	    "set later."},
    {.verb = "completions",
	.arguments = "SHELL",
	.minimum = 1,
	.maximum = 1,
	.execute = completion_show,
	.is_hidden = 1,
	.summary = "print the completions for bash, zsh or fish"},
    {.verb = "manual",
	.arguments = "",
	.execute = manual_show,
	.is_hidden = 1,
	.summary = "print the part of sallyport(1) that explains the verbs"},
};

int
main(int argc, char **argv)
{
	static const struct command_table table = {
	    .commands = commands, .count = sizeof(commands) / sizeof(commands[0])};

	return command_run(&table, argc, argv);
}
