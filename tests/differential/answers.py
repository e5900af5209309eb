"""
An answer as something that can be compared: the header, the question's bytes, each section as a
sorted set with names uncompressed, the OPT record apart. What does not parse is refused.
"""

import struct
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.rcode

OPT, TSIG, COOKIE = 41, 250, 10
# Types whose data holds names that an answer may compress (RFC 3597, 4), and what precedes the names.
COMPRESSIBLE = {2: (0, 1), 5: (0, 1), 6: (0, 2), 7: (0, 1), 12: (0, 1), 14: (0, 2), 15: (2, 1), 17: (0, 2),
                18: (2, 1), 21: (2, 1), 33: (6, 1)}


class Malformed(ValueError):
    pass


@dataclass(frozen=True)
class Answer:
    wire: bytes
    flags: int  # without the rcode
    rcode: int  # with the OPT record's part
    question: bytes
    answer: tuple
    authority: tuple
    additional: tuple  # without OPT
    edns: tuple | None  # size, version, flags
    options: tuple

    @property
    def cookie(self):
        """What a client shows the next time; None: there was none."""
        return next((data for code, data in self.options if code == COOKIE), None)

    @property
    def like_options(self):
        """The options without what a server cookie takes from the second it was made in (RFC 9018, 4)."""
        return tuple((code, data[:12] if code == COOKIE and len(data) == 24 else data)
                     for code, data in self.options)

    def text(self):
        try:
            text = str(dns.message.from_wire(self.wire, continue_on_error=True))
        except dns.exception.DNSException as error:
            text = f"(dnspython: {error!r})"
        return f"{len(self.wire)} bytes {self.wire.hex()}\n{text}"


@dataclass(frozen=True)
class Broken:
    """What is malformed."""
    wire: bytes
    error: str

    def text(self):
        return f"malformed ({self.error}): {self.wire.hex()}"


def has(answer, code):
    return any(option == code for option, _ in answer.options)


def read_name(wire, offset):
    """The name at `offset`, in lower case, and where it ends."""
    labels, end, jumps = [], None, 0
    while True:
        if offset >= len(wire):
            raise Malformed("a name ends outside the message")
        length = wire[offset]
        if length >= 0xc0:
            if offset + 1 >= len(wire) or jumps > 127:
                raise Malformed("a pointer leads nowhere")
            end = offset + 2 if end is None else end
            target = (length & 0x3f) << 8 | wire[offset + 1]
            if target >= offset:
                raise Malformed("a pointer forward")
            offset, jumps = target, jumps + 1
            continue
        if length > 63:
            raise Malformed("a label above 63 bytes")
        labels.append(wire[offset:offset + 1 + length])
        offset += 1 + length
        if length == 0:
            break
    name = b"".join(labels).lower()
    if len(name) > 255:
        raise Malformed("a name above 255 bytes")
    return name, offset if end is None else end


def read_data(wire, kind, start, end):
    if kind == TSIG:  # the algorithm is a name, too
        name, offset = read_name(wire, start)
        return name + wire[offset:end]
    if kind not in COMPRESSIBLE:
        return wire[start:end]
    before, count = COMPRESSIBLE[kind]
    offset = start + before
    data = wire[start:offset]
    for _ in range(count):
        name, offset = read_name(wire, offset)
        data += name
    if offset > end:
        raise Malformed("a name ends outside its record")
    return data + wire[offset:end]


def read_record(wire, offset):
    owner, offset = read_name(wire, offset)
    if offset + 10 > len(wire):
        raise Malformed("a record is cut off")
    kind, rdclass, ttl, length = struct.unpack_from("!HHIH", wire, offset)
    offset += 10
    if offset + length > len(wire):
        raise Malformed("data is cut off")
    return (owner, kind, rdclass, ttl, read_data(wire, kind, offset, offset + length)), offset + length


def read_options(data):
    options, offset = [], 0
    while offset < len(data):
        if offset + 4 > len(data):
            raise Malformed("an option is cut off")
        code, length = struct.unpack_from("!HH", data, offset)
        offset += 4 + length
        if offset > len(data):
            raise Malformed("an option is cut off")
        options.append((code, data[offset - length:offset]))
    return tuple(sorted(options))


def read_answer(wire):
    """An Answer; None for silence. Malformed where any rule of the format is broken."""
    if wire is None:
        return None
    if len(wire) < 12:
        raise Malformed("shorter than a header")
    flags, *counts = struct.unpack_from("!HHHHH", wire, 2)
    offset = 12
    for _ in range(counts[0]):
        offset = read_name(wire, offset)[1] + 4
        if offset > len(wire):
            raise Malformed("the question is cut off")
    question = wire[12:offset]
    sections, edns, options, rcode = [], None, (), flags & 15
    for count in counts[1:]:
        records = []
        for _ in range(count):
            record, offset = read_record(wire, offset)
            if record[1] != OPT:
                records.append(record)
                continue
            if edns is not None or record[0] != b"\0" or len(sections) < 2:
                raise Malformed("an OPT record where none belongs")
            ttl = record[3]
            edns = (record[2], ttl >> 16 & 255, ttl & 0xffff)
            options = read_options(record[4])
            rcode |= ttl >> 24 << 4
        sections.append(tuple(sorted(records)))
    if offset != len(wire):
        raise Malformed("bytes after the message")
    return Answer(wire, flags & ~15, rcode, question, *sections, edns, options)
