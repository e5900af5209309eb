#include "doctor.h"

#include "challenge_look.h"
#include "configuration.h"
#include "control_client.h"
#include "control_message.h"
#include "delegation_look.h"
#include "machine_look.h"
#include "sandbox_report.h"
#include "terminal.h"

#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	NOBODY = 65534,	     /* the user and group that own nothing */
	TRIAL_MS = 5 * 1000, /* until dnsd serves what store has sent it */
	TRIAL_TRIES = 250,
	TRIAL_PAUSE_NS = 20 * 1000 * 1000, /* after each */
	DOMAINS = 64			   /* that are looked at at once */
};

/* All that is found out, before anything is said of it. */
struct doctor {
	struct conf conf;
	struct inquiry inquiry;
	struct machine machine;
	struct delegation delegation;
	struct contacts contacts;
	struct delegation_trial trial;
	char why[CONTROL_CLIENT_WHY]; /* there is no trial */
	unsigned challenge_count;
	struct challenge challenges[DOMAINS];
	const struct address *answers_here; /* where our own server does; NULL: nowhere */
	struct address here;
};

/* Everything from here on reads what strangers send: not as root. 0, or -1 with a line on standard error. */
static int
leave_root(void)
{
	if (geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	    setresuid(NOBODY, NOBODY, NOBODY) == 0)
		return 0;
	perror("sallyport: cannot give up root before asking others");
	return -1;
}

/* Has the server show a value that no other can know. Without it the SOA has to do. */
static void
ask_for_trial(struct doctor *doctor)
{
	struct control_client *client = control_client_open_quietly(&doctor->conf, doctor->why);
	struct delegation_trial *trial = &doctor->trial;
	struct control_trial told;
	struct writer writer;
	struct reader answer;

	doctor->contacts.no_value = doctor->why;
	if (client == NULL)
		return;
	control_client_begin(client, &writer, MESSAGE_SHOW_TRIAL);
	if (control_client_ask(client, &writer, &answer) != 0 ||
	    (control_get_trial(&answer, &told) != 0 && control_client_puzzled(client) != 0)) {
		(void)snprintf(doctor->why, sizeof(doctor->why), "%s", control_client_why(client));
	} else if (told.result != MESSAGE_RESULT_OK) {
		(void)snprintf(doctor->why, sizeof(doctor->why), "store has no link to dnsd");
	} else {
		memcpy(trial->label, told.label.data, told.label.length);
		memcpy(trial->value, told.value.data, told.value.length);
		doctor->contacts.no_value = NULL;
	}
	control_client_close(client);
}

static void
forget_trial(struct doctor *doctor, const char *why)
{
	struct contacts *contacts = &doctor->contacts;

	doctor->trial.label[0] = '\0';
	contacts->no_value = why;
	contacts->resolver_value = CONTACT_VALUE_NOT_ASKED;
	for (unsigned i = 0; i < contacts->count; i++)
		contacts->contacts[i].udp.value = contacts->contacts[i].tcp.value =
		    CONTACT_VALUE_NOT_ASKED;
}

/* 1 if our own server has it, at any of its addresses. */
static int
has_trial(struct doctor *doctor)
{
	for (unsigned i = 0; i < doctor->machine.listen_count; i++) {
		const struct machine_listen *listen = &doctor->machine.listens[i];
		struct address near = address_near(&listen->address);

		if (listen->port != MACHINE_PORT_FREE && listen->port != MACHINE_PORT_TAKEN &&
		    delegation_find_trial(&doctor->inquiry, &near, &doctor->conf.zone.name,
			&doctor->trial,
			listen->over_tcp ? DNS_CLIENT_TCP : 0) == CONTACT_VALUE_SEEN)
			return 1;
	}
	return 0;
}

/*
 * What our own server does not show is no evidence against any other. It is waited for: store does not hear when dnsd
 * serves it.
 */
static void
check_trial(struct doctor *doctor)
{
	const struct timespec pause = {.tv_nsec = TRIAL_PAUSE_NS};

	dns_client_allow(&doctor->inquiry.client, TRIAL_MS);
	for (unsigned tries = 0; tries < TRIAL_TRIES && doctor->trial.label[0] != '\0'; tries++) {
		if (has_trial(doctor))
			return;
		(void)nanosleep(&pause, NULL);
	}
	if (doctor->trial.label[0] != '\0')
		forget_trial(doctor, "the server here does not serve it");
}

/* What the server itself says here; the first one that answers counts. */
static void
ask_ourselves(struct doctor *doctor)
{
	dns_client_allow(&doctor->inquiry.client, INQUIRY_STAGE_MS);
	for (unsigned i = 0; i < doctor->machine.listen_count; i++) {
		struct machine_listen *listen = &doctor->machine.listens[i];
		struct address near = address_near(&listen->address);

		if (listen->port == MACHINE_PORT_FREE)
			continue;
		delegation_contact(&doctor->inquiry, &near, &doctor->conf.zone.name, &doctor->trial,
		    listen->over_tcp ? DNS_CLIENT_TCP : 0, &listen->reply);
		if (doctor->answers_here == NULL &&
		    contact_judge(&listen->reply, NULL) == CONTACT_OURS && !listen->over_tcp) {
			doctor->here = near;
			doctor->answers_here = &doctor->here;
		}
		if (doctor->contacts.has_local || listen->port == MACHINE_PORT_TAKEN ||
		    contact_judge(&listen->reply, NULL) != CONTACT_OURS)
			continue;
		doctor->contacts.has_local = 1;
		doctor->contacts.local = listen->reply;
	}
}

static void
ask_world(struct doctor *doctor)
{
	struct contacts *contacts = &doctor->contacts;
	struct address_set set = {0};

	delegation_look(&doctor->inquiry, &doctor->delegation);
	delegation_addresses(&doctor->delegation, &set);
	dns_client_allow(&doctor->inquiry.client, INQUIRY_STAGE_MS);
	for (unsigned i = 0; i < set.count && contacts->count < CONTACTS; i++) {
		struct contact *contact = &contacts->contacts[contacts->count];
		struct address at = client_address_at(&set.addresses[i], INQUIRY_PORT);

		/* Of examples: nobody is there, and that is said elsewhere. */
		if (address_scope(&set.addresses[i]) == ADDRESS_DOCUMENTATION)
			continue;
		contacts->count++;
		contact->address = set.addresses[i];
		contact->is_here = address_set_has(&contacts->interfaces, &contact->address) ||
				   address_scope(&contact->address) == ADDRESS_LOOPBACK;
		delegation_contact(
		    &doctor->inquiry, &at, contacts->zone, &doctor->trial, 0, &contact->udp);
		delegation_contact(&doctor->inquiry, &at, contacts->zone, &doctor->trial,
		    DNS_CLIENT_TCP, &contact->tcp);
	}
}

/* The whole way that a CA goes. By now the value is there: nobody remembers that it is not. */
static void
ask_resolver(struct doctor *doctor)
{
	struct contacts *contacts = &doctor->contacts;

	contacts->resolver = doctor->delegation.resolver;
	dns_client_allow(&doctor->inquiry.client, INQUIRY_STAGE_MS);
	if (doctor->inquiry.has_resolver && doctor->delegation.search == DELEGATION_FOUND)
		contacts->resolver_value =
		    delegation_find_trial(&doctor->inquiry, &doctor->inquiry.resolver,
			contacts->zone, &doctor->trial, DNS_CLIENT_RECURSION);
	contacts->resolver_rcode = doctor->inquiry.answer.rcode;
	/* The server may have been started anew meanwhile. */
	if (doctor->trial.label[0] != '\0')
		check_trial(doctor);
}

static void
judge(const struct doctor *doctor, struct diagnosis *diagnosis)
{
	char title[NAME_MAX_TEXT + 32], zone[NAME_MAX_TEXT];

	diagnosis_begin(diagnosis, "This machine");
	machine_judge(&doctor->machine, contacts_have_ours(&doctor->contacts), diagnosis);
	(void)snprintf(title, sizeof(title), "The delegation of %s",
	    delegation_name(&doctor->conf.zone.name, zone));
	diagnosis_begin(diagnosis, title);
	delegation_judge(&doctor->delegation, diagnosis);
	diagnosis_begin(diagnosis, "Where the world asks");
	contacts_judge(&doctor->contacts, diagnosis);
	for (unsigned i = 0; i < doctor->challenge_count; i++) {
		const struct challenge *challenge = &doctor->challenges[i];

		(void)snprintf(title, sizeof(title), "The domain %s%s",
		    challenge->for_wildcard ? "*." : "", delegation_name(&challenge->domain, zone));
		diagnosis_begin(diagnosis, title);
		challenge_judge(challenge, diagnosis);
	}
}

static int
examine(struct doctor *doctor, const struct invocation *invocation, struct diagnosis *diagnosis)
{
	doctor->machine.config = invocation->config;
	machine_look(&doctor->conf, &doctor->machine);
	doctor->contacts.zone = &doctor->conf.zone.name;
	doctor->contacts.config = invocation->config;
	doctor->contacts.interfaces = doctor->machine.interfaces;
	doctor->delegation.zone = doctor->conf.zone.name;
	doctor->delegation.config = invocation->config;
	doctor->delegation.interfaces = doctor->machine.interfaces;
	delegation_configure(&doctor->delegation, &doctor->conf);
	ask_for_trial(doctor);
	if (leave_root() != 0)
		return -1;
	check_trial(doctor);
	ask_ourselves(doctor);
	ask_world(doctor);
	ask_resolver(doctor);
	for (unsigned i = 0; i < doctor->challenge_count; i++) {
		struct challenge *challenge = &doctor->challenges[i];

		challenge->zone = doctor->conf.zone.name;
		challenge->resolver = doctor->delegation.resolver;
		challenge_look(&doctor->inquiry, doctor->answers_here, challenge);
	}
	judge(doctor, diagnosis);
	return 0;
}

static int
print(const struct diagnosis *diagnosis, const struct invocation *invocation)
{
	unsigned columns, rows;
	int failed;

	terminal_size(&columns, &rows);
	failed = invocation_has(invocation, "json") ? diagnosis_print_json(diagnosis, stdout)
						    : diagnosis_print(diagnosis, columns, stdout);

	if (failed != 0)
		perror("sallyport: standard output");
	return failed != 0 || diagnosis_count(diagnosis, DIAGNOSIS_WRONG) > 0;
}

/* The configuration is there. */
static int
examine_and_print(struct doctor *doctor, const struct invocation *invocation)
{
	struct diagnosis *diagnosis = diagnosis_new();
	int code = 1;

	if (diagnosis == NULL)
		fputs("sallyport: no memory\n", stderr);
	else if (examine(doctor, invocation, diagnosis) == 0)
		code = print(diagnosis, invocation);
	diagnosis_free(diagnosis);
	return code;
}

/* Takes in what is to be looked at. 0, or -1 with a line on standard error. */
static int
take_arguments(struct doctor *doctor, const struct invocation *invocation)
{
	const char *resolver = invocation_value(invocation, "resolver");
	const char *domains[DOMAINS];
	unsigned count = invocation_values(invocation, "domain", domains, DOMAINS);

	if (inquiry_init(&doctor->inquiry, resolver) != 0) {
		fprintf(stderr,
		    "sallyport: --resolver: \"%s\" is no IP address, such as 9.9.9.9 or "
		    "[2620:fe::fe]:53\n",
		    resolver);
		return -1;
	}
	if (count > DOMAINS) {
		fprintf(stderr, "sallyport: --domain: at most %d at once\n", DOMAINS);
		return -1;
	}
	for (unsigned i = 0; i < count; i++) {
		if (challenge_set_domain(&doctor->challenges[i], domains[i]) == 0)
			continue;
		fprintf(stderr, "sallyport: --domain: \"%s\" is no domain, such as example.com\n",
		    domains[i]);
		return -1;
	}
	doctor->challenge_count = count;
	return 0;
}

int
doctor(const struct invocation *invocation)
{
	struct doctor *doctor = calloc(1, sizeof(*doctor));
	int code = COMMAND_USAGE_EXIT;

	if (doctor == NULL) {
		fputs("sallyport: no memory\n", stderr);
		return 1;
	}
	if (take_arguments(doctor, invocation) != 0)
		goto out;
	code = configuration_load(&doctor->conf, invocation->config);
	if (code != 0)
		goto out;
	code = invocation_has(invocation, "sandbox") ? sandbox_report(&doctor->conf)
						     : examine_and_print(doctor, invocation);
	conf_free(&doctor->conf);
out:
	free(doctor);
	return fflush(stdout) != 0 ? 1 : code;
}
