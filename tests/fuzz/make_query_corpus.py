#!/usr/bin/env python3
"""Writes the seeds of fuzz_query into corpus/query: one small message for each thing worth starting from."""
import pathlib
import struct

FOLDER = pathlib.Path(__file__).parent / "corpus" / "query"
ZONE = "auth.example.org"


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def opt(size=1232, version=0, flags=0, options=b""):
    return b"\0" + struct.pack(">HHBBHH", 41, size, 0, version, flags, len(options)) + options


def query(name=ZONE, rrtype=16, rrclass=1, flags=0x0100, counts=(1, 0, 0), rest=b"", additional=None):
    extra = len(additional) if additional else 0
    header = struct.pack(">HHHHHH", 0x1234, flags, counts[0], counts[1], counts[2], extra)
    return header + wire(name) + struct.pack(">HH", rrtype, rrclass) + rest + b"".join(additional or [])


def tsig(owner, algorithm="hmac-sha256"):
    data = wire(algorithm) + bytes(8) + struct.pack(">H", 4) + b"MAC!" + struct.pack(">HHH", 0x1234, 0, 0)
    return owner + struct.pack(">HHIH", 250, 255, 0, len(data)) + data


ALL_OPTIONS = struct.pack(">HH", 10, 24) + bytes(8) + b"\1" + bytes(15) + bytes([0, 3, 0, 0, 0, 11, 0, 0])
WITHOUT_QUESTION = struct.pack(">HHHHHH", 1, 0, 0, 0, 0, 1)

SEEDS = {
    "all_options": query("two." + ZONE, additional=[opt(options=ALL_OPTIONS)]),
    "all_options_refused": query("www.example.net", additional=[opt(512, options=ALL_OPTIONS)]),
    "cookie_alone": WITHOUT_QUESTION + opt(options=struct.pack(">HH", 10, 8) + b"8 bytes."),
    "cookie_alone_wrong": WITHOUT_QUESTION + opt(options=ALL_OPTIONS),
    "cookie_too_short": query("two." + ZONE, additional=[opt(options=struct.pack(">HH", 10, 7) + b"7 bytes")]),
    "apex_a": query(rrtype=1),
    "apex_any": query(rrtype=255),
    "apex_axfr": query(rrtype=252),
    "apex_mx": query(rrtype=15),
    "apex_ns_edns": query(rrtype=2, additional=[opt(4096, flags=0x8000)]),
    "apex_soa": query(rrtype=6),
    "bad_version": query(additional=[opt(version=1)]),
    "chain_to_dynamic": query("dynamic." + ZONE, additional=[opt()]),
    "circle": query("circle1." + ZONE, 1),
    "class_any": query("two." + ZONE, rrclass=255),
    "class_chaos": query("version.bind", rrclass=3),
    "cookie": query("two." + ZONE, additional=[opt(options=struct.pack(">HH", 10, 8) + b"8 bytes.")]),
    "dynamic_large": query("large." + ZONE, additional=[opt()]),
    "dynamic_none": query("none." + ZONE),
    "dynamic_two": query("two." + ZONE),
    "dynamic_two_mixed_case": query("tWo.AUTH.eXample.Org"),
    "empty_non_terminal": query("deep." + ZONE, 1),
    "header_only": query()[:12],
    "ixfr_with_serial": query(rrtype=251, counts=(1, 0, 1), rest=b"\xc0\x0c" + struct.pack(">HHIH", 6, 1, 0, 2) + b"xy"),
    "long_name": query(".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 44, ZONE])),
    "many_labels": query(".".join(["x"] * 118 + [ZONE])),
    "notify": query(flags=0x2000, rrtype=6),
    "nothing_below_dynamic": query("x.two." + ZONE),
    "option_too_long": query(additional=[opt(options=b"\0\x0a\0\xff")]),
    "outside": query("www.example.net", 1),
    "pointer_as_question": struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\x01\0\x01",
    "response": query(flags=0x8180),
    "root": query("", 2),
    "srv": query("service." + ZONE, 33),
    "tsig": query(additional=[b"\0" + struct.pack(">HHIH", 250, 255, 0, 0)]),
    "tsig_behind_options": query("two." + ZONE, additional=[opt(options=ALL_OPTIONS), tsig(wire("key"))]),
    "tsig_compressed": query("two." + ZONE, additional=[tsig(b"\x03key\xc0\x0c")]),
    "tsig_long": query(".".join(["a" * 63] * 3), additional=[tsig(wire("k" * 63), "a" * 60), opt()]),
    "tsig_of_the_root": query("two." + ZONE, additional=[tsig(b"\0")]),
    "two_opts": query(additional=[opt(), opt()]),
    "two_questions": query(counts=(2, 0, 0), rest=wire(ZONE) + b"\0\x01\0\x01"),
    "update": query(flags=0x2800, rrtype=6),
    "wildcard": query("x.y.wild." + ZONE),
    "wildcard_circle": query("a.loop." + ZONE, 1),
    "wildcard_hosts": query("exchange." + ZONE, 15, additional=[opt()]),
    "wildcard_mx": query("x." + ZONE, 15, additional=[opt(512)]),
}

FOLDER.mkdir(parents=True, exist_ok=True)
for name, message in SEEDS.items():
    (FOLDER / name).write_bytes(message)
