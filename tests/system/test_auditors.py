"""Programs of others that look for what is wrong with a DNS server: nmap, tshark and Zonemaster."""

import subprocess

import dns.flags
import pytest

from capture import Capture
from network import network_of_our_own
from sallyport import ZONE, Server, random_txt

FUZZ_SECONDS = 60
# Capturing takes root, and so do nmap's scan of a UDP port and a network of one's own.
pytestmark = pytest.mark.root

@pytest.fixture
def server(folder):
    """Not shared: its port is captured, and nothing else must pass over it."""
    with Server(folder / "server") as running:
        yield running


def test_nmap_does_not_upset_the_server(server, folder):
    pids = server.pids()
    with Capture(folder, server) as capture:
        shown = subprocess.run(
            ["nmap", "-n", "-Pn", "-sU", "-p", str(server.dns_port), "--script", "+dns-fuzz",
             "--script-args", f"dns-fuzz.timelimit={FUZZ_SECONDS}s", "127.0.0.1"],
            capture_output=True, text=True, check=True).stdout
    print(shown)
    assert "dns-fuzz: The server seems impervious to our assault." in shown
    assert server.pids() == pids
    capture.check_answers(FUZZ_SECONDS)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_tshark_finds_no_malformed_answer(server, folder, transport):
    account = server.register()
    names = [account["subdomain"], "missing", "below." + account["subdomain"], ""]
    types = ["A", "AAAA", "ANY", "AXFR", "CAA", "CNAME", "DNSKEY", "DS", "MX", "NS", "SOA", "TXT"]
    options = [{}, {"use_edns": 0, "payload": 512}, {"use_edns": 0, "payload": 4096,
                                                   "want_dnssec": True}, {"use_edns": 1},
               {"flags": dns.flags.RD | dns.flags.CD}]
    with Capture(folder, server) as capture:
        for _ in range(3):
            server.set_value(account, random_txt())
            for name in names:
                for rdtype in types:
                    for option in options:
                        server.dns(name, rdtype, transport, **option)
    capture.check_answers(3 * len(names) * len(types) * len(options))


# Zonemaster insists on port 53, on two servers, and on their names.
SERVERS = {f"ns1.{ZONE}": "127.0.1.1", f"ns2.{ZONE}": "127.0.2.1"}
# That they are on loopback, and that nobody answers for the names of loopback's addresses.
OF_LOOPBACK = {"address01", "address02"}


def audit(folder, zone):
    """What Zonemaster says of a zone: {(test case, level)}. It holds a root that nobody serves."""
    hints = folder / "root.hints"
    hints.write_text(". 3600 IN NS a.root.test.\na.root.test. 3600 IN A 127.0.9.9\n")
    options = [word for name, address in SERVERS.items() for word in ("--ns", f"{name}/{address}")]
    shown = subprocess.run(
        ["zonemaster-cli", "--hints", hints, "--no-ipv6", "--no-progress", "--level", "INFO", "--raw",
         "--show-testcase", *options, zone], capture_output=True, text=True, check=True).stdout
    print(shown)
    lines = [line.split() for line in shown.splitlines()]
    return {(words[2].lower(), words[1]) for words in lines if len(words) > 3}


def test_zonemaster_has_no_more_to_say_than_loopback_causes(folder):
    records = [f"{ZONE}. A 127.0.1.1", f"{ZONE}. MX 10 ns1.{ZONE}."]
    for name, address in SERVERS.items():
        records += [f"{ZONE}. NS {name}.", f"{name}. A {address}"]
    with network_of_our_own():
        server = Server(folder / "server", records=records)
        server.configuration["zone"]["nameserver"] = f"ns1.{ZONE}"
        server.configuration["dns"]["listen"] += [f"{address}:53" for address in SERVERS.values()]
        server.write_configuration()
        with server:
            found = audit(folder, ZONE)
    assert len({case for case, _ in found}) >= 30
    assert {case for case, level in found if level in ("WARNING", "ERROR", "CRITICAL")} <= OF_LOOPBACK
