#include "port_look.h"

#include <ctype.h>
#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_LENGTH = 512 };

static unsigned
read_file(const char *path, int over_tcp, int is_v6, uint16_t port, struct port_holder *holders,
    unsigned count)
{
	FILE *file = fopen(path, "re");
	char line[LINE_MAX_LENGTH];

	while (file != NULL && count < PORT_HOLDERS && fgets(line, sizeof(line), file) != NULL)
		if (port_holder_read(&holders[count], line, over_tcp, is_v6) == 0 &&
		    holders[count].port == port)
			count++;
	if (file != NULL)
		(void)fclose(file);
	return count;
}

static void
read_name(struct port_holder *holder)
{
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/comm", (long)holder->pid);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	if (fgets(holder->name, sizeof(holder->name), file) != NULL)
		holder->name[strcspn(holder->name, "\n")] = '\0';
	(void)fclose(file);
}

/* Notes the process at those of its descriptors that are a holder's socket. */
static void
look_at_process(pid_t pid, struct port_holder *holders, unsigned count)
{
	char path[64], link[320], target[64];
	const struct dirent *entry;
	DIR *folder;

	(void)snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	folder = opendir(path);
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		ssize_t length;
		unsigned long inode;

		(void)snprintf(link, sizeof(link), "%s/%s", path, entry->d_name);
		length = readlink(link, target, sizeof(target) - 1);
		target[length > 0 ? length : 0] = '\0';
		if (strncmp(target, "socket:[", 8) != 0)
			continue;
		inode = strtoul(target + 8, NULL, 10);
		for (unsigned i = 0; i < count; i++)
			if (holders[i].inode == inode && holders[i].pid == 0) {
				holders[i].pid = pid;
				read_name(&holders[i]);
			}
	}
	if (folder != NULL)
		closedir(folder);
}

static void
read_user(struct port_holder *holder)
{
	const struct passwd *user = holder->uid != 0 ? getpwuid(holder->uid) : NULL;

	if (user != NULL)
		(void)snprintf(holder->user, sizeof(holder->user), "%s", user->pw_name);
}

unsigned
port_look(uint16_t port, struct port_holder holders[PORT_HOLDERS])
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	unsigned count = 0;

	count = read_file("/proc/net/udp", 0, 0, port, holders, count);
	count = read_file("/proc/net/udp6", 0, 1, port, holders, count);
	count = read_file("/proc/net/tcp", 1, 0, port, holders, count);
	count = read_file("/proc/net/tcp6", 1, 1, port, holders, count);
	while (folder != NULL && count > 0 && (entry = readdir(folder)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			look_at_process((pid_t)strtol(entry->d_name, NULL, 10), holders, count);
	if (folder != NULL)
		closedir(folder);
	for (unsigned i = 0; i < count; i++)
		read_user(&holders[i]);
	return count;
}
