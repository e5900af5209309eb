/*
 * This machine: do the three processes run, and who has the ports that the configuration names? Facts are gathered
 * elsewhere; this judges. Pure.
 */
#ifndef SALLYPORT_MACHINE_H
#define SALLYPORT_MACHINE_H

#include "conf.h"
#include "contact.h"
#include "port_holder.h"
#include "process_look.h"

enum machine_port {
	MACHINE_PORT_FREE,
	MACHINE_PORT_OURS,
	MACHINE_PORT_UNSEEN, /* somebody's; whose is not for us to see */
	MACHINE_PORT_TAKEN
};

struct machine_listen {
	struct address address;
	int over_tcp;
	enum machine_port port;
	struct port_holder holder; /* unless it is free */
	struct contact_reply reply;
};

struct machine {
	const char *config; /* path of the configuration */
	struct {
		enum process_look_result result;
		pid_t pid;
		char why[PROCESS_LOOK_WHY];
	} processes[CONF_ROLES];
	struct address_set interfaces; /* without loopback */
	unsigned listen_count;
	struct machine_listen listens[2 * CONF_MAX_LISTEN];
};

/*
 * Whose an address is among the `count` holders of its port. `dnsd` is its process, 0: not known. `sees_all`: we are root, and so every
 * process is seen.
 */
enum machine_port machine_port(const struct port_holder *holders, unsigned count,
    const struct address *address, int over_tcp, pid_t dnsd, int sees_all,
    const struct port_holder **holder);

/* Adds what is to be said. `is_reached`: the world finds us, however port 53 gets here. */
void machine_judge(const struct machine *machine, int is_reached, struct diagnosis *diagnosis);

/* 1 if all three run. */
int machine_runs(const struct machine *machine);

#endif
