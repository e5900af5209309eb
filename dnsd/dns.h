/* Numbers of the DNS protocol that more than one module here needs (RFC 1035, 6891, 6895). */
#ifndef DNSD_DNS_H
#define DNSD_DNS_H

enum {
	DNS_HEADER = 12,       /* RFC 1035, 4.1.1 */
	DNS_OPT_RECORD = 11,   /* an OPT record without options (RFC 6891, 6.1.2) */
	DNS_RECORD_FIXED = 10, /* type, class, TTL and rdata length of a record */
	DNS_MIN_UDP = 512,     /* what every requestor takes (RFC 1035, 4.2.1) */
	DNS_MAX_MESSAGE = 65535
};

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_MD = 3,
	DNS_TYPE_MF = 4,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_MB = 7,
	DNS_TYPE_MG = 8,
	DNS_TYPE_MR = 9,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_MINFO = 14,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AFSDB = 18,
	DNS_TYPE_RT = 21,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_SRV = 33,
	DNS_TYPE_KX = 36,
	DNS_TYPE_OPT = 41,
	DNS_TYPE_DS = 43,
	DNS_TYPE_DNSKEY = 48,
	DNS_TYPE_HTTPS = 65,
	DNS_TYPE_TKEY = 249,
	DNS_TYPE_TSIG = 250,
	DNS_TYPE_IXFR = 251,
	DNS_TYPE_AXFR = 252,
	DNS_TYPE_ANY = 255,
	DNS_TYPE_CAA = 257
};

enum dns_class { DNS_CLASS_IN = 1, DNS_CLASS_CHAOS = 3, DNS_CLASS_ANY = 255 };

enum dns_opcode { DNS_OPCODE_QUERY = 0 };

enum dns_rcode {
	DNS_RCODE_NOERROR = 0,
	DNS_RCODE_FORMERR = 1,
	DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3,
	DNS_RCODE_NOTIMP = 4,
	DNS_RCODE_REFUSED = 5,
	DNS_RCODE_NOTAUTH = 9,
	/* Their upper bits stand in the OPT record (RFC 6891, 6.1.3). */
	DNS_RCODE_BADVERS = 16,
	DNS_RCODE_BADCOOKIE = 23
};

/* Bits of the header's third byte, and the rcode's of the fourth. */
enum {
	DNS_BIT_QR = 0x80,
	DNS_BIT_AA = 0x04,
	DNS_BIT_TC = 0x02,
	DNS_BIT_RD = 0x01,
	DNS_MASK_OPCODE = 0x78,
	DNS_MASK_RCODE = 0x0f
};

/* The OPT record's flag that is copied into the answer (RFC 3225). */
enum { DNS_EDNS_DO = 0x8000 };

#endif
