"""dnsd over UDP and TCP, IPv4 and IPv6: right answers, wrong questions, and connections that misbehave."""

import concurrent.futures
import resource
import secrets
import socket
import struct

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import pytest

from sallyport import (DEADLINE, RECORDS, ZONE, Daemon, random_txt, tcp_answer, udp_exchange, wait_closed,
                       wait_until)

BIG = [f'big.{ZONE}. TXT "{number:02d}{"b" * 198}"' for number in range(20)]
SERVER = {"records": RECORDS + BIG + [
    f"static.{ZONE}. 300 IN A 198.51.100.7",
    f"static.{ZONE}. 300 AAAA 2001:db8::7",
    f"host.deep.ent.{ZONE}. A 198.51.100.2",
    f"MiXed.{ZONE}. TXT \"CaSe of DATA\"",
    f"mail.{ZONE}. MX 10 mx.example.net.",
    f"{ZONE}. CAA 0 issue \"ca.example.net\"",
    *(f"exchange.{ZONE}. MX {number} mx{number}.{ZONE}." for number in range(40)),
    *(f"exchange.{ZONE}. MX {number} mx{number}.hosts.example.net." for number in range(40, 50)),
    f"mx0.{ZONE}. A 198.51.100.25",
]}

TRANSPORTS = ["udp", "tcp"]


def header(wire):
    """(id, flags, [counts]) of a message."""
    fields = struct.unpack("!6H", wire[:12])
    return fields[0], fields[1], list(fields[2:])


def rcode(wire):
    return header(wire)[1] & 15


def with_header(wire, flags=None, counts=None):
    """`wire` with other flags or counts."""
    number, old_flags, old_counts = header(wire)
    new = struct.pack("!6H", number, old_flags if flags is None else flags, *(counts or old_counts))
    return new + wire[12:]


def with_opt(wire, version=0, flags=0, payload=1232, options=b""):
    """A query without additional records, and an OPT as given; dnspython would tidy it up."""
    opt = b"\0" + struct.pack("!HHBBHH", 41, payload, 0, version, flags, len(options)) + options
    return with_header(wire, counts=(1, 0, 0, 1)) + opt


def plain_query(server, name="static", rdtype="A", **options):
    return server.question(name, rdtype, **options).to_wire()


# --- right answers ---

@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("name, rdtype, ttl, expected", [
    ("", "A", 3600, ["198.51.100.1"]),
    ("", "AAAA", 3600, ["2001:db8::1"]),
    ("", "NS", 3600, [f"{ZONE}."]),
    ("", "CAA", 3600, ['0 issue "ca.example.net"']),
    ("static", "A", 300, ["198.51.100.7"]),
    ("static", "AAAA", 300, ["2001:db8::7"]),
    ("mail", "MX", 3600, ["10 mx.example.net."]),
    ("mixed", "TXT", 3600, ['"CaSe of DATA"']),
])
def test_static_records(server, transport, address, name, rdtype, ttl, expected):
    answer = server.dns(name, rdtype, transport, address)
    assert answer.rcode() == dns.rcode.NOERROR
    assert answer.flags & dns.flags.AA
    rrset, = answer.answer
    assert (rrset.ttl, sorted(rdata.to_text() for rdata in rrset)) == (ttl, expected)


def test_soa(server):
    answer = server.dns("", "SOA")
    rrset, = answer.answer
    soa, = rrset
    assert rrset.ttl == 3600
    assert (soa.mname.to_text(), soa.rname.to_text()) == (f"{ZONE}.", "hostmaster.example.org.")
    assert (soa.refresh, soa.retry, soa.expire, soa.minimum) == (28800, 7200, 604800, 60)


def test_dynamic_txt_has_ttl_1_and_aa(server, account):
    value = server.set_value(account)
    answer = server.dns(account["subdomain"], "TXT")
    rrset, = answer.answer
    assert answer.flags & dns.flags.AA
    assert (rrset.ttl, [rdata.to_text() for rdata in rrset]) == (1, [f'"{value}"'])


@pytest.mark.parametrize("name", ["nobody", "a.nobody", "*", "_acme-challenge", "host.nobody.ent", "x" * 63,
                                  ".".join(["y"] * 60), "xn--nxasmq6b", "a\\.b", "\\000", "\\255\\255"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_nxdomain_with_soa(server, name, transport):
    answer = server.dns(name, "TXT", transport)
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.flags & dns.flags.AA
    assert answer.answer == []
    soa, = answer.authority
    assert (soa.rdtype, soa.ttl, soa.name.to_text()) == (dns.rdatatype.SOA, 60, f"{ZONE}.")


@pytest.mark.parametrize("name, rdtype", [("", "MX"), ("static", "TXT"), ("static", "CNAME"), ("ent", "A"),
                                          ("deep.ent", "A"), ("big", "A"), ("", "TYPE65280")])
def test_nodata_with_soa(server, name, rdtype):
    answer = server.dns(name, rdtype)
    assert answer.rcode() == dns.rcode.NOERROR
    assert answer.flags & dns.flags.AA
    assert answer.answer == []
    soa, = answer.authority
    assert (soa.rdtype, soa.ttl) == (dns.rdatatype.SOA, 60)
    assert soa[0].minimum == 60


@pytest.mark.parametrize("name", [".", "org.", "example.org.", "example.net.", "xauth.example.org.",
                                  "auth.example.org.example.net.", "auth\\.example.org."])
def test_refused_outside_the_zone(server, name):
    for rdtype in ("A", "SOA", "NS", "TXT"):
        answer = server.dns(name, rdtype)
        assert answer.rcode() == dns.rcode.REFUSED
        assert not answer.flags & dns.flags.AA
        assert answer.answer == answer.authority == []


def test_case_is_echoed_and_does_not_matter(server):
    for name in ("StAtIc", "STATIC", "static"):
        question = f"{name}.{ZONE.upper()}."
        answer = server.dns(question, "A")
        assert answer.question[0].name.to_text() == question
        assert answer.answer[0].name.to_text() == question
        assert answer.answer[0][0].to_text() == "198.51.100.7"


def test_a_name_exists_from_registration_on(server):
    """NXDOMAIN before would be remembered by a resolver for negative_ttl."""
    for _ in range(20):
        account = server.register()
        for address in ("127.0.0.1", "::1"):
            answer = server.dns(account["subdomain"], "TXT", address=address)
            assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])


def test_below_a_dynamic_name_is_nxdomain(server, account):
    server.set_value(account)
    assert server.txt(f"_acme-challenge.{account['subdomain']}") is None
    assert server.txt(f"a.b.{account['subdomain']}") is None


@pytest.mark.parametrize("name", ["static", "nobody", "big"])
def test_any_is_minimal(server, name):
    answer = server.dns(name, "ANY")
    assert answer.rcode() == (dns.rcode.NXDOMAIN if name == "nobody" else dns.rcode.NOERROR)
    assert len(answer.answer) <= 1
    assert len(answer.to_wire()) <= 512


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_rd_is_copied_and_ra_never_set(server, transport):
    for flags in (0, dns.flags.RD):
        answer = server.dns("static", "A", transport, flags=flags)
        assert answer.flags & dns.flags.RD == flags
        assert not answer.flags & (dns.flags.RA | dns.flags.TC | 0x40)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_names_in_answers_are_compressed(server, transport):
    """Fifty exchanges, 38 bytes and more each when written in full, fit into one datagram."""
    answer = server.dns("exchange", "MX", transport, use_edns=0, payload=4096)
    assert not answer.flags & dns.flags.TC
    rrset, = answer.answer
    assert {str(rdata.exchange) for rdata in rrset} == {
        *(f"mx{number}.{ZONE}." for number in range(40)),
        *(f"mx{number}.hosts.example.net." for number in range(40, 50))}
    assert [rrset.to_text() for rrset in answer.additional] == [f"mx0.{ZONE}. 3600 IN A 198.51.100.25"]


# --- EDNS ---

def test_edns_own_size_is_1232(server):
    answer = server.dns("static", "A", use_edns=0, payload=4096)
    assert (answer.edns, answer.payload) == (0, 1232)


def test_no_edns_in_the_answer_to_none(server):
    assert server.dns("static", "A").edns == -1


def test_edns_do_is_copied_and_z_is_zero(server):
    for flags in (0, 0x8000):
        answer = dns.message.from_wire(server.exchange(with_opt(plain_query(server), flags=flags | 0x7FFF)))
        assert (answer.edns, answer.ednsflags & 0xFFFF) == (0, flags)


def test_edns_unknown_options_are_ignored(server):
    for option in (100, 65001):
        answer = server.dns("static", "A", use_edns=0, options=[dns.edns.GenericOption(option, b"data")])
        assert answer.rcode() == dns.rcode.NOERROR
        assert all(back.otype != option for back in answer.options)


@pytest.mark.parametrize("version", [1, 2, 255])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_edns_badvers(server, version, transport):
    wire = server.exchange(with_opt(plain_query(server), version), transport)
    answer = dns.message.from_wire(wire)
    assert answer.rcode() == dns.rcode.BADVERS
    assert (answer.edns, answer.answer) == (0, [])


@pytest.mark.parametrize("payload, most", [(None, 512), (0, 512), (100, 512), (512, 512), (600, 600),
                                           (1232, 1232), (4096, 1232), (65535, 1232)])
def test_tc_when_it_does_not_fit_and_all_of_it_over_tcp(server, payload, most):
    options = {} if payload is None else {"use_edns": 0, "payload": payload}
    query = server.question("big", "TXT", **options)
    wire = server.exchange(query.to_wire())
    assert len(wire) <= most
    answer = dns.message.from_wire(wire)
    assert answer.flags & dns.flags.TC
    assert answer.rcode() == dns.rcode.NOERROR
    full = server.dns_message(query, "tcp")
    assert not full.flags & dns.flags.TC
    assert len(full.answer[0]) == 20


# --- wrong questions ---

@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("opcode", [opcode for opcode in range(1, 16)])
def test_notimp(server, opcode, transport):
    wire = with_header(plain_query(server), flags=opcode << 11)
    answer = server.exchange(wire, transport)
    assert rcode(answer) == dns.rcode.NOTIMP
    assert header(answer)[1] >> 11 & 15 == opcode
    assert header(answer)[1] & 0x8000


OPT = b"\0\0\x29\x10\0\0\0\0\0\0\0"
QNAME = b"\x06static\x04auth\x07example\x03org\0"


def malformed():
    """Messages with a readable header that cannot be answered otherwise."""
    def query(body, counts=(1, 0, 0, 0)):
        return struct.pack("!6H", 0x1234, 0, *counts) + body
    question = QNAME + b"\0\1\0\1"
    return {
        "no_question": query(b"", (0, 0, 0, 0)),
        "no_question_but_count": query(b""),
        "two_questions": query(question * 2, (2, 0, 0, 0)),
        "two_questions_one_there": query(question, (2, 0, 0, 0)),
        "65535_questions": query(question, (65535, 0, 0, 0)),
        "cut_name": query(QNAME[:10]),
        "name_without_type": query(QNAME),
        "cut_type": query(QNAME + b"\0"),
        "cut_class": query(QNAME + b"\0\1\0"),
        "no_root_label": query(QNAME[:-1] + b"\0\1\0\1"),
        "compressed_to_itself": query(b"\xc0\x0c\0\1\0\1"),
        "compressed_forward": query(b"\xc0\x40\0\1\0\1"),
        "compressed_tail": query(b"\x06static\xc0\x0c\0\1\0\1"),
        "label_type_01": query(b"\x40" + b"a" * 64 + b"\0\0\1\0\1"),
        "label_type_10": query(b"\x80" + b"a" * 64 + b"\0\0\1\0\1"),
        "name_of_256": query((b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62 + b"\0\0\1\0\1"),
        "name_of_many_labels": query(b"\x01a" * 128 + b"\0\0\1\0\1"),
        "trailing_byte": query(question + b"\0"),
        "trailing_message": query(question + b"x" * 100),
        "trailing_after_opt": query(question + OPT + b"\0", (1, 0, 0, 1)),
        "two_opt": query(question + OPT + OPT, (1, 0, 0, 2)),
        "opt_missing": query(question, (1, 0, 0, 1)),
        "opt_cut": query(question + OPT[:-1], (1, 0, 0, 1)),
        "opt_rdlength_too_long": query(question + OPT[:-1] + b"\1", (1, 0, 0, 1)),
        "opt_option_cut": query(question + OPT[:-2] + b"\0\3\0\x0a\0", (1, 0, 0, 1)),
        "opt_option_too_long": query(question + OPT[:-2] + b"\0\4\0\x0a\0\1", (1, 0, 0, 1)),
        "opt_with_a_name": query(question + b"\1a" + OPT, (1, 0, 0, 1)),
        "answer_in_query": query(question + QNAME + b"\0\1\0\1\0\0\0\0\0\4abcd", (1, 1, 0, 0)),
        "65535_additional": query(question, (1, 0, 0, 65535)),
    }


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("case", malformed())
def test_formerr(server, case, transport):
    answer = server.exchange(malformed()[case], transport)
    assert header(answer)[0] == 0x1234
    assert header(answer)[1] & 0x8000
    assert rcode(answer) == dns.rcode.FORMERR
    assert len(answer) <= 512


QUESTION = QNAME + b"\0\1\0\1"
ERRORS = {
    "bytes_behind": (0, (1, 0, 0, 0), QUESTION + b"x", dns.rcode.FORMERR),
    "two_opt": (0, (1, 0, 0, 2), QUESTION + OPT + OPT, dns.rcode.FORMERR),
    "records": (0, (1, 0, 1, 0), QUESTION + QNAME + b"\0\1\0\1\0\0\0\0\0\4abcd", dns.rcode.FORMERR),
    "rcode": (5, (1, 0, 0, 0), QUESTION, dns.rcode.FORMERR),
    "opcode": (0x2000, (1, 0, 0, 0), QUESTION, dns.rcode.NOTIMP),
    "class": (0, (1, 0, 0, 0), QNAME + b"\0\1\0\4", dns.rcode.REFUSED),
    "zone": (0, (1, 0, 0, 0), b"\7eXample\3nEt\0\0\1\0\1", dns.rcode.REFUSED),
    "transfer": (0, (1, 0, 0, 0), QNAME + b"\0\374\0\1", dns.rcode.REFUSED),
    "version": (0, (1, 0, 0, 1), QUESTION + OPT[:6] + b"\1" + OPT[7:], dns.rcode.BADVERS & 15),
}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("case", ERRORS)
def test_an_error_repeats_id_and_question(server, case, transport):
    flags, counts, body, expected = ERRORS[case]
    answer = server.exchange(struct.pack("!6H", 0xabcd, flags | dns.flags.RD, *counts) + body, transport)
    question = body[:body.index(b"\0") + 5]
    number, flags_back, counts_back = header(answer)
    assert (number, rcode(answer), counts_back[:3]) == (0xabcd, expected, [1, 0, 0])
    assert flags_back & ~15 == dns.flags.QR | dns.flags.RD | flags & 0x7800
    assert answer[12:12 + len(question)] == question


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("algorithm", [dns.tsig.HMAC_SHA256, dns.tsig.HMAC_MD5])
def test_a_signature_of_a_key_that_nobody_knows(server, algorithm, transport):
    """dnspython, which knows the key, understands what is wrong (RFC 8945, 5.2.1)."""
    key = dns.tsig.Key(f"key.{ZONE}.", secrets.token_bytes(32), algorithm)
    query = server.question("static", "A", use_edns=0)
    query.use_tsig(key)
    wire = server.exchange(query.to_wire(), transport)
    assert rcode(wire) == dns.rcode.NOTAUTH
    with pytest.raises(dns.tsig.PeerBadKey):
        dns.message.from_wire(wire, keyring=key, request_mac=query.mac)


@pytest.mark.parametrize("rdclass", ["CH", "HS", "ANY", "CLASS65280"])
def test_refused_in_another_class(server, rdclass):
    answer = server.dns_message(server.question("static", "A", rdclass))
    # RFC 2136 and zone tools aside, nobody asks for class ANY; an answer from IN is as good.
    assert answer.rcode() in (dns.rcode.REFUSED, *((dns.rcode.NOERROR,) if rdclass == "ANY" else ()))


@pytest.mark.parametrize("name", ["version.bind.", "id.server.", "hostname.bind."])
def test_refused_what_the_server_is(server, name):
    assert server.dns_message(server.question(name, "TXT", "CH")).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("rdtype", ["AXFR", "IXFR"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_refused_transfers(server, rdtype, transport):
    answer = dns.message.from_wire(server.exchange(plain_query(server, "", rdtype), transport))
    assert (answer.rcode(), answer.answer) == (dns.rcode.REFUSED, [])


def test_what_is_no_query_is_dropped_in_silence(server):
    """QR=1 answered would let two servers shoot at each other for ever."""
    answerable = plain_query(server)
    junk = [b"", b"\0", *(answerable[:length] for length in range(2, 12)),
            with_header(answerable, flags=0x8000), with_header(answerable, flags=0x8180),
            with_header(answerable, flags=0xFFFF), server.exchange(answerable)]
    with server.udp_socket() as peer:
        for wire in junk:
            peer.send(wire)
        # The socket's order is kept by its worker: were one of the above answered, it would come first.
        peer.send(answerable)
        assert peer.recv(4096) == server.exchange(answerable)


def test_every_prefix_of_a_query(server):
    wire = plain_query(server, "static", "A", use_edns=0, payload=1232)
    with server.udp_socket() as peer:
        for length in range(12, len(wire)):
            assert rcode(udp_exchange(peer, wire[:length])) == dns.rcode.FORMERR, length
        assert rcode(udp_exchange(peer, wire)) == dns.rcode.NOERROR


def test_random_bytes_change_nothing(server):
    with server.udp_socket() as peer:
        for _ in range(2000):
            peer.send(secrets.token_bytes(secrets.randbelow(600)))
        peer.send(b"\0" * 65507)
    wait_until(server.dns_is_ready, "an answer after the noise")


# --- TCP ---

def framed(wire):
    return struct.pack("!H", len(wire)) + wire


def numbered(wire, number):
    return struct.pack("!H", number) + wire[2:]


def test_tcp_several_queries_one_after_the_other(server):
    query = plain_query(server)
    with server.tcp_socket() as peer:
        for number in range(50):
            peer.sendall(framed(numbered(query, number)))
            assert header(tcp_answer(peer))[0] == number


def test_tcp_pipelined_in_one_write(server):
    query = plain_query(server)
    with server.tcp_socket() as peer:
        peer.sendall(b"".join(framed(numbered(query, number)) for number in range(500)))
        assert [header(tcp_answer(peer))[0] for _ in range(500)] == list(range(500))


def test_tcp_pipelined_large_answers_in_order(server):
    """More answers than socket buffers hold, from a reader that starts late."""
    query = plain_query(server, "big", "TXT")
    with server.tcp_socket() as peer:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            sent = pool.submit(peer.sendall, b"".join(framed(numbered(query, number)) for number in range(300)))
            answers = [tcp_answer(peer) for _ in range(300)]
            sent.result(DEADLINE)
    assert [header(answer)[0] for answer in answers] == list(range(300))
    assert len({answer[2:] for answer in answers}) == 1


def test_tcp_one_byte_at_a_time(server):
    with server.tcp_socket() as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in framed(plain_query(server)) * 2:
            peer.send(bytes([byte]))
        assert tcp_answer(peer)[2:] == tcp_answer(peer)[2:]


def test_tcp_split_within_the_length_prefix(server):
    query = plain_query(server)
    stream = framed(numbered(query, 1)) + framed(numbered(query, 2)) + framed(numbered(query, 3))
    size = len(query) + 2
    with server.tcp_socket() as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.sendall(stream[:size + 1])
        assert header(tcp_answer(peer))[0] == 1
        peer.sendall(stream[size + 1:2 * size + 1])
        assert header(tcp_answer(peer))[0] == 2
        peer.sendall(stream[2 * size + 1:])
        assert header(tcp_answer(peer))[0] == 3


def test_tcp_half_closed_still_gets_its_answers(server):
    query = plain_query(server)
    with server.tcp_socket() as peer:
        peer.sendall(framed(numbered(query, 1)) + framed(numbered(query, 2)))
        peer.shutdown(socket.SHUT_WR)
        assert [header(tcp_answer(peer))[0] for _ in range(2)] == [1, 2]
        assert tcp_answer(peer) == b""


@pytest.mark.parametrize("wire", [b"", b"\0", b"x" * 11], ids=["empty", "one_byte", "eleven_bytes"])
def test_tcp_a_message_too_short_for_a_header(server, wire):
    """Nothing to answer with; the connection ends or goes on, but nothing comes that is no answer."""
    with server.tcp_socket() as peer:
        peer.sendall(framed(wire) + framed(plain_query(server)))
        peer.shutdown(socket.SHUT_WR)
        data = wait_closed(peer)
    assert data == b"" or rcode(data[2:]) == dns.rcode.NOERROR


def test_tcp_an_idle_connection_is_closed(server):
    with server.tcp_socket() as peer:
        peer.settimeout(DEADLINE)
        assert wait_closed(peer) == b""


def test_tcp_an_idle_connection_with_half_a_query_is_closed(server):
    with server.tcp_socket() as peer:
        peer.sendall(framed(plain_query(server))[:5])
        assert wait_closed(peer) == b""


def test_tcp_one_who_never_reads_loses_only_his_own_connection(server):
    query = framed(plain_query(server, "big", "TXT"))
    with server.tcp_socket() as peer:
        peer.settimeout(DEADLINE)
        with pytest.raises(OSError):
            # Ends with a reset, or when the deadline shows that nobody takes the bytes any more.
            peer.settimeout(2)
            for _ in range(100000):
                peer.sendall(query * 20)
        assert server.dns("static", "A", "tcp").rcode() == dns.rcode.NOERROR
        assert server.dns("static", "A", "udp").rcode() == dns.rcode.NOERROR


def test_tcp_many_connections_and_still_room_for_one_more(server):
    """At the bound the oldest idle one goes, not the newcomer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    peers = []
    try:
        for _ in range(3000):
            peers.append(server.tcp_socket())
        for _ in range(8):
            assert server.dns("static", "A", "tcp").rcode() == dns.rcode.NOERROR
    finally:
        for peer in peers:
            peer.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    # And afterwards as if nothing had been.
    assert server.dns("static", "A", "tcp").rcode() == dns.rcode.NOERROR


# --- before store is there ---

def test_without_store_static_names_are_answered_and_others_servfail(folder):
    """NXDOMAIN would be remembered by a resolver, and hide a challenge that store knows of."""
    daemon = Daemon(folder, "dnsd").start()
    answer = daemon.dns("", "A")
    assert answer.answer[0][0].to_text() == "198.51.100.1"
    for transport in TRANSPORTS:
        answer = daemon.dns("nobody", "TXT", transport)
        assert answer.rcode() == dns.rcode.SERVFAIL
        assert daemon.dns("example.net.", "A", transport).rcode() == dns.rcode.REFUSED
    assert daemon.terminate() == 0


@pytest.mark.parametrize("protocols, open_one, closed_one", [(["udp"], "udp", "tcp"), (["tcp"], "tcp", "udp")])
def test_protocols(folder, protocols, open_one, closed_one):
    daemon = Daemon(folder, "dnsd", dns={"protocols": protocols}).start()
    assert daemon.dns("", "A", open_one).rcode() == dns.rcode.NOERROR
    with pytest.raises(ConnectionRefusedError):
        with daemon.udp_socket() if closed_one == "udp" else daemon.tcp_socket() as peer:
            peer.send(b"x")
            peer.recv(1)
    assert daemon.terminate() == 0


def test_values_of_other_accounts_do_not_mix(server):
    accounts = [server.register() for _ in range(20)]
    values = [server.set_value(account, random_txt()) for account in accounts]
    assert [server.txt(account["subdomain"]) for account in accounts] == [[value] for value in values]
