/*
 * From the text of one value to its field in struct conf. Each function reads one scalar, or one
 * item of a list, and reports what is wrong with it at its place.
 */
#ifndef COMMON_CONF_VALUE_H
#define COMMON_CONF_VALUE_H

#include "conf.h"
#include "conf_report.h"

/* What an item of a list of addresses says beside its address. */
struct conf_item {
	unsigned protocols; /* of dns.listen; 0: those of all */
	int tls;	    /* of api.listen; -1: not said */
	struct conf_place tls_place;
	int proxy; /* of api.listen: begins with a PROXY header */
	struct conf_place proxy_place;
};

/* While a file is being read. */
struct conf_loading {
	struct conf *conf;
	struct conf_report *report;
	char *folder;		      /* absolute, of the file: where relative paths begin */
	int as_root;		      /* 0 or 1 */
	int is_confined;	      /* nothing may be asked of the system */
	struct conf_item item;	      /* the one being read */
	struct conf_place tls_wanted; /* by the first item of api.listen; line 0: by none */
	/* By the first items with a PROXY header, of TCP and of a Unix socket; likewise. */
	struct conf_place networks_wanted, local_wanted;
	int zone_missing; /* zone.name is not there at all */
	int zone_known;	  /* zone.name was read: the rest of the zone can be checked against it */
};

/* One scalar as it stands in the file; or a default, which has the place where it is missing. */
struct conf_value {
	const char *text;
	int quoted; /* a text even where it looks like a number */
	struct conf_place place;
};

struct conf_key;

/* Reads the value into loading->conf, or reports why not. */
typedef void conf_setter(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value);

#define CONF_RESTART(ROLE) (1U << (ROLE))
#define CONF_RESTART_ALL                                                                           \
	(CONF_RESTART(CONF_ROLE_STORE) | CONF_RESTART(CONF_ROLE_DNSD) |                            \
	    CONF_RESTART(CONF_ROLE_APID))

/* One row of the schema. */
struct conf_key {
	const char *path; /* "zone.name" */
	conf_setter *set;
	/*
	 * The default as it could stand in the file, items of a list with blanks between them. NULL:
	 * see `from_zone`.
	 */
	const char *initial;
	const char *from_zone; /* the default is this with the zone's name behind; NULL: required */
	size_t offset; /* of the field in struct conf, where the setter serves several keys */
	uint32_t minimum, maximum; /* of a number; of a text: bytes; of a size: MiB */
	int is_list;
	int is_secret;	  /* a value is never repeated in a message */
	int may_be_empty; /* of a list */
	unsigned restart; /* CONF_RESTART bits of the daemons that use it only when they start */
	/* Of a list whose items may be groups of keys: `item_key_count` rows, the first required. */
	const struct conf_key *item_keys;
	size_t item_key_count;
	const char *form; /* what a value looks like, for messages */
};

conf_setter conf_set_zone_name, conf_set_nameserver, conf_set_admin, conf_set_record;
conf_setter conf_set_number, conf_set_size, conf_set_ttl, conf_set_workers, conf_set_switch,
    conf_set_protocol;
conf_setter conf_set_dns_listen, conf_set_listen_protocol, conf_set_api_listen, conf_set_network;
conf_setter conf_set_metrics_listen;
conf_setter conf_set_trusted_proxy, conf_set_forwarded_header, conf_set_origin, conf_set_base_url;
conf_setter conf_set_registration;
conf_setter conf_set_listen_tls, conf_set_listen_proxy;
conf_setter conf_set_serial, conf_set_text, conf_set_cookie_secret;
conf_setter conf_set_path, conf_set_user, conf_set_group, conf_set_log_level, conf_set_log_format;

/* What the setters share: */

/* The field that the key's offset points to. */
void *conf_value_field(const struct conf_loading *loading, const struct conf_key *key);

/* 0 or 1; -1 with a message: it is neither `true` nor `false`. */
int conf_value_switch(
    struct conf_loading *loading, const struct conf_key *key, const struct conf_value *value);

/* Decimal digits without a leading zero, at most 18. -1 if the text is something else. */
int64_t conf_value_number(const char *text);

/* The path, from the file's folder on, malloc'd. NULL: out of memory. */
char *conf_value_absolute(const struct conf_loading *loading, const char *path);

/*
 * 1 if the text is what a browser may send as Origin (RFC 6454, 6.2): "scheme://host" or
 * "scheme://host:port" in lower case, the scheme's own port left out, at most CONF_MAX_ORIGIN bytes.
 */
int conf_is_origin(const char *text);

/* 1 if an address of api.listen speaks TLS unless it says otherwise. */
int conf_api_speaks_tls(const struct conf *conf, const struct address *address);

/* The words of the enums, for printing. */
const char *conf_registration_word(enum conf_registration registration);
const char *conf_log_level_word(enum log_level level);
const char *conf_log_format_word(enum log_format format);
const char *conf_forwarded_word(enum conf_forwarded header);

#endif
