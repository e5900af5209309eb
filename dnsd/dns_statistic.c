#include "dns_statistic.h"

#include "dns.h"

/* An IPv6 socket may hold a v4-mapped client; of that its four bytes are told. */
static enum statistic
transport_of(const struct answer_client *client)
{
	int is_v6 = client->address_length == 16;

	if (client->transport == ANSWER_UDP)
		return is_v6 ? STATISTIC_DNS_UDP6 : STATISTIC_DNS_UDP4;
	return is_v6 ? STATISTIC_DNS_TCP6 : STATISTIC_DNS_TCP4;
}

static enum statistic
type_of(uint16_t type)
{
	switch (type) {
	case 0:
		return STATISTIC_DNS_TYPE_NONE;
	case DNS_TYPE_A:
		return STATISTIC_DNS_TYPE_A;
	case DNS_TYPE_NS:
		return STATISTIC_DNS_TYPE_NS;
	case DNS_TYPE_CNAME:
		return STATISTIC_DNS_TYPE_CNAME;
	case DNS_TYPE_SOA:
		return STATISTIC_DNS_TYPE_SOA;
	case DNS_TYPE_PTR:
		return STATISTIC_DNS_TYPE_PTR;
	case DNS_TYPE_MX:
		return STATISTIC_DNS_TYPE_MX;
	case DNS_TYPE_TXT:
		return STATISTIC_DNS_TYPE_TXT;
	case DNS_TYPE_AAAA:
		return STATISTIC_DNS_TYPE_AAAA;
	case DNS_TYPE_SRV:
		return STATISTIC_DNS_TYPE_SRV;
	case DNS_TYPE_DS:
		return STATISTIC_DNS_TYPE_DS;
	case DNS_TYPE_DNSKEY:
		return STATISTIC_DNS_TYPE_DNSKEY;
	case DNS_TYPE_HTTPS:
		return STATISTIC_DNS_TYPE_HTTPS;
	case DNS_TYPE_ANY:
		return STATISTIC_DNS_TYPE_ANY;
	case DNS_TYPE_CAA:
		return STATISTIC_DNS_TYPE_CAA;
	default:
		return STATISTIC_DNS_TYPE_OTHER;
	}
}

static enum statistic
rcode_of(uint16_t rcode)
{
	switch (rcode) {
	case DNS_RCODE_NOERROR:
		return STATISTIC_DNS_RCODE_NOERROR;
	case DNS_RCODE_FORMERR:
		return STATISTIC_DNS_RCODE_FORMERR;
	case DNS_RCODE_SERVFAIL:
		return STATISTIC_DNS_RCODE_SERVFAIL;
	case DNS_RCODE_NXDOMAIN:
		return STATISTIC_DNS_RCODE_NXDOMAIN;
	case DNS_RCODE_NOTIMP:
		return STATISTIC_DNS_RCODE_NOTIMP;
	case DNS_RCODE_REFUSED:
		return STATISTIC_DNS_RCODE_REFUSED;
	case DNS_RCODE_NOTAUTH:
		return STATISTIC_DNS_RCODE_NOTAUTH;
	case DNS_RCODE_BADVERS:
		return STATISTIC_DNS_RCODE_BADVERS;
	case DNS_RCODE_BADCOOKIE:
		return STATISTIC_DNS_RCODE_BADCOOKIE;
	default:
		return STATISTIC_DNS_RCODE_OTHER;
	}
}

void
dns_statistic_count(struct statistic_counters *counters, const struct answer_client *client,
    const struct answer_outcome *outcome)
{
	statistic_count(counters, transport_of(client));
	statistic_count(counters, type_of(outcome->type));
	statistic_count(counters, rcode_of(outcome->rcode));
	statistic_count(counters, STATISTIC_DNS_COOKIE_NONE + (outcome->cookie - COOKIE_NONE));
	statistic_add(counters, STATISTIC_DNS_NODATA, outcome->class == ANSWER_NODATA);
	statistic_add(counters, STATISTIC_DNS_EDNS, outcome->has_edns);
	statistic_add(counters, STATISTIC_DNS_TRUNCATED, outcome->is_truncated);
}
