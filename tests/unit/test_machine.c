/* Who has a port, as /proc/net tells, and what that means for us. */
#include "diagnosis_fixture.h"
#include "machine.h"
#include "suite.h"

#include <string.h>

#define TAIL " 00000000:00000000 00:00000000 00000000   102        0 19487 2 0000000000000000 0\n"
#define HEAD                                                                                       \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "      \
	"timeout inode\n"

/* As this machine writes words: the tests run where the first byte is the lowest. */
static const struct {
	const char *line;
	int over_tcp, is_v6;
	const char *address; /* NULL: it is no socket that we look for */
	unsigned port;
} lines[] = {
    {" 1234: 3500007F:0035 00000000:0000 07" TAIL, 0, 0, "127.0.0.53:53", 53},
    {"   0: 00000000:14B4 00000000:0000 0A" TAIL, 1, 0, "0.0.0.0:5300", 5300},
    {"   1: 0100007F:0035 0100007F:9C40 01" TAIL, 1, 0, NULL, 0},
    {"   0: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 0A" TAIL, 1,
	1, "[::1]:53", 53},
    {"   0: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07" TAIL, 0,
	1, "[::]:53", 53},
    {HEAD, 0, 0, NULL, 0},
    {"", 0, 0, NULL, 0},
    {"   0: 0100007F", 0, 0, NULL, 0},
    {"   0: 0100007G:0035 00000000:0000 07" TAIL, 0, 0, NULL, 0},
};

START_TEST(reads_sockets)
{
	struct port_holder holder;
	struct address at;
	char text[ADDRESS_MAX_TEXT];
	int result = port_holder_read(&holder, lines[_i].line, lines[_i].over_tcp, lines[_i].is_v6);

	ck_assert_int_eq(result, lines[_i].address == NULL ? -1 : 0);
	if (result != 0)
		return;
	at = client_address_at(&holder.address, holder.port);
	address_to_text(&at, text);
	ck_assert_str_eq(text, lines[_i].address);
	ck_assert_uint_eq(holder.port, lines[_i].port);
	ck_assert_uint_eq(holder.uid, 102);
	ck_assert_uint_eq(holder.inode, 19487);
}
END_TEST

static struct port_holder
holder_at(const char *text, int over_tcp, pid_t pid)
{
	struct port_holder holder = {.over_tcp = over_tcp, .pid = pid, .port = 53};
	struct address address;
	const char *why;

	ck_assert_int_eq(address_from_text(&address, text, &why), 0);
	holder.address = client_address_from_socket(&address.socket.any);
	return holder;
}

static const struct {
	const char *holder, *wanted;
	int meets;
} meetings[] = {
    {"127.0.0.53:53", "0.0.0.0:53", 1},
    {"0.0.0.0:53", "192.0.2.1:53", 1},
    {"192.0.2.1:53", "192.0.2.1:53", 1},
    {"127.0.0.53:53", "192.0.2.1:53", 0},
    {"127.0.0.53:53", "0.0.0.0:5300", 0},
    {"[::]:53", "192.0.2.1:53", 1},
    {"[::1]:53", "0.0.0.0:53", 0},
    {"0.0.0.0:53", "[::]:53", 0},
    {"[::]:53", "[2001:db8::1]:53", 1},
};

START_TEST(knows_who_meets)
{
	struct port_holder holder = holder_at(meetings[_i].holder, 0, 1);
	struct address wanted;
	const char *why;

	ck_assert_int_eq(address_from_text(&wanted, meetings[_i].wanted, &why), 0);
	ck_assert_int_eq(port_holder_meets(&holder, &wanted, 0), meetings[_i].meets);
	ck_assert_int_eq(port_holder_meets(&holder, &wanted, 1), 0);
}
END_TEST

START_TEST(knows_whose_it_is)
{
	struct port_holder holders[2] = {
	    holder_at("127.0.0.53:53", 0, 312), holder_at("0.0.0.0:53", 0, 4711)};
	const struct port_holder *found;
	struct address wanted;
	const char *why;

	ck_assert_int_eq(address_from_text(&wanted, "0.0.0.0:53", &why), 0);
	ck_assert_int_eq(machine_port(holders, 0, &wanted, 0, 4711, 1, &found), MACHINE_PORT_FREE);
	ck_assert_int_eq(machine_port(holders, 2, &wanted, 0, 4711, 1, &found), MACHINE_PORT_OURS);
	ck_assert_int_eq(machine_port(holders, 1, &wanted, 0, 4711, 1, &found), MACHINE_PORT_TAKEN);
	ck_assert_ptr_eq(found, &holders[0]);
	ck_assert_int_eq(machine_port(holders, 1, &wanted, 1, 4711, 1, &found), MACHINE_PORT_FREE);
	/* Whom we cannot see may be ours; root would see it. */
	holders[0].pid = 0;
	ck_assert_int_eq(machine_port(holders, 1, &wanted, 0, 0, 0, &found), MACHINE_PORT_UNSEEN);
	ck_assert_int_eq(machine_port(holders, 1, &wanted, 0, 0, 1, &found), MACHINE_PORT_TAKEN);
}
END_TEST

START_TEST(names_who_has_it)
{
	struct port_holder holder = {.pid = 312, .name = "systemd-resolve", .uid = 102};
	char text[PORT_HOLDER_TEXT];

	ck_assert_str_eq(port_holder_text(&holder, text), "systemd-resolve (process 312)");
	holder.pid = 0;
	ck_assert_str_eq(port_holder_text(&holder, text), "a process of uid 102");
	memcpy(holder.user, "somebody", sizeof("somebody"));
	ck_assert_str_eq(port_holder_text(&holder, text), "a process of the user somebody");
	holder = (struct port_holder){0};
	ck_assert_str_eq(port_holder_text(&holder, text), "a process that only root can see");
}
END_TEST

/* A machine on which all is well, with one thing changed. */
static struct machine *
good_machine(void)
{
	static struct machine machine;
	struct client_address here = diagnosis_fixture_address("5.2.0.1");

	machine = (struct machine){.config = "FILE", .listen_count = 1};
	for (unsigned role = 0; role < CONF_ROLES; role++)
		machine.processes[role].result = PROCESS_LOOK_FOUND;
	address_set_add(&machine.interfaces, &here);
	machine.listens[0] = (struct machine_listen){.address = client_address_at(&here, 53),
	    .port = MACHINE_PORT_OURS,
	    .reply = {.result = DNS_OUTCOME_ANSWERED, .is_authoritative = 1, .has_soa = 1}};
	return &machine;
}

static void
kill_dnsd(struct machine *machine)
{
	machine->processes[CONF_ROLE_DNSD].result = PROCESS_LOOK_ABSENT;
	machine->listens[0].port = MACHINE_PORT_FREE;
}

static void
kill_all(struct machine *machine)
{
	for (unsigned role = 0; role < CONF_ROLES; role++)
		machine->processes[role].result = PROCESS_LOOK_ABSENT;
	machine->listens[0].port = MACHINE_PORT_FREE;
}

static void
hide_all(struct machine *machine)
{
	for (unsigned role = 0; role < CONF_ROLES; role++)
		machine->processes[role].result = PROCESS_LOOK_FAILED;
	machine->listens[0].port = MACHINE_PORT_UNSEEN;
}

static void
answer_nothing(struct machine *machine)
{
	machine->listens[0].reply.result = DNS_OUTCOME_SILENT;
}

static void
listen_elsewhere(struct machine *machine)
{
	machine->listens[0].port = MACHINE_PORT_FREE;
}

static void
give_to_resolved(struct machine *machine)
{
	machine->listens[0].port = MACHINE_PORT_TAKEN;
	machine->listens[0].holder = holder_at("127.0.0.53:53", 0, 312);
	memcpy(machine->listens[0].holder.name, "systemd-resolve", sizeof("systemd-resolve"));
}

/* Without root its user alone is seen. */
static void
give_to_its_user(struct machine *machine)
{
	give_to_resolved(machine);
	machine->listens[0].port = MACHINE_PORT_UNSEEN;
	machine->listens[0].holder.pid = 0;
	machine->listens[0].holder.uid = 102;
	memcpy(machine->listens[0].holder.user, "systemd-resolve", sizeof("systemd-resolve"));
	machine->listens[0].reply.is_authoritative = 0;
}

static void
use_loopback(struct machine *machine)
{
	machine->listens[0].address.socket.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static const struct {
	void (*change)(struct machine *machine); /* NULL: nothing is changed */
	const char *says, *fix;
} troubles[] = {
    {NULL, "\"ok\",\"id\":\"port.ours\"", "\"fix\":[]"},
    {kill_dnsd, "\"wrong\",\"id\":\"server.part_absent\"", "systemctl restart sallyport-dnsd"},
    {kill_all, "\"wrong\",\"id\":\"server.absent\"", "sallyport run -c FILE"},
    {hide_all, "\"unknown\",\"id\":\"server.unseen\"", "as root you would see"},
    {answer_nothing, "\"wrong\",\"id\":\"port.silent\"", "sallyport health"},
    {listen_elsewhere, "\"wrong\",\"id\":\"port.free\"", "systemctl restart sallyport-dnsd"},
    {give_to_resolved, "\"wrong\",\"id\":\"port.taken\"", "\"DNSStubListener=no\""},
    {give_to_its_user, "a process of the user systemd-resolve has 127.0.0.53:53",
	"\"DNSStubListener=no\""},
    {use_loopback, "\"warning\",\"id\":\"port.loopback\"", "listen: [\\\"5.2.0.1:53\\\"]"},
};

START_TEST(says_what_is_wrong)
{
	struct machine *machine = good_machine();
	struct diagnosis *diagnosis = diagnosis_new();
	const char *text;

	if (troubles[_i].change != NULL)
		troubles[_i].change(machine);
	machine_judge(machine, 0, diagnosis);
	text = diagnosis_fixture_json(diagnosis);
	ck_assert_msg(strstr(text, troubles[_i].says) != NULL, "%s", text);
	ck_assert_msg(strstr(text, troubles[_i].fix) != NULL, "%s", text);
}
END_TEST

/* Whatever forwards the port: where the world finds us nothing is to be said of it. */
START_TEST(another_port_is_no_matter_when_we_are_found)
{
	struct machine *machine = good_machine();
	struct diagnosis *diagnosis = diagnosis_new();

	machine->listens[0].address.socket.v4.sin_port = htons(5300);
	machine_judge(machine, 1, diagnosis);
	ck_assert(!diagnosis_has(diagnosis, "port.not_53"));
	machine_judge(machine, 0, diagnosis);
	ck_assert(diagnosis_has(diagnosis, "port.not_53"));
	diagnosis_free(diagnosis);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("machine");
	TCase *cases = tcase_create("machine");

	tcase_add_loop_test(cases, reads_sockets, 0, ROWS(lines));
	tcase_add_loop_test(cases, knows_who_meets, 0, ROWS(meetings));
	tcase_add_test(cases, knows_whose_it_is);
	tcase_add_test(cases, names_who_has_it);
	tcase_add_loop_test(cases, says_what_is_wrong, 0, ROWS(troubles));
	tcase_add_test(cases, another_port_is_no_matter_when_we_are_found);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
