/*
 * The configuration file: etc/sallyport.yaml read, checked and made absolute.
 *
 * Everything is checked in one pass and every mistake is kept, each with its place
 * and what was probably meant, so that one run shows them all.
 */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include "address.h"
#include "conf_report.h"
#include "log.h"
#include "name.h"
#include "records.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define CONF_DEFAULT_PATH "/etc/sallyport/sallyport.yaml"

enum {
	CONF_MAX_FILE = 1024 * 1024, /* bytes of a configuration file */
	CONF_MAX_LISTEN = 64,	     /* addresses of one list */
	CONF_MAX_NETWORKS = 64,	     /* networks of one list */
	CONF_MAX_ORIGINS = 64,	     /* origins of one list */
	CONF_MAX_ORIGIN = 255,	     /* bytes of one */
	CONF_MAX_WORKERS = 64,
	CONF_MAX_VALUES = 16,
	CONF_MIN_TXT =
	    43, /* characters of a DNS-01 value (RFC 8555, 8.4); other texts are longer */
	CONF_MAX_TXT = 1024,
	CONF_MAX_MAP = 16 * 1024 * 1024, /* MiB of the database's map: 16 TiB */
	CONF_COOKIE_SECRET = 16,	 /* bytes (RFC 9018, 4.4) */
	CONF_MAX_COOKIE_SECRETS = 2,
	CONF_EXIT = 78 /* EX_CONFIG of sysexits.h: exit code of a configuration error */
};

enum { CONF_PROTOCOL_UDP = 1, CONF_PROTOCOL_TCP = 2 };

/* The header in which proxies say who asked them. */
enum conf_forwarded { CONF_X_FORWARDED_FOR, CONF_FORWARDED };

/* The processes that the configuration names a user for. */
enum conf_role { CONF_ROLE_STORE, CONF_ROLE_DNSD, CONF_ROLE_APID, CONF_ROLES };

struct conf_user {
	char *name; /* as written: a name or a number */
	uid_t uid;  /* resolved only when running as root; otherwise our own */
	gid_t gid;  /* of a name: its primary group; of a number: the same number */
};

struct conf_group {
	char *name; /* as written: a name or a number */
	int found;  /* 0: there is none of this name, or we do not run as root and did not look */
	gid_t gid;  /* where it was found */
};

struct conf_listen {
	struct address *addresses; /* owned */
	size_t count;
};

struct conf_networks {
	struct network *networks; /* owned */
	size_t count;
};

struct conf_origins {
	char **texts; /* owned, as are the texts: "https://www.example.org", or "*" for all */
	size_t count;
};

struct conf_cookies {
	int enabled;
	unsigned secret_count; /* 0: random ones; the first makes cookies, all are believed */
	uint8_t secrets[CONF_MAX_COOKIE_SECRETS][CONF_COOKIE_SECRET];
};

/* Who may register. */
enum conf_registration {
	CONF_REGISTRATION_OPEN,
	CONF_REGISTRATION_CLOSED,
	CONF_REGISTRATION_TOKEN /* whoever has a token */
};

struct conf {
	char *file;	  /* as it was named, for messages */
	int zone_missing; /* 1: zone.name is not there; told also where there are errors */
	int memory_short; /* 1: memory was short when it was read: nothing is known of the file */
	uint64_t environment; /* conf_environment_digest() of what the environment has set */
	size_t *
	    lines; /* owned: of each key of the schema its line, of the file or beyond; 0: default */
	struct {
		struct name name;	/* lower case */
		struct name nameserver; /* SOA MNAME; default: the zone's name */
		struct name admin;	/* SOA RNAME; default: hostmaster.<zone> */
		struct record_list records;
		uint32_t txt_ttl;	  /* seconds, 0 to 2147483647 (RFC 2181, 8) */
		uint32_t negative_ttl;	  /* seconds, likewise */
		uint32_t serial;	  /* 0: made of the time of the start */
		uint32_t values_per_name; /* 2 to CONF_MAX_VALUES */
		uint32_t value_lifetime;  /* seconds that a value is served; 0: for ever */
		uint32_t txt_max;	  /* CONF_MIN_TXT to CONF_MAX_TXT bytes of a value */
	} zone;
	struct {
		struct conf_listen listen;
		unsigned protocols;			   /* CONF_PROTOCOL_* bits */
		uint8_t listen_protocols[CONF_MAX_LISTEN]; /* likewise, of each of `listen` */
		unsigned workers;	/* 1 to CONF_MAX_WORKERS; auto: the cores we may use */
		uint32_t socket_buffer; /* bytes, to receive and to send; 0: the kernel's */
		struct {
			uint32_t responses_per_second; /* of all workers; 0: no limit */
			uint32_t slip;		       /* every n-th is cut; 0: none */
			struct conf_networks exempt;
		} rate_limit;
		struct {
			uint32_t connections;		  /* of one worker */
			uint32_t connections_per_address; /* likewise */
			uint32_t idle_timeout;		  /* seconds */
			uint32_t lifetime;		  /* seconds */
		} tcp;
		uint32_t edns_size; /* bytes of the largest datagram sent */
		struct conf_cookies cookies;
		char *nsid; /* NULL: not told; so are the following */
		struct {
			char *version, *hostname, *id;
		} identity;
	} dns;
	struct {
		struct conf_listen listen;
		int disable_registration; /* acme-dns's: the call is not there at all */
		enum conf_registration registration;
		struct conf_networks registration_from; /* empty: from anywhere */
		uint32_t registration_cap;		/* accounts; 0: any number */
		struct {
			uint32_t registrations_per_hour; /* of one address; 0: no limit */
			uint32_t failures_per_minute;	 /* likewise: keys that do not fit */
			struct conf_networks exempt;
		} limits;
		struct {
			struct conf_networks networks;
			int local; /* so are those behind a Unix socket */
		} trusted_proxies;
		enum conf_forwarded forwarded_header;
		struct conf_origins cors_origins;
		uint8_t listen_tls[CONF_MAX_LISTEN];   /* 1: speaks TLS; of each of `listen` */
		uint8_t listen_proxy[CONF_MAX_LISTEN]; /* 1: begins with a PROXY header; likewise */
		struct {
			char *certificate, *key; /* absolute; both NULL: no TLS */
			struct conf_place certificate_place, key_place;
		} tls;
		uint32_t hsts;	/* seconds; 0: not said */
		char *base_url; /* owned: "https://auth.example.org/acme"; NULL: not told */
		int empty_txt_clears;
		int page; /* 1: there is a page for people at "/" */
	} api;
	struct {
		struct conf_listen listen; /* TCP; none: there are no metrics */
	} metrics;
	struct {
		char *path;	   /* absolute */
		uint64_t map_size; /* bytes of the database's map at first; all three in bytes */
		uint64_t map_max;  /* how far it may grow */
		uint64_t reserve;  /* room below which nobody registers; 0: that is not looked at */
	} store;
	struct {
		struct conf_user users[CONF_ROLES];
		char *runtime_dir; /* absolute */
	} privsep;
	struct {
		struct conf_group group; /* who may administer besides root */
	} control;
	struct {
		enum log_level level;
		enum log_format format;
		int audit; /* what clients changed is logged */
	} log;
};

/* "store", "dnsd", "apid". */
const char *conf_role_name(enum conf_role role);

/*
 * Reads `path` into `conf`, and over it what our environment sets (conf_environment.h), writing one line per mistake or
 * warning to `messages`:
 *     FILE:LINE:COLUMN: error: what is wrong; what was probably meant
 *     environment SALLYPORT_ZONE_TXT_TTL: error: likewise
 * CONF_DEFAULT_PATH need not be there where the environment sets zone.name.
 * `as_root` decides whether users are looked up and must differ. Relative paths are taken
 * from the file's folder. Returns the number of errors: 0 means that `conf` is complete and
 * to be freed with conf_free(); otherwise it holds nothing but `zone_missing` and `memory_short`. A file that cannot be read is
 * one error that names the file and the cause.
 */
int conf_load(struct conf *conf, const char *path, int as_root, FILE *messages);

/* What a program ends with that could not load it: CONF_EXIT, or 1 where the file has no fault, and to try again may help. */
int conf_exit_code(const struct conf *conf);

/* For `as_root`: neither, and nothing is asked of the system. Users keep uid and gid 0, for the caller to fill in. */
enum { CONF_CONFINED = -1 };

/*
 * The same from memory: `text` is `length` bytes, `path` only names it and gives the folder. `environment` is as environ(7)
 * has it; conf_parse() looks at none.
 */
int conf_parse_over(struct conf *conf, const char *text, size_t length, const char *path,
    char *const *environment, int as_root, FILE *messages);
int conf_parse(struct conf *conf, const char *text, size_t length, const char *path, int as_root,
    FILE *messages);

/* Prints the effective configuration as YAML that conf_load() reads back to the same. */
void conf_print(const struct conf *conf, FILE *out);

void conf_free(struct conf *conf);

#endif
