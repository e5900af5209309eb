#include "process_look.h"

#include "daemon.h"
#include "runtime_socket.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	TEXT_MAX = 8192,     /* bytes of a file in /proc/PID */
	STORE_MAX_FILES = 8, /* the database, its lock and their folder */
	STANDARD_STREAMS = 3 /* may be files: the log */
};

/* Where each process listens: the kernel says who does. */
static const char *const sockets[CONF_ROLES] = {
    [CONF_ROLE_STORE] = DAEMON_CONTROL_SOCKET,
    [CONF_ROLE_DNSD] = "dnsd.door",
    [CONF_ROLE_APID] = "apid.door",
};

/* Never waits: the queue of one that stands still may be full. */
static enum process_look_result
find_process(const struct conf *conf, enum conf_role role, pid_t *pid, char why[PROCESS_LOOK_WHY])
{
	int fd = runtime_socket_dial(conf->privsep.runtime_dir, sockets[role], SOCK_NONBLOCK);
	int error = errno;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (fd >= 0) {
		int failed = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);

		close(fd);
		(void)snprintf(why, PROCESS_LOOK_WHY, "the kernel does not say who it is");
		*pid = peer.pid;
		return failed ? PROCESS_LOOK_FAILED : PROCESS_LOOK_FOUND;
	}
	if (error == ECONNREFUSED || error == ENOENT) {
		(void)snprintf(why, PROCESS_LOOK_WHY, "it does not run");
		return PROCESS_LOOK_ABSENT;
	}
	if (error == EAGAIN) {
		(void)snprintf(why, PROCESS_LOOK_WHY, "it runs, but takes no connection");
		return PROCESS_LOOK_STALLED;
	}
	(void)snprintf(why, PROCESS_LOOK_WHY, "it cannot be asked: %s", strerror(error));
	return PROCESS_LOOK_FAILED;
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
	char text[TEXT_MAX];
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

/* 1 if two paths lead to different folders, -1: cannot be told. */
static int
is_elsewhere(const char *path, const char *other)
{
	struct stat one, two;

	if (stat(path, &one) != 0 || stat(other, &two) != 0)
		return -1;
	return one.st_dev != two.st_dev || one.st_ino != two.st_ino;
}

static void
look_at_root(pid_t pid, struct sandbox *sandbox)
{
	char path[64];
	int root;

	snprintf(path, sizeof(path), "/proc/%ld/root/", (long)pid);
	root = is_elsewhere(path, "/");
	/* A unit leaves store the root folder, and mounts others over what is in it. */
	snprintf(path, sizeof(path), "/proc/%ld/root/var", (long)pid);
	sandbox->has_root = root != 0 ? root : is_elsewhere(path, "/var") > 0;
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

/* Of /proc/PID/stat, behind the name, which may be anything: the state is the 3rd field, the start in ticks since boot the 22nd. */
static int
look_at_start(pid_t pid, struct process_look *look)
{
	char text[TEXT_MAX];
	const char *field;
	struct timespec now;
	uint64_t started;

	if (read_proc(pid, "stat", text, sizeof(text)) != 0 ||
	    (field = strrchr(text, ')')) == NULL || field[1] == '\0')
		return -1;
	field += 2;
	look->is_stopped = *field == 'T' || *field == 't';
	for (unsigned i = 3; i < 22 && field != NULL; i++) {
		field = strchr(field, ' ');
		field += field != NULL;
	}
	if (field == NULL || clock_gettime(CLOCK_BOOTTIME, &now) != 0)
		return -1;
	started = strtoull(field, NULL, 10) / (uint64_t)sysconf(_SC_CLK_TCK);
	look->uptime = (uint64_t)now.tv_sec > started ? (uint64_t)now.tv_sec - started : 0;
	return 0;
}

enum process_look_result
process_look(const struct conf *conf, enum conf_role role, struct process_look *look,
    char why[PROCESS_LOOK_WHY])
{
	enum process_look_result found = find_process(conf, role, &look->pid, why);
	char status[TEXT_MAX];

	if (found != PROCESS_LOOK_FOUND)
		return found;
	if (read_proc(look->pid, "status", status, sizeof(status)) != 0 ||
	    sandbox_read_status(&look->sandbox, status) != 0 ||
	    look_at_start(look->pid, look) != 0) {
		(void)snprintf(
		    why, PROCESS_LOOK_WHY, "/proc does not tell of process %ld", (long)look->pid);
		return PROCESS_LOOK_FAILED;
	}
	look_at_limits(look->pid, &look->sandbox);
	look_at_owner(look->pid, &look->sandbox);
	look_at_root(look->pid, &look->sandbox);
	look_at_descriptors(look->pid, &look->sandbox);
	return PROCESS_LOOK_FOUND;
}

struct sandbox_wish
process_look_wish(const struct conf *conf, enum conf_role role)
{
	return (struct sandbox_wish){.uid = conf->privsep.users[role].uid,
	    .max_files = role == CONF_ROLE_STORE ? STORE_MAX_FILES : 0};
}
