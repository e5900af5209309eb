"""
The zone that all three servers are asked about: records of many types, wildcards, empty non-terminals,
CNAMEs of every kind, and names that Sallyport learns through its API and the others from their file.
"""

import dns.name
import dns.rdatatype
import sallyport

ZONE = "auth.example.org"
TTL = 300
NEGATIVE_TTL = 60
TXT_TTL = 1
ACCOUNTS = 12
# Below a name that the API made and that has no values yet; nobody asks for it. A zone file can say
# "exists without records" only by a name below.
PROOF = "proof-of-existence"

WORDS = "the quick brown fox jumps over the lazy dog and comes back for a second helping of it "

# The name of a host as data that Knot, which has no MB records, reads as well.
MAIL = "\\# 23 " + (b"\4mail" + dns.name.from_text(ZONE).to_wire()).hex()

FIXED = [
    "@ NS ns1", "@ NS ns2", "@ NS ns.elsewhere.test.",
    "@ A 198.51.100.1", "@ AAAA 2001:db8::1", "@ MX 10 mail", "@ MX 20 mail.elsewhere.test.",
    '@ TXT "apex"', '@ CAA 0 issue "ca.example.net"',
    "ns1 A 198.51.100.11", "ns1 AAAA 2001:db8::11", "ns2 A 198.51.100.12",
    "mail A 198.51.100.25", "mail AAAA 2001:db8::25", "mail MX 5 mail",
    # One of each type
    'texts TXT "One" "two with blanks" "" "q\\"uote and \\\\ and \\000\\255"',
    'single TXT single-word', 'UPPER TXT "Case KEPT"', "upper-target CNAME MAIL",
    '_sip._tcp SRV 10 5 5060 mail', '_sip._tcp SRV 20 5 5060 sip.elsewhere.test.',
    'caa CAA 0 issue "ca.example.net; accounturi=https://ca.example.net/acct/1"',
    'caa CAA 128 iodef "mailto:security@example.net"',
    f"_443._tcp.www TLSA 3 1 1 {'ab' * 32}",
    f"www SSHFP 4 2 {'cd' * 32}", "www A 198.51.100.80", "www AAAA 2001:db8::80",
    'www HTTPS 1 . alpn="h2,h3" ipv4hint=198.51.100.80 port=8443', "www SVCB 0 mail",
    'naptr NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.net!" .',
    "ptr PTR www", 'hinfo HINFO "PDP-11" "UNIX"', "rp RP hostmaster texts",
    "loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000.00m 10.00m",
    'uri URI 10 1 "https://example.net/"', "future TYPE65400 \\# 4 deadbeef",
    f"dnskeyish DNSKEY 256 3 13 {'A' * 86}==",
    "afsdb AFSDB 1 mail", "kx KX 1 mail", f"mb TYPE7 {MAIL}", "rt RT 1 mail", "minfo MINFO mail www",
    "sub MX 1 mx.sub", "sub MX 2 mail.sub", "mail.sub A 198.51.100.26", "wildmx MX 1 any.wild",
    # Escapes and odd labels
    "dot\\.ted A 198.51.100.31", "odd\\000\\255label A 198.51.100.32", "_under_score A 198.51.100.33",
    f"{'x' * 63} A 198.51.100.34", f"{'y' * 63}.{'y' * 63}.{'y' * 63} A 198.51.100.35",
    "1.2.3.4.5.6.7.8.9.a.b.c.d.e.f A 198.51.100.36",
    # Empty non-terminals, a name at two depths, names below records
    "leaf.ent A 198.51.100.41", "deep.er.ent TXT deep", "a.b.c.d TXT depth", "c.d A 198.51.100.42",
    "below.www TXT below",
    # Wildcards: plain, with an exception, at two depths, with a CNAME, asterisks where they mean nothing
    "*.wild TXT wildcard", "*.wild A 198.51.100.51", "*.wild MX 10 mail", "here.wild A 198.51.100.52",
    "leaf.ent.wild A 198.51.100.53", "*.deep.wild TXT deeper", "*.wildname CNAME www",
    "*.wildgone CNAME nowhere", "*.wildout CNAME outside.elsewhere.test.", "literal.*.star A 198.51.100.54",
    "a*b.star TXT no-wildcard", "*.wildself CNAME x.wildself",
    # CNAMEs
    "alias CNAME www", "alias2 CNAME alias", "alias3 CNAME alias2", "dangling CNAME nowhere",
    "outside CNAME www.elsewhere.test.", "to-ent CNAME ent", "to-wild CNAME any.wild",
    "to-apex CNAME @", "to-dynamic CNAME {dynamic}", "to-empty CNAME {empty}",
    "to-below-dynamic CNAME below.{dynamic}", "loop-a CNAME loop-b", "loop-b CNAME loop-a",
    "myself CNAME myself", "to-wildname CNAME some.wildname", "to-outside CNAME outside",
    "*.chain.wild CNAME any.wild",
]
FIXED += [f"chain{i} CNAME chain{i + 1}" for i in range(11)] + ["chain11 A 198.51.100.61"]
# Sets around each size that matters: 512, 1232, 4096.
FIXED += [f"medium A 203.0.113.{i}" for i in range(1, 29)]
FIXED += [f"just A 203.0.113.{i}" for i in range(1, 75)]
FIXED += [f'large TXT "{i:02} {WORDS * 2}"' for i in range(20)]
FIXED += [f'long TXT "{WORDS}" "{WORDS[::-1]}"', f'huge TXT "{(WORDS * 3)[:255]}"'] + \
         [f'huge TXT "{i:03}{(WORDS * 3)[:250]}" "{(WORDS * 3)[:255]}"' for i in range(16)]
FIXED += [f"many MX {i} mail{i}" for i in range(30)] + [f"mail{i} A 192.0.2.{i}" for i in range(30)]
FIXED += [f"far MX {i} mx{i}.{'ab'[i % 2]}.elsewhere.test." for i in range(60)]
# What covers every name that is not there; for a zone of its own.
AT_APEX = ['* TXT "whatever you ask"', "* MX 10 mail", "* A 198.51.100.99", "apexmx MX 10 covered"]


def parts(record):
    """Owner, type and data; the owner and every in-zone name absolute."""
    owner, kind, data = record.split(" ", 2)
    return absolute(owner), kind, data


def absolute(owner):
    return f"{ZONE}." if owner == "@" else f"{owner}.{ZONE}."


# Types whose data ends in a name, or in two.
NAMING = {"NS": 1, "MX": 1, "CNAME": 1, "PTR": 1, "SRV": 1, "RP": 2, "SVCB": 1, "AFSDB": 1, "KX": 1,
          "RT": 1, "MINFO": 2}


def line(record, **names):
    """One record as both kinds of server read it: everything absolute, the TTL said."""
    owner, kind, data = parts(record)
    words = data.format(**names).split(" ") if "{" in data else data.split(" ")
    for i in range(-NAMING.get(kind, 0), 0):
        words[i] = words[i] if words[i].endswith(".") else absolute(words[i])
    return f"{owner} {TTL} IN {kind} {' '.join(words)}"


class Zone:
    """
    The served zone: `lines` for Sallyport's configuration, `text()` for the others' zone files. `more` are
    records beside the fixed ones.
    """

    def __init__(self, more=()):
        self.records = [*FIXED, *more]
        self.dynamic = {}  # label to its values
        self.lines = []

    def configuration(self):
        return {"name": ZONE, "nameserver": f"ns1.{ZONE}", "admin": "hostmaster@example.org",
                "records": self.lines, "txt_ttl": TXT_TTL, "negative_ttl": NEGATIVE_TTL}

    def register(self, server):
        """Accounts without values, with one and with two; then the names to point CNAMEs at."""
        for i in range(ACCOUNTS):
            account = server.register()
            self.dynamic[account["subdomain"]] = [server.set_value(account, sallyport.random_txt())
                                                  for _ in range(i % 3)]
        by_count = {len(values): label for label, values in self.dynamic.items()}
        self.lines = [line(record, dynamic=by_count[2], empty=by_count[0]) for record in self.records]

    def names(self):
        """Every name that owns something, those that the API made last; all end in a dot."""
        fixed = [parts(record)[0] for record in self.records]
        return sorted(set(fixed)) + [absolute(label) for label in self.dynamic]

    def owned(self):
        """What can be asked for of the fixed names: [(name, type)]."""
        found = {parts(record)[:2] for record in self.records}
        return [(name, dns.rdatatype.from_text(kind)) for name, kind in sorted(found)]

    def text(self, soa):
        """A zone file with `soa` as the other server gave it."""
        lines = [f"$ORIGIN .\n{ZONE}. 3600 IN SOA {soa}"] + self.lines
        for label, values in self.dynamic.items():
            lines += [f'{label}.{ZONE}. {TXT_TTL} IN TXT "{value}"' for value in values]
            if not values:
                lines.append(f'{PROOF}.{label}.{ZONE}. {TXT_TTL} IN TXT "x"')
        return "\n".join(lines) + "\n"
