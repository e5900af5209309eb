#include "machine.h"

#include <stdio.h>
#include <string.h>

enum { DNS_PORT = 53 };

enum machine_port
machine_port(const struct port_holder *holders, unsigned count, const struct address *address,
    int over_tcp, pid_t dnsd, int sees_all, const struct port_holder **holder)
{
	*holder = NULL;
	for (unsigned i = 0; i < count; i++) {
		if (!port_holder_meets(&holders[i], address, over_tcp))
			continue;
		*holder = &holders[i];
		if (dnsd != 0 && holders[i].pid == dnsd)
			return MACHINE_PORT_OURS;
	}
	if (*holder == NULL)
		return MACHINE_PORT_FREE;
	/* dnsd binds as root, or as the one user that it has; no one else may look into it. */
	return (*holder)->pid == 0 && !sees_all ? MACHINE_PORT_UNSEEN : MACHINE_PORT_TAKEN;
}

int
machine_runs(const struct machine *machine)
{
	for (unsigned role = 0; role < CONF_ROLES; role++)
		if (machine->processes[role].result != PROCESS_LOOK_FOUND)
			return 0;
	return 1;
}

static void
judge_processes(const struct machine *machine, struct diagnosis *diagnosis)
{
	unsigned absent = 0;

	for (unsigned role = 0; role < CONF_ROLES; role++)
		absent += machine->processes[role].result == PROCESS_LOOK_ABSENT;
	if (machine_runs(machine)) {
		diagnosis_add(diagnosis, DIAGNOSIS_OK, "server.runs", "store, dnsd and apid run");
		return;
	}
	if (absent == CONF_ROLES) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "server.absent",
		    "no server of %s runs on this machine", machine->config);
		diagnosis_fix(diagnosis, "systemctl start sallyport.target");
		diagnosis_fix(
		    diagnosis, "# or, without systemd: sallyport run -c %s", machine->config);
		return;
	}
	for (unsigned role = 0; role < CONF_ROLES; role++) {
		if (machine->processes[role].result == PROCESS_LOOK_FOUND)
			continue;
		if (machine->processes[role].result == PROCESS_LOOK_FAILED) {
			diagnosis_add(diagnosis, DIAGNOSIS_UNKNOWN, "server.unseen", "%s: %s",
			    conf_role_name((enum conf_role)role), machine->processes[role].why);
			continue;
		}
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "server.part_absent", "%s does not run",
		    conf_role_name((enum conf_role)role));
		diagnosis_fix(diagnosis, "journalctl -u sallyport-%s -n 20",
		    conf_role_name((enum conf_role)role));
		diagnosis_fix(diagnosis, "systemctl restart sallyport-%s",
		    conf_role_name((enum conf_role)role));
	}
}

/* "listen: [...]" with what this machine has, for people to choose from. */
static void
fix_listen(const struct machine *machine, struct diagnosis *diagnosis)
{
	char line[DIAGNOSIS_LINE];
	size_t used = (size_t)snprintf(line, sizeof(line), "  listen: [");

	for (unsigned i = 0; i < machine->interfaces.count; i++) {
		struct address at = client_address_at(&machine->interfaces.addresses[i], DNS_PORT);
		char text[ADDRESS_MAX_TEXT];

		address_to_text(&at, text);
		if (strncmp(text, "[fe80:", 6) == 0 || used + strlen(text) + 8 > sizeof(line))
			continue;
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s\"%s\"",
		    line[used - 1] == '[' ? "" : ", ", text);
	}
	diagnosis_fix(diagnosis, "# in %s, the addresses of this machine:", machine->config);
	diagnosis_fix(diagnosis, "dns:");
	diagnosis_fix(diagnosis, "%s]", line);
}

static void
fix_taken(
    const struct machine *machine, const struct machine_listen *listen, struct diagnosis *diagnosis)
{
	int is_resolved = strncmp(listen->holder.name, "systemd-resolve", 15) == 0;
	char text[PORT_HOLDER_TEXT];

	if (!is_resolved)
		is_resolved =
		    strstr(port_holder_text(&listen->holder, text), "systemd-resolve") != NULL;
	if (!is_resolved) {
		diagnosis_fix(diagnosis, "# stop it, or leave it the addresses that it has");
		fix_listen(machine, diagnosis);
		return;
	}
	diagnosis_fix(diagnosis,
	    "# leave it 127.0.0.53, which is all that it has, by naming other addresses;");
	fix_listen(machine, diagnosis);
	diagnosis_fix(diagnosis,
	    "# or take the port from it: in /etc/systemd/resolved.conf.d/sallyport.conf");
	diagnosis_fix(diagnosis, "[Resolve]");
	diagnosis_fix(diagnosis, "DNSStubListener=no");
	diagnosis_fix(diagnosis, "# then");
	diagnosis_fix(diagnosis, "ln -sf /run/systemd/resolve/resolv.conf /etc/resolv.conf");
	diagnosis_fix(diagnosis, "systemctl restart systemd-resolved");
}

static void
judge_listen(
    const struct machine *machine, const struct machine_listen *listen, struct diagnosis *diagnosis)
{
	int dnsd_runs = machine->processes[CONF_ROLE_DNSD].result == PROCESS_LOOK_FOUND;
	const char *transport = listen->over_tcp ? "TCP" : "UDP";
	char wanted[ADDRESS_MAX_TEXT], at[ADDRESS_MAX_TEXT], who[PORT_HOLDER_TEXT];
	char why[CONTACT_WHY];
	struct address there = client_address_at(&listen->holder.address, listen->holder.port);

	address_to_text(&listen->address, wanted);
	address_to_text(&there, at);
	(void)port_holder_text(&listen->holder, who);
	(void)contact_describe(&listen->reply, why);
	if (listen->port == MACHINE_PORT_TAKEN) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "port.taken",
		    "%s over %s is not ours: %s has %s", wanted, transport, who, at);
		fix_taken(machine, listen, diagnosis);
	} else if (listen->port == MACHINE_PORT_FREE) {
		if (!dnsd_runs)
			return;
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "port.free",
		    "dnsd runs, but does not listen at %s over %s: it was started with another "
		    "configuration",
		    wanted, transport);
		diagnosis_fix(diagnosis, "systemctl restart sallyport-dnsd");
	} else if (contact_judge(&listen->reply, NULL) == CONTACT_OURS) {
		diagnosis_add(diagnosis, DIAGNOSIS_OK, "port.ours",
		    listen->port == MACHINE_PORT_OURS
			? "dnsd has %s over %s and answers for the zone"
			: "what has %s over %s answers for the zone (as root you would see what it "
			  "is)",
		    wanted, transport);
	} else if (listen->port == MACHINE_PORT_OURS) {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "port.silent",
		    "dnsd has %s over %s, but: %s", wanted, transport, why);
		diagnosis_fix(diagnosis, "sallyport health -c %s", machine->config);
	} else {
		diagnosis_add(diagnosis, DIAGNOSIS_WRONG, "port.taken",
		    "%s over %s is not ours: %s has %s, and: %s", wanted, transport, who, at, why);
		fix_taken(machine, listen, diagnosis);
	}
}

/* Is there an address at which others can ask? */
static void
judge_reach(const struct machine *machine, int is_reached, struct diagnosis *diagnosis)
{
	int has_port = 0, has_outside = 0;

	for (unsigned i = 0; i < machine->listen_count; i++) {
		const struct address *address = &machine->listens[i].address;
		struct client_address at = client_address_from_socket(&address->socket.any);

		has_port |= (address->socket.any.sa_family == AF_INET
				    ? ntohs(address->socket.v4.sin_port)
				    : ntohs(address->socket.v6.sin6_port)) == DNS_PORT;
		has_outside |= address_scope(&at) != ADDRESS_LOOPBACK;
	}
	if (is_reached || (has_port && has_outside))
		return;
	diagnosis_add(diagnosis, DIAGNOSIS_WARNING, has_port ? "port.loopback" : "port.not_53",
	    has_port
		? "dns.listen names this machine's loopback alone: nobody else can ask there"
		: "dns.listen has no port 53, and the world asks at no other: something has to "
		  "forward 53 over UDP and TCP to here");
	fix_listen(machine, diagnosis);
}

void
machine_judge(const struct machine *machine, int is_reached, struct diagnosis *diagnosis)
{
	judge_processes(machine, diagnosis);
	for (unsigned i = 0; i < machine->listen_count; i++)
		judge_listen(machine, &machine->listens[i], diagnosis);
	judge_reach(machine, is_reached, diagnosis);
}
