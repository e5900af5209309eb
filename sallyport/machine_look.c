#include "machine_look.h"

#include "port_look.h"

#include <ifaddrs.h>
#include <unistd.h>

static void
look_at_interfaces(struct address_set *set)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) != 0)
		return;
	for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
		struct client_address address;

		if (one->ifa_addr == NULL ||
		    (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6))
			continue;
		address = client_address_from_socket(one->ifa_addr);
		if (address_scope(&address) != ADDRESS_LOOPBACK)
			address_set_add(set, &address);
	}
	freeifaddrs(all);
}

static uint16_t
port_of(const struct address *address)
{
	return ntohs(address->socket.any.sa_family == AF_INET ? address->socket.v4.sin_port
							      : address->socket.v6.sin6_port);
}

static void
look_at_listen(struct machine *machine, const struct address *address, int over_tcp)
{
	struct machine_listen *listen = &machine->listens[machine->listen_count++];
	struct port_holder holders[PORT_HOLDERS];
	unsigned count = port_look(port_of(address), holders);
	pid_t dnsd = machine->processes[CONF_ROLE_DNSD].pid;
	const struct port_holder *holder;

	*listen = (struct machine_listen){.address = *address, .over_tcp = over_tcp};
	listen->reply.result = DNS_OUTCOME_NOT_ASKED;
	listen->port =
	    machine_port(holders, count, address, over_tcp, dnsd, geteuid() == 0, &holder);
	if (holder != NULL)
		listen->holder = *holder;
}

void
machine_look(const struct conf *conf, struct machine *machine)
{
	for (unsigned role = 0; role < CONF_ROLES; role++) {
		struct process_look look;

		machine->processes[role].pid = 0;
		machine->processes[role].result =
		    process_look(conf, (enum conf_role)role, &look, machine->processes[role].why);
		if (machine->processes[role].result == PROCESS_LOOK_FOUND)
			machine->processes[role].pid = look.pid;
	}
	look_at_interfaces(&machine->interfaces);
	for (size_t i = 0; i < conf->dns.listen.count; i++) {
		if (conf->dns.listen_protocols[i] & CONF_PROTOCOL_UDP)
			look_at_listen(machine, &conf->dns.listen.addresses[i], 0);
		if (conf->dns.listen_protocols[i] & CONF_PROTOCOL_TCP)
			look_at_listen(machine, &conf->dns.listen.addresses[i], 1);
	}
}
