"""
Where the answers may differ, and why. Everything else that differs is a failure.

A Difference names the peer, the parts of an answer that it explains, and the condition on the
question, our answer and theirs under which it does so.
"""

import struct
from dataclasses import dataclass
from typing import Callable

import answers

FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, NOTAUTH, BADVERS, BADCOOKIE = 1, 2, 3, 4, 5, 9, 16, 23
AA, TC, RD = 0x400, 0x200, 0x100
MB, AFSDB, RT, KX = 7, 18, 21, 36
NS, CNAME, SOA, MX, OPT, TKEY, TSIG, IXFR, AXFR, ANY = 2, 5, 6, 15, 41, 249, 250, 251, 252, 255
NSID, EXPIRE, COOKIE, KEEPALIVE, ERROR = 3, 9, 10, 11, 15
CHAOS, ANY_CLASS = 3, 255

# The parts of an answer; an EDNS option is a part of its own, "option N".
PARTS = ("rcode", "flags", "question", "answer", "authority", "additional", "edns")
ALL = frozenset({"all"})  # explains every part, silence, and what is malformed
SECTIONS = frozenset({"answer", "authority", "additional"})


@dataclass
class Query:
    """What a question is, read leniently and apart from any server's code."""
    wire: bytes
    transport: str
    flags: int = 0
    opcode: int = 0
    counts: tuple = ()
    name: bytes | None = None  # lower case; None: not readable
    type: int = 0
    rdclass: int = 0
    question: bytes = b""
    opts: int = 0  # OPT records among those that can be read
    signed: int = 0  # 1: a TSIG record as it should be, and the last
    size: int = 512
    version: int = 0
    options: tuple | None = ()  # None: an option is cut off
    whole: bool = False  # as many records as the header says, and nothing behind them

    @property
    def fault(self):
        """A message that a strict reader refuses (the issue's gates), whatever it asks."""
        return (not self.whole or self.counts[0] != 1 or self.flags & 15 != 0 or self.name is None
                or self.counts[1] != 0 or (self.options is None and self.version == 0)
                or self.opts + self.signed != self.counts[3]
                or self.opts > 1 or (self.counts[2] != 0 and self.type != IXFR))

    @property
    def meta(self):
        return self.type in (OPT, TKEY, TSIG)

    def has(self, code):
        return self.options is not None and any(option == code for option, _ in self.options)

    @property
    def cookie_alone(self):
        """A message without a question that asks for a cookie (RFC 7873, 5.4)."""
        return self.counts[0] == 0 and self.cookie is not None

    @property
    def cookie(self):
        """The cookie option's data; None without."""
        return next((data for code, data in self.options or () if code == COOKIE), None)


def read_query(wire, transport):
    query = Query(wire, transport)
    if len(wire) < 12:
        return query
    flags, *counts = struct.unpack_from("!HHHHH", wire, 2)
    query.flags, query.opcode, query.counts = flags, flags >> 11 & 15, tuple(counts)
    offset = 12
    try:
        for number in range(counts[0]):
            if wire[offset] >= 0xc0:
                raise answers.Malformed("compressed")
            name, end = answers.read_name(wire, offset)
            if end + 4 > len(wire) or len(name) != end - offset:
                raise answers.Malformed("cut off or compressed")
            if number == 0:
                query.name = name
                query.type, query.rdclass = struct.unpack_from("!HH", wire, end)
                query.question = wire[12:end + 4]
            offset = end + 4
        for _ in range(sum(counts[1:])):
            query.signed = 0
            start = offset
            (_, kind, size, ttl, data), offset = answers.read_record(wire, offset)
            if kind == TSIG and size == ANY_CLASS and ttl == 0:
                query.signed = int(is_tsig_data(wire[offset - len(data):offset]))
            # Its owner is one byte, not a pointer to one (RFC 6891, 6.1.2).
            if kind == OPT and wire[start] == 0:
                query.opts += 1
                query.size, query.version = max(size, 512), ttl >> 16 & 255
                query.options = read_options(data)
        query.whole = offset == len(wire)
    except (answers.Malformed, IndexError):
        pass
    return query


def is_tsig_data(data):
    """Whether that is a TSIG record's data to the last byte (RFC 8945, 4.2)."""
    try:
        name, offset = answers.read_name(data, 0)
        after_mac = offset + 10 + struct.unpack_from("!H", data, offset + 8)[0]
        return len(name) == offset and \
            len(data) == after_mac + 6 + struct.unpack_from("!H", data, after_mac + 4)[0]
    except (answers.Malformed, struct.error):
        return False


def read_options(data):
    """An OPT record's options; None: one is cut off."""
    try:
        return answers.read_options(data)
    except answers.Malformed:
        return None


@dataclass(frozen=True)
class Difference:
    name: str
    peer: str
    parts: frozenset
    when: Callable
    reason: str


def parts_that_differ(ours, theirs):
    """The names of what is not equal in two answers, None being silence."""
    if ours is None or theirs is None:
        return set() if ours is theirs else {"silence"}
    if isinstance(ours, answers.Broken) or isinstance(theirs, answers.Broken):
        return {"form"}
    parts = {part for part in PARTS if getattr(ours, part) != getattr(theirs, part)}
    parts |= {f"option {code}" for code, _ in set(ours.like_options) ^ set(theirs.like_options)}
    if ours.flags & theirs.flags & TC:
        parts -= SECTIONS  # a truncated answer is not used (RFC 2181, 9)
    return parts


def option_part(code):
    return frozenset({f"option {code}"})


def failed(answer):
    return answer is not None and answer.rcode not in (0, NXDOMAIN)


def positive(answer):
    return answer is not None and answer.rcode == 0 and len(answer.answer) > 0


def extra(theirs, ours):
    return [record for record in theirs if record not in ours]


def types(records):
    return {record[1] for record in records}


def theirs_alone(ours, theirs):
    """Additional records that only they have, but for addresses of their authority's servers."""
    return [record for record in extra(theirs.additional, ours.additional) if not is_of_authority(record, theirs)]


def is_of_authority(record, answer):
    """Whether it is an address of a server that the answer's authority names."""
    return record[0] in [server[4] for server in answer.authority]


def room(query, answer):
    """Bytes left in a datagram."""
    return min(query.size, 1232) - len(answer.wire)


def one_rrset(answer):
    return len({record[:2] for record in answer.answer}) == 1


def key_and_error(record):
    """Of a TSIG record all but fudge and original id."""
    return record[:4] + (record[4][:-10], record[4][-8:-6], record[4][-4:])


def in_both(*names_parts_when_reason):
    name, parts, when, reason = names_parts_when_reason
    return [Difference(name, peer, parts, when, reason) for peer in ("NSD", "Knot")]


INTENDED = [
    # --- messages that are no questions ---
    Difference(
        "NSD closes short streams", "NSD", ALL,
        lambda query, ours, theirs: theirs is None and query.transport == "tcp" and len(query.wire) < 17
        and failed(ours),
        "NSD ends a connection on a message that is shorter than a header and the shortest question; Sallyport "
        "says FORMERR, as over UDP (RFC 7766, 8, has no rule for it)."),
    *in_both(
        "strict format", ALL,
        lambda query, ours, theirs: query.fault and query.opcode == 0 and ours is not None
        and ours.rcode == FORMERR,
        "What is not exactly one question and at most one OPT record is FORMERR (RFC 1035, 4.1.1; RFC 6891, "
        "6.1.1; RFC 9619). NSD overlooks bytes behind a message without OPT, Knot records and rcodes."),
    Difference(
        "NSD's errors are bare", "NSD", frozenset({"question", "flags", "edns"}),
        lambda query, ours, theirs: failed(ours) and failed(theirs),
        "NSD leaves question, RD and OPT away from many errors; Sallyport repeats what could be read "
        "(RFC 1035, 4.1.1)."),
    Difference(
        "Knot's errors are bare", "Knot", frozenset({"question", "flags", "edns"}),
        lambda query, ours, theirs: failed(ours) and failed(theirs) and (
            query.fault or query.opcode != 0),
        "Knot leaves OPT away from FORMERR, and gives one with NOTIMP."),
    *in_both(
        "opcodes", ALL,
        lambda query, ours, theirs: query.opcode != 0 and ours is not None and ours.rcode == NOTIMP,
        "Whatever is not QUERY is NOTIMP before anything else is looked at (RFC 1035, 4.1.1). NSD refuses "
        "NOTIFY by its access lists (REFUSED, NXDOMAIN), Knot NOTIFY and UPDATE as NOTAUTH, "
        "and both look at the question first."),
    # --- signatures ---
    Difference(
        "Knot's TSIG", "Knot", frozenset({"additional"}),
        lambda query, ours, theirs: query.signed and ours.rcode == theirs.rcode == NOTAUTH
        and (not theirs.additional
             or key_and_error(ours.additional[0]) == key_and_error(theirs.additional[0])),
        "Knot 3.4 leaves TSIG away, which RFC 8945, 5.2 asks for; Knot 3.2 gives a fudge of its own and the message's id "
        "as the original one. NSD and Sallyport repeat what the query has (RFC 8945, 4.2: the original id differs where a "
        "forwarder changed the message's)."),
    Difference(
        "Knot looks at the zone first", "Knot", frozenset({"rcode", "additional"}),
        lambda query, ours, theirs: query.signed and ours.rcode == NOTAUTH and theirs.rcode in (REFUSED, NOTIMP),
        "A signature is judged before anything else is (RFC 8945, 5.2); Knot first looks for the zone."),
    Difference(
        "NSD and signatures beside later versions", "NSD", frozenset({"rcode", "additional"}),
        lambda query, ours, theirs: query.signed and query.version != 0 and ours.rcode == BADVERS
        and theirs.rcode in (FORMERR, BADVERS | NOTAUTH),
        "NSD adds the rcodes up, or takes the later version's options for the signature; it is BADVERS (RFC 6891, "
        "6.1.3), as in Knot."),
    # --- kinds of question ---
    *in_both(
        "meta types", ALL,
        lambda query, ours, theirs: query.meta and ours is not None and ours.rcode == FORMERR,
        "OPT, TKEY and TSIG are never data of a name (RFC 6891, 6.1.1; RFC 2930, 2; RFC 8945, 4.2): FORMERR as in "
        "BIND. NSD and Knot look for such records and find none."),
    *in_both(
        "transfers", ALL,
        lambda query, ours, theirs: query.type in (AXFR, IXFR) and ours is not None
        and ours.rcode == REFUSED,
        "There are no transfers: REFUSED always (RFC 5936, 2.2.1). NSD says NOTIMP over UDP, both NOTAUTH "
        "outside the zone, Knot answers an IXFR over UDP with its SOA."),
    Difference(
        "type 0", "Knot", ALL, lambda query, ours, theirs: query.type == 0 and theirs.rcode == NOTIMP,
        "Knot has type 0 as not implemented; like NSD, Sallyport has no data of it (RFC 6895, 3.1)."),
    Difference(
        "Knot and ANY in CHAOS", "Knot", ALL,
        lambda query, ours, theirs: query.rdclass == CHAOS and query.type == ANY and ours.answer
        and theirs.rcode == REFUSED,
        "ANY asks for TXT, too (RFC 1035, 3.2.3), also where nothing else is; NSD says so as well."),
    *in_both(
        "one rrset for ANY", SECTIONS,
        lambda query, ours, theirs: query.type == ANY and one_rrset(ours) and one_rrset(theirs),
        "ANY is answered with one of the name's rrsets (RFC 8482, 4.1), and each server chooses another."),
    Difference(
        "NSD and class ANY", "NSD", frozenset({"authority"}),
        lambda query, ours, theirs: query.rdclass == ANY_CLASS and not theirs.authority,
        "NSD leaves the SOA away when the class is ANY; with it a resolver can keep the answer (RFC 2308, 5)."),
    Difference(
        "Knot and class ANY", "Knot", frozenset({"flags"}),
        lambda query, ours, theirs: query.rdclass == ANY_CLASS and ours.flags ^ theirs.flags == AA,
        "An answer for class ANY is never authoritative (RFC 1035, 6.2); NSD does the same."),
    # --- sections ---
    Difference(
        "NS in authority", "NSD", frozenset({"authority"}),
        lambda query, ours, theirs: positive(ours) and not ours.authority
        and {record[1] for record in theirs.authority} == {NS},
        "NSD adds the zone's NS records to positive answers; a resolver that asks here has them, and the "
        "algorithm of RFC 1034, 4.3.2, adds them to referrals only."),
    Difference(
        "addresses of those NS", "NSD", frozenset({"additional"}),
        lambda query, ours, theirs: not extra(ours.additional, theirs.additional)
        and not theirs_alone(ours, theirs),
        "Where NSD adds NS records, it adds their addresses."),
    *in_both(
        "addresses that do not fit", frozenset({"additional"}),
        lambda query, ours, theirs: query.transport == "udp" and positive(ours) and room(query, theirs) < 128
        and not theirs_alone(ours, theirs),
        "Of the optional addresses some fit into a datagram and some do not (RFC 2181, 9: no TC for those). "
        "Sallyport's names are the shortest, and it has no NS records in between; where NSD's do not fit, it leaves "
        "the addresses away, too."),
    *in_both(
        "addresses of the wildcard at the apex", frozenset({"additional"}),
        lambda query, ours, theirs: any(record[0].startswith(b"\7covered\4auth")
                                        for record in extra(theirs.additional, ours.additional)),
        "A name below the apex may be somebody's, so its addresses are not known beforehand; they are optional (RFC "
        "1034, 4.3.2, 6). Other wildcards' are added, as in NSD and Knot."),
    Difference(
        "addresses for AFSDB", "NSD", frozenset({"additional"}),
        lambda query, ours, theirs: AFSDB in types(ours.answer) and not theirs_alone(ours, theirs),
        "The host of an AFSDB record has its addresses added (RFC 1183, 1)."),
    Difference(
        "addresses for AFSDB, KX, MB and RT", "Knot", frozenset({"additional"}),
        lambda query, ours, theirs: types(ours.answer) & {AFSDB, KX, MB, RT}
        and not theirs_alone(ours, theirs),
        "The hosts of these records have their addresses added (RFC 1183, 1 and 3.3; RFC 2230, 2; RFC 1035, "
        "3.3.3); NSD does so but for AFSDB."),
    Difference(
        "addresses for SVCB", "Knot", frozenset({"additional"}),
        lambda query, ours, theirs: types(ours.answer) & {64, 65} and not ours.additional
        and types(theirs.additional) <= {1, 28},
        "Knot adds the addresses of an SVCB record's target, which is optional (RFC 9460, 4.1); NSD and "
        "Sallyport do not."),
    *in_both(
        "long chains of CNAME", frozenset({"answer", "authority", "flags", "rcode", "additional"}),
        lambda query, ours, theirs: max(
            sum(record[1] == CNAME for record in answer.answer) for answer in (ours, theirs)) > 4,
        "Sallyport follows eight CNAMEs, Knot five, NSD any number; the resolver asks on (RFC 1034, 5.2.2)."),
    Difference(
        "Knot and CNAME beside NSEC", "Knot", frozenset({"answer", "authority", "rcode"}),
        lambda query, ours, theirs: query.type in (25, 46, 47) and not theirs.answer
        and all(record[1] == CNAME for record in ours.answer),
        "KEY, NSEC and RRSIG may stand beside a CNAME in a signed zone (RFC 4034, 3 and 4; RFC 2181, 10.1): "
        "Knot looks for them there. This zone is unsigned, and NSD follows the CNAME, too."),
    # --- EDNS ---
    Difference(
        "Knot and sizes below 512", "Knot", ALL,
        lambda query, ours, theirs: theirs.rcode == FORMERR and query.opts == 1
        and not query.fault and query.size == 512,
        "Sizes below 512 mean 512 (RFC 6891, 6.2.3); Knot calls some FORMERR."),
    Difference(
        "Knot and later versions", "Knot", ALL,
        lambda query, ours, theirs: query.version != 0 and query.options is None
        and ours.rcode == BADVERS and theirs.rcode == FORMERR,
        "What the options of a later EDNS version look like is not known: BADVERS (RFC 6891, 6.1.3)."),
    *in_both(
        "extended errors", option_part(ERROR),
        lambda query, ours, theirs: failed(ours) or failed(theirs) or not answers.has(ours, ERROR),
        "Which extended error goes with an answer is each server's own choice (RFC 8914, 2); Sallyport gives "
        "none with NOERROR and NXDOMAIN."),
    *in_both(
        "keepalive", option_part(KEEPALIVE),
        lambda query, ours, theirs: query.transport == "tcp" and answers.has(ours, KEEPALIVE)
        and not answers.has(theirs, KEEPALIVE),
        "Sallyport says how long a TCP connection may be idle (RFC 7828); the others do not."),
    Difference(
        "NSD and NSID twice", "NSD", ALL,
        lambda query, ours, theirs: isinstance(theirs, answers.Broken)
        and sum(code == NSID for code, _ in query.options) > 1,
        "Asked twice for NSID, NSD states an OPT record longer than it is; Sallyport answers once."),
    Difference(
        "Knot and NSID of a later version", "Knot", option_part(NSID),
        lambda query, ours, theirs: query.version != 0 and ours.rcode == BADVERS and not answers.has(ours, NSID),
        "What the options of a later EDNS version ask for is not known (RFC 6891, 6.1.3); NSD gives none, either."),
    Difference(
        "EXPIRE", "Knot", option_part(EXPIRE),
        lambda query, ours, theirs: query.has(EXPIRE) and not answers.has(ours, EXPIRE),
        "EXPIRE is for secondaries; there are none (RFC 7314, 3)."),
    Difference(
        "Knot wants a question beside a cookie", "Knot", ALL,
        lambda query, ours, theirs: query.cookie_alone and ours.rcode in (0, BADCOOKIE)
        and theirs.rcode == FORMERR,
        "A message without a question may ask for a cookie (RFC 7873, 5.4); Knot has not got that."),
    Difference(
        "wrong cookie without a question", "NSD", frozenset({"rcode"}),
        lambda query, ours, theirs: query.cookie_alone and len(query.cookie) > 8
        and (ours.rcode, theirs.rcode) == (BADCOOKIE, 0),
        "Shown a wrong server cookie without a question the answer is BADCOOKIE (RFC 7873, 5.4)."),
    Difference(
        "Knot insists on cookies", "Knot", ALL,
        lambda query, ours, theirs: query.cookie is not None and theirs.rcode == BADCOOKIE
        and ours.cookie is not None,
        "Knot answers BADCOOKIE where a cookie is not right; Sallyport answers and gives a right one, which RFC "
        "7873, 5.2.3 and 5.2.4, permit as well, as NSD does."),
]


def explain(peer, query, ours, theirs):
    """Which Differences apply, and the parts that none of them explains."""
    left = parts_that_differ(ours, theirs)
    used = []
    for difference in INTENDED:
        if not left:
            break
        if difference.peer != peer or not (difference.parts == ALL or left & difference.parts):
            continue
        try:
            applies = difference.when(query, ours, theirs)
        except (AttributeError, IndexError):  # asks for a part that one of them does not have
            applies = False
        if applies:
            left -= left if difference.parts == ALL else difference.parts
            used.append(difference)
    return used, left
