"""What the DNS server says beside the answer: cookies, who it is, why not, and how long to stay."""

import dns.edns
import dns.message
import dns.rcode

from protocol import DELTA, HELLO, HELLO_ANSWER, SNAPSHOT_BEGIN, hand_over, hello, message, name, snapshot_end
from sallyport import Daemon, wait_until

NSID, COOKIE, KEEPALIVE, ERROR = 3, 10, 11, 15
NOT_AUTHORITATIVE, NOT_READY, STALE, STALE_NXDOMAIN = 20, 14, 3, 19
FIRST, SECOND = "e5e973e5a6b2a43f48e7dc849e37bfcf", "445536bcd2513298075a5d379663c962"
CLIENT = bytes(range(8))


def start(folder, **dns_keys):
    return Daemon(folder, "dnsd", dns={"workers": 1} | dns_keys).start()


def option(code, data=b""):
    return dns.edns.GenericOption(code, data)


def options_of(answer):
    return {int(given.otype): given.to_wire() for given in answer.options}


def options(daemon, *asked, transport="udp", label="", rdtype="A"):
    return options_of(daemon.dns(label, rdtype, transport, use_edns=0, options=list(asked)))


def learn_cookie(daemon, cookie=CLIENT, transport="udp"):
    given = options(daemon, option(COOKIE, cookie), transport=transport)[COOKIE]
    assert len(given) == 24 and given[:8] == CLIENT
    return given


def is_believed(daemon, cookie, transport="udp"):
    """A young cookie comes back as it is, a wrong one does not."""
    return learn_cookie(daemon, cookie, transport) == cookie


def test_cookies_of_a_shared_secret(folder):
    here = start(folder / "here", cookies={"secrets": [FIRST]})
    there = start(folder / "there", cookies={"secrets": [SECOND, FIRST]})
    stranger = start(folder / "stranger")
    cookie = learn_cookie(here)
    assert is_believed(here, cookie) and not is_believed(stranger, cookie)
    # The second secret is believed, but what it made is exchanged for a cookie of the first.
    assert not is_believed(there, cookie)
    forged = cookie[:-1] + bytes([cookie[-1] ^ 1])
    assert not is_believed(here, forged)
    assert here.dns("", "A", use_edns=0, options=[option(COOKIE, b"short")]).rcode() == dns.rcode.FORMERR


def test_cookies_over_tcp_are_those_of_udp(folder):
    daemon = start(folder)
    assert is_believed(daemon, learn_cookie(daemon, transport="tcp"), "udp")


def test_a_cookie_without_a_question(folder):
    """Who wants nothing but a cookie gets one; shown a wrong one the answer is BADCOOKIE (RFC 7873, 5.4)."""
    daemon = start(folder)
    made = learn_cookie(daemon)
    for transport in ("udp", "tcp"):
        for cookie, rcode in ((CLIENT, dns.rcode.NOERROR), (made, dns.rcode.NOERROR),
                              (made[:-1] + bytes([made[-1] ^ 1]), dns.rcode.BADCOOKIE)):
            query = dns.message.Message()
            query.use_edns(0, options=[option(COOKIE, cookie)])
            answer = daemon.dns_message(query, transport)
            assert (answer.rcode(), answer.question, answer.answer) == (rcode, [], [])
            assert options_of(answer)[COOKIE][:8] == CLIENT


def test_cookies_can_be_switched_off(folder):
    daemon = start(folder, cookies={"enabled": False})
    assert options(daemon, option(COOKIE, CLIENT)) == {}


def test_who_the_server_is(folder):
    daemon = start(folder, nsid="site 7", identity={"version": "none of yours", "id": "seven"})
    assert options(daemon, option(NSID)) == {NSID: b"site 7"}
    assert options(daemon) == {}
    for chaos, text in {"version.bind.": "none of yours", "version.server.": "none of yours",
                        "id.server.": "seven", "hostname.bind.": None}.items():
        answer = daemon.dns_message(daemon.question(chaos, "TXT", "CH"))
        if text is None:
            assert answer.rcode() == dns.rcode.REFUSED
        else:
            assert answer.answer[0].to_text() == f'{chaos} 0 CH TXT "{text}"'


def test_the_size_and_the_serial_are_those_configured(folder):
    daemon = Daemon(folder, "dnsd", dns={"edns_size": 1400})
    daemon.configuration["zone"]["serial"] = 4294967295
    daemon.write_configuration()
    answer = daemon.start().dns("", "SOA", use_edns=0, payload=4096)
    assert (answer.payload, answer.answer[0][0].serial) == (1400, 4294967295)


def test_how_long_a_connection_may_idle(folder):
    daemon = start(folder, tcp={"idle_timeout": 7})
    assert options(daemon, option(KEEPALIVE), transport="tcp")[KEEPALIVE] == (70).to_bytes(2, "big")
    assert options(daemon, option(KEEPALIVE)) == {}


def greeted(daemon):
    link = hand_over(daemon)
    kind, number, _ = link.receive()
    assert kind == HELLO
    link.send(message(HELLO_ANSWER, hello("dnsd"), number))
    return link


def test_why_not_and_what_may_be_stale(folder):
    daemon = start(folder)

    def error(label):
        given = options(daemon, label=label, rdtype="TXT").get(ERROR)
        return None if given is None else int.from_bytes(given[:2], "big")

    assert (error("example.net."), error("a")) == (NOT_AUTHORITATIVE, NOT_READY)
    link = greeted(daemon)
    link.send(message(SNAPSHOT_BEGIN, bytes(8)))
    link.send(snapshot_end(0))
    link.send(message(DELTA, name(b"a", [b"v" * 43]), 1))
    wait_until(lambda: daemon.dns("a", "TXT").rcode() == dns.rcode.NOERROR, "the new name")
    assert (error("a"), error("b"), error("")) == (None, None, None)
    link.close()
    wait_until(lambda: error("a") == STALE, "what is known counts as stale")
    assert (error("b"), error(""), error("example.net.")) == (STALE_NXDOMAIN, None, NOT_AUTHORITATIVE)
