"""
Questions from a seed: what resolvers ask, what nobody asks, and what is no question at all.

Each is the bytes of a DNS message with its number as id, so that an answer tells its question. A
kind is a function that takes the generator and returns bytes without the id.
"""

import random
import struct

import dns.name
import dns.rdatatype

TYPES = [dns.rdatatype.from_text(name) for name in (
    "A", "AAAA", "NS", "CNAME", "SOA", "MX", "TXT", "SRV", "CAA", "TLSA", "SSHFP", "HTTPS", "SVCB",
    "NAPTR", "PTR", "HINFO", "RP", "LOC", "URI", "DNSKEY", "AFSDB", "KX", "TYPE7", "RT", "TYPE14",
    "DS", "NSEC", "RRSIG", "DNAME", "ANY", "TYPE65400", "TYPE65399", "SPF")]
COMMON = [1, 28, 16, 2, 6, 5]
META_TYPES = [0, 41, 249, 250, 251, 252, 253, 254, 128, 65535]
IN, CHAOS, ANY_CLASS = 1, 3, 255
CLASSES = [0, 2, 3, 4, 254, 255, 256, 65535]
SIZES = [0, 1, 511, 512, 513, 600, 1024, 1231, 1232, 1233, 1400, 1452, 4096, 65535]
RD, CD, AD, Z, RA, TC, AA, QR = 0x100, 0x10, 0x20, 0x40, 0x80, 0x200, 0x400, 0x8000
QUERY, NOTIFY, UPDATE = 0, 4, 5
NSID, ECS, EXPIRE, COOKIE, KEEPALIVE, PADDING = 3, 8, 9, 10, 11, 12


def wire_labels(labels):
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def question(name, rdtype, rdclass=IN):
    return name + struct.pack("!HH", rdtype, rdclass)


def message(body, flags=0, opcode=QUERY, counts=(1, 0, 0, 0)):
    return struct.pack("!HHHHH", flags | opcode << 11, *counts) + body


def opt(size=1232, version=0, flags=0, options=b"", extended=0, owner=b"\0", length=None):
    return owner + struct.pack("!HHBBHH", 41, size, extended, version, flags,
                               len(options) if length is None else length) + options


def option(code, data=b"", length=None):
    return struct.pack("!HH", code, len(data) if length is None else length) + data


class Generator:
    def __init__(self, seed, zone, names, owned):
        self.random = random.Random(seed)
        self.zone = dns.name.from_text(zone).labels[:-1]
        self.owners = [dns.name.from_text(name).labels[:-1] for name in names]
        self.owned = [(dns.name.from_text(name).labels[:-1], rdtype) for name, rdtype in owned]
        self.names = [labels[:-len(self.zone)] for labels in self.owners]

    def chance(self, probability):
        return self.random.random() < probability

    # --- names ---

    def label(self, length=None):
        length = self.random.choice([1, 2, 3, 8, 36, 62, 63]) if length is None else length
        letters = b"abcdefghijklmnopqrstuvwxyz0123456789-_"
        if self.chance(0.1):
            return bytes(self.random.randrange(256) for _ in range(length))
        return bytes(self.random.choice(letters) for _ in range(length))

    def existing(self):
        return self.random.choice(self.owners)

    def near(self):
        """Something beside, above or below a name that exists."""
        labels = list(self.existing())
        turn = self.random.randrange(8)
        if turn == 0:
            labels.insert(0, self.label())
        elif turn == 1:
            labels[:0] = [self.label(), self.label()]
        elif turn == 2:
            labels[0] = self.label()
        elif turn == 3:
            labels = labels[1:]
        elif turn == 4:
            labels.insert(0, b"*")
        elif turn == 5:
            labels[0] = labels[0][:-1] or b"q"
        elif turn == 6:
            labels[0] = (labels[0] + b"x")[:63]
        else:
            labels.insert(self.random.randrange(len(labels)), self.label(2))
        return labels

    def outside(self):
        zone = list(self.zone)
        return self.random.choice([
            [], zone[1:], zone[2:], [b"com"], [self.label(), b"example", b"net"],
            [self.label(), *zone[1:]], [zone[0] + b"x", *zone[1:]], [b"x" + zone[0], *zone[1:]],
            zone[:-1], [*zone, b"test"], zone[:-1] + [b"orG\0"], [b"".join(zone)],
            # The bytes of the zone's name inside one label
            [b"x" + wire_labels(zone)[:-1]], [wire_labels(zone)[1:-1]],
            [b"a", b"b", b"c", b"x" + wire_labels(zone)[:-1]]])

    def of_length(self, total):
        """A name in the zone of about `total` wire bytes, at most 255 if that is asked."""
        labels = list(self.zone)
        room = total - len(wire_labels(labels))
        while room > 1:
            length = min(63, room - 1, self.random.choice([1, 7, 31, 63]))
            labels.insert(0, self.label(length))
            room -= length + 1
        return labels

    def mixed_case(self, wire):
        # A draw for each byte whatever it is: what follows must not depend on what a name holds.
        return bytes(byte ^ 0x20 if self.chance(0.5) and 65 <= byte & ~0x20 <= 90 else byte
                     for byte in wire)

    def name(self):
        choice = self.random.random()
        if choice < 0.5:
            labels = self.existing()
        elif choice < 0.8:
            labels = self.near()
        elif choice < 0.9:
            labels = self.outside()
        else:
            labels = self.of_length(self.random.choice([30, 100, 200, 253, 254, 255]))
        wire = wire_labels(labels)
        if len(wire) > 255:
            wire = wire_labels(self.zone)
        return self.mixed_case(wire) if self.chance(0.3) else wire

    def type(self):
        return self.random.choice(COMMON if self.chance(0.4) else TYPES)

    # --- EDNS ---

    def known_option(self):
        random_bytes = self.random.randbytes
        return self.random.choice([
            option(NSID), option(ECS, b"\0\1\0\0"), option(ECS, b"\0\1\x18\0\xc0\0\2"), option(EXPIRE),
            option(PADDING, bytes(self.random.randrange(40))), option(KEEPALIVE),
            option(65001, random_bytes(self.random.randrange(30))), option(0), option(14),
            option(65535, b"x")])

    def options(self):
        return b"".join(self.known_option() for _ in range(self.random.choice([0, 0, 0, 1, 1, 2, 5])))

    def flags(self):
        return self.random.choice([0, 0, RD, RD, RD | CD, RD | AD, CD, AD, Z, RA, TC, AA,
                                   RD | CD | AD | Z | RA | TC | AA])

    def query(self, body=None, **header):
        """A right question, usually with EDNS."""
        body = question(self.name(), self.type()) if body is None else body
        if self.chance(0.3):
            return message(body, self.flags(), **header)
        size = self.random.choice(SIZES) if self.chance(0.5) else 1232
        return message(body + opt(size, flags=self.random.choice([0, 0, 0x8000]),
                                  options=self.options()), self.flags(), counts=(1, 0, 0, 1), **header)

    # --- kinds ---

    def plain(self):
        return self.query()

    def stored(self):
        """What is there."""
        labels, rdtype = self.random.choice(self.owned)
        wire = wire_labels(labels)
        return self.query(question(self.mixed_case(wire) if self.chance(0.3) else wire, rdtype))

    def wide(self):
        """Large answers against every size."""
        name = wire_labels([self.random.choice([b"medium", b"just", b"large", b"long", b"huge", b"many",
                                                b"far"]),
                            *self.zone])
        rdtype = self.random.choice([1, 16, 15])
        if self.chance(0.2):
            return message(question(name, rdtype))
        size = self.random.choice(SIZES + [self.random.randrange(400, 1300)])
        return message(question(name, rdtype) + opt(size, options=self.options()), counts=(1, 0, 0, 1))

    def any_type(self):
        return self.query(question(self.name(), self.random.choice(
            META_TYPES + [self.random.randrange(65536) for _ in range(5)])))

    def any_class(self):
        return self.query(question(self.name(), self.type(), self.random.choice(CLASSES)))

    def chaos(self):
        labels = self.random.choice([[b"version", b"bind"], [b"version", b"server"], [b"id", b"server"],
                                     [b"hostname", b"bind"], [b"authors", b"bind"], self.zone])
        return self.query(question(wire_labels(labels), self.random.choice([16, 255, 1]), CHAOS))

    def opcode(self):
        return self.query(opcode=self.random.randrange(1, 16))

    def response(self):
        return message(question(self.name(), self.type()), QR | self.flags())

    def rcode(self):
        return message(question(self.name(), self.type()), self.flags() | self.random.randrange(1, 16))

    def counts(self):
        counts = [self.random.choice([0, 1, 1, 2, 65535]) for _ in range(4)]
        body = question(self.name(), self.type())
        if self.chance(0.5):
            body += opt(options=self.options())
        if self.chance(0.2):
            body += question(self.name(), self.type())
        return message(body, self.flags(), counts=counts)

    def records(self):
        """Records where none belong, whole ones."""
        owner, rdtype = self.name(), self.random.choice([1, 16, 6, 250, 24])
        record = question(owner, rdtype) + struct.pack("!IH", 60, 4) + b"\xc0\0\2\1"
        section = self.random.randrange(1, 4)
        counts = [1, 0, 0, 0]
        counts[section] = self.random.choice([1, 1, 2])
        body = question(self.name(), self.type()) + record * counts[section]
        if self.chance(0.5):
            counts[3] += 1
            body += opt()
        return message(body, counts=counts)

    def signed(self):
        """A TSIG record of a key that nobody has, right or wrong, and SIG(0)."""
        name = self.name()
        key = self.random.choice([wire_labels([b"key", b"test"]), wire_labels([b"KeY", *self.zone]), b"\0",
                                  b"\3key\xc0\x0c" if 1 < len(name) < 200 else b"\1k\0"])
        algorithm = self.random.choice([b"\x0bhmac-sha256\0", b"\3foo\0", b"\0", b"\x0bHMAC-sha512\0"])
        mac = self.random.randbytes(self.random.choice([0, 16, 32]))
        data = algorithm + self.random.randbytes(8) + struct.pack("!H", len(mac)) + mac + \
            struct.pack("!HHH", self.random.randrange(65536), self.random.choice([0, 0, 17]), 0)
        if self.chance(0.1):
            data = self.random.choice([data[:-1], data + b"x", b"\xc0\x0c" + data[len(algorithm):]])
        rdclass, ttl = self.random.choice([(255, 0)] * 8 + [(1, 0), (255, 5)])
        tsig = key + struct.pack("!HHIH", 250, rdclass, ttl, len(data)) + data
        sig = struct.pack("!HBBIIIH", 0, 13, 0, 0, 2000000000, 1000000000, 7) + key[:5] + b"\0" + bytes(64)
        sig0 = b"\0" + struct.pack("!HHIH", 24, 255, 0, len(sig)) + sig
        edns = opt(version=self.random.choice([0, 0, 0, 1]), options=self.options())
        records = self.random.choice([[tsig]] * 4 + [[edns, tsig]] * 4 + [
            [tsig, edns], [tsig, tsig], [edns, tsig, edns], [sig0], [edns, sig0]])
        return message(question(name, self.type()) + b"".join(records), self.flags(),
                       opcode=NOTIFY if self.chance(0.05) else QUERY, counts=(1, 0, 0, len(records)))

    def edns_version(self):
        version = self.random.choice([1, 2, 100, 255])
        return message(question(self.name(), self.type()) + opt(
            self.random.choice(SIZES), version, options=self.random.choice(
                [self.options(), self.options(), option(65001, b"xy", 3)])), counts=(1, 0, 0, 1))

    def edns_flags(self):
        return message(question(self.name(), self.type()) + opt(
            flags=self.random.randrange(65536), extended=self.random.choice([0, 1, 255])),
            counts=(1, 0, 0, 1))

    def edns_broken(self):
        body = question(self.name(), self.type())
        random_bytes = self.random.randbytes
        tail = self.random.choice([
            opt(owner=b"\1x\0"), opt(owner=b"\xc0\x0c"), opt(length=1), opt(length=65535),
            opt(options=random_bytes(3)), opt(options=option(65001, b"xy", 3)),
            opt(options=option(65001, b"xyz", 2)), opt(options=option(NSID) + b"\0"),
            opt() + opt(), opt()[:self.random.randrange(1, 11)]])
        return message(body + tail, self.flags(),
                       counts=(1, 0, 0, 2 if tail == opt() + opt() else 1))

    def cookie(self):
        random_bytes = self.random.randbytes
        length = self.random.choice([8, 8, 8, 16, 24, 24, 40, 0, 1, 7, 9, 15, 41, 100])
        data = random_bytes(length)
        if length == 24 and self.chance(0.7):  # a server cookie's form (RFC 9018), not one of ours
            data = data[:8] + b"\1\0\0\0" + data[12:]
        return message(question(self.name(), self.type()) + opt(options=option(COOKIE, data)),
                       counts=(1, 0, 0, 1))

    def cookie_alone(self):
        length = self.random.choice([8, 8, 24, 7])
        return message(opt(options=option(COOKIE, self.random.randbytes(length))), counts=(0, 0, 0, 1))

    def trailing(self):
        return self.query() + self.random.randbytes(self.random.choice([1, 2, 12, 100]))

    def truncated(self):
        whole = self.query()
        return whole[:self.random.randrange(len(whole))]

    def name_broken(self):
        ending = struct.pack("!HH", self.type(), IN)
        zone = wire_labels(self.zone)
        name = self.random.choice([
            b"\xc0\x0c", b"\1a\xc0\x0c", b"\xc0\x00", b"\xc0\xff", b"\x40" + b"a" * 64 + zone,
            b"\x80" + b"a" * 64 + zone, b"\xff" + b"a" * 64 + zone, b"\3ab" + zone,
            wire_labels(self.of_length(self.random.choice([256, 257, 300, 500]))),
            b"\1a" * 127 + b"\0", b"\1a" * 128 + b"\0", b"\1a" * 200 + b"\0", b"\0\0"])
        return message(name + ending, self.flags())

    def flipped(self):
        wire = bytearray(self.query())
        for _ in range(self.random.choice([1, 1, 2, 5])):
            wire[self.random.randrange(len(wire))] ^= 1 << self.random.randrange(8)
        return bytes(wire)

    def noise(self):
        return self.random.randbytes(self.random.choice([0, 1, 5, 9, 10, 11, 12, 20, 60, 300, 1200]))

    def transfer(self):
        name = wire_labels(self.zone if self.chance(0.5) else self.existing())
        if self.chance(0.5):
            return message(question(name, 252))
        soa = b"\xc0\x0c" + struct.pack("!HHIH", 6, 1, 0, 22) + b"\0\0" + bytes(20)
        return message(question(name, 251) + soa, counts=(1, 0, 1, 0))

    def notify(self):
        return self.query(question(wire_labels(self.zone), 6), opcode=self.random.choice([NOTIFY, UPDATE]))


KINDS = {  # and how often, of a hundred
    "plain": 26, "stored": 12, "wide": 9, "any_type": 5, "any_class": 3, "chaos": 2, "opcode": 3, "response": 1,
    "rcode": 2, "counts": 4, "records": 3, "edns_version": 3, "edns_flags": 3, "edns_broken": 3, "signed": 3,
    "cookie": 3, "cookie_alone": 1, "trailing": 2, "truncated": 3, "name_broken": 3, "flipped": 3,
    "noise": 1, "transfer": 1, "notify": 1}


def generate(seed, count, zone, names, owned):
    """`count` pairs of the kind's name and a message about names, and pairs of name and type; ids from 0."""
    generator = Generator(seed, zone, names, owned)
    kinds = generator.random.choices(list(KINDS), KINDS.values(), k=count)
    return [(kind, struct.pack("!H", number) + getattr(generator, kind)())
            for number, kind in enumerate(kinds)]
