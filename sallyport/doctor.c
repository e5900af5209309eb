#include "doctor.h"

#include "configuration.h"
#include "daemon.h"
#include "sandbox.h"
#include "table_print.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	STATUS_MAX = 8192,   /* bytes of /proc/PID/status */
	STORE_MAX_FILES = 8, /* the database, its lock and their folder */
	STANDARD_STREAMS = 3 /* may be files: the log */
};

/* Where each process listens: the kernel says who does. */
static const char *const sockets[CONF_ROLES] = {
    [CONF_ROLE_STORE] = DAEMON_CONTROL_SOCKET,
    [CONF_ROLE_DNSD] = "dnsd.door",
    [CONF_ROLE_APID] = "apid.door",
};

/* The process that listens at the role's socket, or -1 with a line on standard error. */
static pid_t
find_process(const struct conf *conf, enum conf_role role)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s",
	    conf->privsep.runtime_dir, sockets[role]);
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd, failed;

	if (length < 0 || (size_t)length >= sizeof(address.sun_path)) {
		fprintf(stderr,
		    "sallyport: the path of privsep.runtime_dir is too long to be asked at\n");
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	failed = fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
		 getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0;
	if (failed)
		fprintf(stderr, "sallyport: %s: cannot ask at %s: %s\n", conf_role_name(role),
		    address.sun_path,
		    errno == ECONNREFUSED || errno == ENOENT ? "it does not run" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return failed ? -1 : peer.pid;
}

/* Reads a small file of /proc/PID. 0 or -1. */
static int
read_proc(pid_t pid, const char *name, char *text, size_t capacity)
{
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	length = read(fd, text, capacity - 1);
	close(fd);
	if (length < 0)
		return -1;
	text[length] = '\0';
	return 0;
}

static void
look_at_limits(pid_t pid, struct sandbox *sandbox)
{
	char text[STATUS_MAX];
	const char *line;
	char *end;

	sandbox->core = -1;
	if (read_proc(pid, "limits", text, sizeof(text)) != 0 ||
	    (line = strstr(text, "Max core file size")) == NULL)
		return;
	line += strlen("Max core file size");
	/* A number, or "unlimited". */
	sandbox->core = strtoul(line, &end, 10) != 0 || end == line;
}

/* The kernel gives the files of a process that must not be looked into to root. */
static void
look_at_owner(pid_t pid, struct sandbox *sandbox)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%ld/mem", (long)pid);
	sandbox->dumpable =
	    stat(path, &status) != 0 || sandbox->uid == 0 ? -1 : status.st_uid == sandbox->uid;
}

static void
look_at_root(pid_t pid, struct sandbox *sandbox)
{
	char path[64];
	struct stat its, ours;

	snprintf(path, sizeof(path), "/proc/%ld/root/", (long)pid);
	sandbox->has_root = stat(path, &its) != 0 || stat("/", &ours) != 0
				? -1
				: its.st_dev != ours.st_dev || its.st_ino != ours.st_ino;
}

static void
count_descriptor(const char *folder, const char *name, struct sandbox *sandbox)
{
	char path[320], target[16];
	struct stat status;
	ssize_t length;
	long number;
	char *end;

	number = strtol(name, &end, 10);
	if (end == name)
		return;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	length = readlink(path, target, sizeof(target) - 1);
	target[length > 0 ? length : 0] = '\0';
	if (strncmp(target, "socket:", 7) == 0)
		sandbox->sockets++;
	else if (target[0] == '/' && stat(path, &status) == 0 &&
		 (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISBLK(status.st_mode)) &&
		 number >= STANDARD_STREAMS)
		sandbox->files++;
	else
		sandbox->others++;
}

static void
look_at_descriptors(pid_t pid, struct sandbox *sandbox)
{
	char path[64];
	const struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	sandbox->sockets = sandbox->files = sandbox->others = -1;
	folder = opendir(path);
	if (folder == NULL)
		return;
	sandbox->sockets = sandbox->files = sandbox->others = 0;
	while ((entry = readdir(folder)) != NULL)
		count_descriptor(path, entry->d_name, sandbox);
	closedir(folder);
}

/* 0, or -1 with a line on standard error. */
static int
look_at(const struct conf *conf, enum conf_role role, struct sandbox *sandbox)
{
	pid_t pid = find_process(conf, role);
	char status[STATUS_MAX];

	if (pid < 0)
		return -1;
	if (read_proc(pid, "status", status, sizeof(status)) != 0 ||
	    sandbox_read_status(sandbox, status) != 0) {
		fprintf(stderr, "sallyport: %s: /proc does not tell of process %ld\n",
		    conf_role_name(role), (long)pid);
		return -1;
	}
	look_at_limits(pid, sandbox);
	look_at_owner(pid, sandbox);
	look_at_root(pid, sandbox);
	look_at_descriptors(pid, sandbox);
	return 0;
}

static int
print_facts(const struct sandbox sandboxes[CONF_ROLES])
{
	static const struct table_column columns[] = {
	    {.title = ""}, {.title = "store"}, {.title = "dnsd"}, {.title = "apid"}};
	struct table_print *table = table_print_new(stdout, columns, CONF_ROLES + 1);
	char cells[CONF_ROLES][SANDBOX_CELL];

	if (table == NULL)
		return -1;
	for (unsigned fact = 0; fact < SANDBOX_FACTS; fact++) {
		const char *row[CONF_ROLES + 1] = {sandbox_fact_name((enum sandbox_fact)fact)};

		for (unsigned role = 0; role < CONF_ROLES; role++) {
			sandbox_describe(&sandboxes[role], (enum sandbox_fact)fact, cells[role]);
			row[role + 1] = cells[role];
		}
		if (table_print_row(table, row) != 0)
			break;
	}
	return table_print_end(table);
}

/* Says what is weaker than it should be. Returns how much is. */
static unsigned
print_weaknesses(const struct conf *conf, const struct sandbox sandboxes[CONF_ROLES])
{
	unsigned found = 0;

	for (unsigned role = 0; role < CONF_ROLES; role++) {
		const struct sandbox_wish wish = {.uid = conf->privsep.users[role].uid,
		    .max_files = role == CONF_ROLE_STORE ? STORE_MAX_FILES : 0};

		for (unsigned fact = 0; fact < SANDBOX_FACTS; fact++) {
			char why[SANDBOX_WHY];

			if (sandbox_judge(&sandboxes[role], &wish, (enum sandbox_fact)fact, why))
				continue;
			printf("weaker: %s %s\n", conf_role_name((enum conf_role)role), why);
			found++;
		}
	}
	return found;
}

static int
doctor_sandbox(const struct conf *conf)
{
	struct sandbox sandboxes[CONF_ROLES];
	int missing = 0;
	unsigned weaker;

	for (unsigned role = 0; role < CONF_ROLES; role++)
		missing |= look_at(conf, (enum conf_role)role, &sandboxes[role]) != 0;
	if (missing || print_facts(sandboxes) != 0)
		return 1;
	puts("");
	weaker = print_weaknesses(conf, sandboxes);
	if (weaker == 0)
		puts("all as it should be");
	if (geteuid() != 0)
		puts("as root more can be seen: what is shown as \"?\"");
	return weaker == 0 ? 0 : 1;
}

int
doctor(const struct invocation *invocation)
{
	struct conf conf;
	int code = configuration_load(&conf, invocation->config);

	if (code != 0)
		return code;
	code = doctor_sandbox(&conf);
	conf_free(&conf);
	return fflush(stdout) != 0 ? 1 : code;
}
