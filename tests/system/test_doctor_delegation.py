"""
`sallyport doctor` on a small internet with a parent zone and a resolver: what it says of a zone that is delegated rightly, and of each of the
usual mistakes.
"""

import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios

import pytest

from internet import HERE, HERE_TOO, NOWHERE, RESOLVER, internet, zone
from network import network_of_our_own
from sallyport import NOBODY, SALLYPORT, Configured, Server

pytestmark = pytest.mark.root

NAME = "auth.example.org"


def delegated(name, *lines):
    return "".join(f"{line}\n" for line in (f"{name}. 60 IN NS ns1.{name}.", *lines))


# One zone for each mistake that is made above it.
PARENT = zone("example.org", "".join([
    delegated(NAME, f"ns1.{NAME}. 60 IN A {HERE}", f"ns1.{NAME}. 60 IN AAAA {HERE_TOO}"),
    delegated("noglue.example.org"),
    delegated("otherglue.example.org", f"ns1.otherglue.example.org. 60 IN A {NOWHERE}"),
    delegated("signed.example.org", f"ns1.signed.example.org. 60 IN A {HERE}",
              "signed.example.org. 60 IN DS 4711 13 2 " + "ab" * 32),
    delegated("private.example.org", "ns1.private.example.org. 60 IN A 10.1.2.3"),
    delegated("model.example.org", "ns1.model.example.org. 60 IN A 192.0.2.100"),
    "outside.example.org. 60 IN NS here.example.org.\n"
    f"here.example.org. 60 IN A {HERE}\n",
    "alias.example.org. 60 IN NS elsewhere.example.org.\n"
    "elsewhere.example.org. 60 IN CNAME here.example.org.\n",
    "unknown.example.org. 60 IN NS nobody.example.org.\n",
    "extra.example.org. 60 IN NS here.example.org.\nextra.example.org. 60 IN NS ns1.example.org.\n",
]))
ZONES = {"example.org": PARENT, "example.com": zone("example.com", ""),
         "served.example.org": zone("served.example.org", "")}


def records(name, address=HERE):
    return [f"{name}. NS ns1.{name}.", f"ns1.{name}. A {address}"]


SIT_ON_PORT = """
import socket, sys
for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
    taken = socket.socket(socket.AF_INET, kind)
    taken.bind((sys.argv[1], 53))
    if kind == socket.SOCK_STREAM:
        taken.listen()
    sys.kept = [*getattr(sys, "kept", []), taken]
print("ready", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def process_at(folder, name, address):
    """A process of this name has port 53 of the address."""
    program = shutil.copy(os.path.realpath(sys.executable), folder / name)
    with subprocess.Popen([program, "-I", "-c", SIT_ON_PORT, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield process.pid
        process.stdin.close()


@pytest.fixture(scope="module")
def net(module_folder):
    with internet(module_folder, ZONES):
        yield


@pytest.fixture(scope="module")
def server(module_folder, net):
    """The right one; its configuration is that of the docs."""
    with Server(module_folder / "server", records=[*records(NAME), f"ns1.{NAME}. AAAA {HERE_TOO}"],
                zone_keys={"nameserver": f"ns1.{NAME}"},
                dns={"listen": [f"{HERE}:53", f"[{HERE_TOO}]:53"], "nsid": "the right one"}) as running:
        yield running


class Findings:
    def __init__(self, done):
        self.code = done.returncode
        self.all = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.stderr == "", done.stderr

    def ids(self, level):
        return {finding["id"] for finding in self.all if finding["level"] == level}

    def of(self, kind):
        found = [finding for finding in self.all if finding["id"] == kind]
        assert found, f"no {kind} in {self.all}"
        return found[0]

    def fix(self, kind):
        return self.of(kind)["fix"]


def examine(configured, *options, **more):
    return Findings(configured.command("doctor", "--json", "--resolver", RESOLVER, *options, **more))


def elsewhere(folder, name, lines=None, **overrides):
    """A configuration of a server that does not run, for a zone that somebody has delegated somehow."""
    return Configured(folder, [SALLYPORT, "run"], zone=name, records=records(name) if lines is None else lines,
                      **{"dns": {"listen": [f"{NOWHERE}:53"]}, **overrides})


# --- a zone that is delegated rightly ---

def test_all_is_well(server):
    found = examine(server)
    assert found.ids("wrong") | found.ids("warning") == set()
    assert found.code == 0
    assert {"server.runs", "port.ours", "delegation.there", "delegation.glue", "address.ours"} <= found.ids("ok")
    assert found.of("delegation.there")["text"] == "example.org delegates auth.example.org (2 of its servers asked)"
    assert found.of("value.resolved")["text"] == f"the resolver {RESOLVER}:53 finds the test value: the world is led here"
    assert all("it has the test value" in finding["text"] for finding in found.all if finding["id"] == "address.ours")
    # Both addresses over both transports.
    assert [finding["text"].split(",")[0] for finding in found.all if finding["id"] == "address.ours"] == [
        f"{HERE} answers over UDP and TCP", f"{HERE_TOO} answers over UDP and TCP"]
    assert len([finding for finding in found.all if finding["id"] == "port.ours"]) == 4


def test_for_people(server):
    done = server.command("doctor", "--resolver", RESOLVER)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "This machine"
    assert f"  ok       dnsd has {HERE}:53 over UDP and answers for the zone" in done.stdout
    assert "\nThe delegation of auth.example.org\n" in done.stdout
    assert done.stdout.endswith("\nNothing is wrong.\n")


def test_in_a_terminal(server):
    """Text keeps within its width, in colours."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 60, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "", "ASAN_OPTIONS": "detect_leaks=0"}
    with subprocess.Popen([SALLYPORT, "doctor", "-c", server.file, "--resolver", RESOLVER], stdout=child,
                          env=environment) as process, open(parent, "rb", buffering=0) as terminal:
        os.close(child)
        told = b""
        # The end of a terminal is an error (EIO).
        with contextlib.suppress(OSError):
            while data := terminal.read(4096):
                told += data
        assert process.wait() == 0
    assert b"\033[32mok " in told
    lines = re.sub(rb"\033\[[0-9;]*m", b"", told).splitlines()
    assert 50 < max(map(len, lines)) <= 60, lines


def test_without_root_less_is_seen(server):
    """Nothing that root alone can see is called wrong."""
    found = examine(server, uid=NOBODY)
    assert found.ids("wrong") == set() and found.code == 0
    assert "server.unseen" in found.ids("unknown")
    assert "as root you would see" in found.of("port.ours")["text"]
    assert {"delegation.there", "address.ours"} <= found.ids("ok")


# --- the zone above ---

def test_no_delegation(folder, net):
    found = examine(elsewhere(folder, "missing.example.org"))
    assert found.fix("delegation.missing") == [
        "; in the zone example.org, where that is kept",
        "missing.example.org.  NS  ns1.missing.example.org.", f"ns1.missing.example.org.  A  {HERE}"]
    assert found.code == 1


def test_no_records_at_all(folder, net):
    """As the package's configuration is when only zone.name is set: the lines name what this machine has."""
    found = examine(elsewhere(folder, "missing.example.org", []))
    assert found.fix("records.no_ns")[1:4] == [
        "zone:", "  records:", '    - "missing.example.org.  NS  missing.example.org."']
    assert f"missing.example.org.  A  {HERE}" in found.fix("delegation.missing")


def test_no_glue(folder, net):
    found = examine(elsewhere(folder, "noglue.example.org"))
    assert found.fix("delegation.no_glue") == [
        "; in the zone example.org, beside the NS record", f"ns1.noglue.example.org.  A  {HERE}"]


def test_glue_of_another_address(folder, net):
    found = examine(elsewhere(folder, "otherglue.example.org"))
    assert found.of("delegation.other_glue")["level"] == "warning"
    assert f"ns1.otherglue.example.org.  A  {HERE}" in found.fix("delegation.other_glue")
    assert f'    - "ns1.otherglue.example.org.  A  {NOWHERE}"' in found.fix("delegation.other_glue")


def test_a_ds_record_for_a_zone_that_is_not_signed(folder, net):
    assert "signed.example.org.  DS  ..." in examine(elsewhere(folder, "signed.example.org")).fix("delegation.ds")


def test_a_private_address(folder, net):
    found = examine(elsewhere(folder, "private.example.org", records("private.example.org", "10.1.2.3")))
    assert found.of("delegation.private_address")["level"] == "warning"


def test_an_address_out_of_the_manual(folder, net):
    found = examine(elsewhere(folder, "model.example.org", records("model.example.org", "192.0.2.100")))
    assert {"records.example_address", "delegation.example_address"} <= found.ids("wrong")


def test_the_parent_serves_the_zone_itself(folder, net):
    found = examine(elsewhere(folder, "served.example.org"))
    assert found.fix("delegation.served")[0] == "; take the zone served.example.org away there, and put this into example.org"


def test_a_name_server_outside_the_zone(folder, server):
    found = examine(elsewhere(folder, "outside.example.org", ["outside.example.org. NS here.example.org."]))
    assert found.of("delegation.address")["text"] == f"here.example.org is at {HERE}"
    # Sallyport is there, with another zone.
    assert "address.no_zone" in found.ids("wrong")
    assert '(it calls itself "the right one"); it is not' in found.of("address.no_zone")["text"]


def test_a_name_server_that_is_an_alias(folder, net):
    found = examine(elsewhere(folder, "alias.example.org", ["alias.example.org. NS elsewhere.example.org."]))
    assert f"elsewhere.example.org.  A  {HERE}" in found.fix("delegation.alias")


def test_a_name_server_without_an_address(folder, net):
    found = examine(elsewhere(folder, "unknown.example.org", ["unknown.example.org. NS nobody.example.org."]))
    assert "delegation.no_address" in found.ids("wrong")


def test_other_name_servers_than_ours(folder, net):
    found = examine(elsewhere(folder, "extra.example.org", [
        "extra.example.org. NS here.example.org.", "extra.example.org. NS ns3.extra.example.org.",
        f"ns3.extra.example.org. A {HERE}"]))
    assert found.fix("delegation.other_ns")[1] == '    - "extra.example.org.  NS  ns1.example.org."'
    assert found.fix("delegation.missing_ns")[1] == "extra.example.org.  NS  ns3.extra.example.org."


def test_only_one_server_of_the_parent_knows(folder):
    with internet(folder, ZONES, {"example.org": zone("example.org", "")}):
        found = examine(elsewhere(folder / "server", "private.example.org"))
    assert found.of("delegation.partly")["text"].startswith("ns2.example.org (5.1.0.2) ")
    assert "delegation.there" in found.ids("ok")


# --- nothing to be known of it ---

def test_the_domain_does_not_exist(folder, net):
    found = examine(elsewhere(folder, "auth.example.net"))
    assert found.of("delegation.no_parent")["text"].startswith("example.net, in which the zone lies, does not exist")


def test_no_internet(folder, server):
    """A resolver that is not there is no evidence of anything."""
    found = Findings(server.command("doctor", "--json", "--resolver", NOWHERE))
    assert found.of("resolver.silent")["level"] == "unknown"
    assert found.ids("wrong") == set() and found.code == 0


def test_servers_of_the_parent_that_cannot_be_reached(folder, net):
    found = examine(elsewhere(folder, "auth.dark.test"))
    assert found.ids("wrong") >= {"server.absent"}
    assert not any(kind.startswith("delegation.") for kind in found.ids("wrong"))


# --- this machine ---

def test_systemd_resolved_has_the_port(folder):
    """As on an Ubuntu, where 0.0.0.0:53 cannot be had because 127.0.0.53:53 is taken."""
    configured = elsewhere(folder / "server", NAME, dns={"listen": ["0.0.0.0:53"]})
    with network_of_our_own(HERE), process_at(folder, "systemd-resolve", "127.0.0.53") as pid:
        found = examine(configured)
    taken = found.of("port.taken")
    assert taken["text"] == f"0.0.0.0:53 over UDP is not ours: systemd-resolve (process {pid}) has 127.0.0.53:53"
    assert f'  listen: ["{HERE}:53"]' in taken["fix"]
    assert "DNSStubListener=no" in taken["fix"] and "systemctl restart systemd-resolved" in taken["fix"]


def test_systemd_resolved_beside_us_is_no_hindrance(folder):
    configured = Server(folder / "server", zone=NAME, records=records(NAME), dns={"listen": [f"{HERE}:53"]})
    with network_of_our_own(HERE), process_at(folder, "systemd-resolve", "127.0.0.53"), configured:
        found = examine(configured)
    assert "port.ours" in found.ids("ok") and found.ids("wrong") == set()


def test_another_server_has_the_port(folder):
    configured = elsewhere(folder / "server", NAME, dns={"listen": [f"{HERE}:53"]})
    with network_of_our_own(HERE), process_at(folder, "dnsmasq", "0.0.0.0") as pid:
        found = examine(configured)
    taken = found.of("port.taken")
    assert taken["text"] == f"{HERE}:53 over UDP is not ours: dnsmasq (process {pid}) has 0.0.0.0:53"
    assert not any("resolved" in line for line in taken["fix"])


def test_another_server_where_the_world_asks(folder, server):
    """Asked is what runs there: the same zone, of a server with another SOA."""
    configured = Server(folder, zone=NAME, records=[*records(NAME), f"ns1.{NAME}. AAAA {HERE_TOO}"],
                        zone_keys={"serial": 7}, dns={"listen": [f"{NOWHERE}:53"]})
    with configured:
        found = examine(configured)
    assert "address.other" in found.ids("wrong")


def test_another_server_with_the_same_soa(folder, server):
    """What tells them apart is the value that only the server here can know."""
    configured = Server(folder, zone=NAME, records=[*records(NAME), f"ns1.{NAME}. AAAA {HERE_TOO}"],
                        zone_keys={"nameserver": f"ns1.{NAME}"}, dns={"listen": [f"{NOWHERE}:53"]})
    with configured:
        found = examine(configured)
    assert {finding["text"].split(" over ")[0] for finding in found.all if finding["id"] == "address.other"} == {
        HERE, HERE_TOO}
    assert 'it does not have the test value (it calls itself "the right one")' in found.of("address.other")["text"]
    assert found.of("value.lost")["level"] == "warning"


def test_a_value_that_dnsd_is_not_given(folder, net):
    """What our own server does not show is no evidence against it."""
    with Server(folder, zone=NAME, records=records(NAME), zone_keys={"nameserver": f"ns1.{NAME}"},
                dns={"listen": [f"{NOWHERE}:53"]}) as configured:
        store = configured.pids()["store"]
        os.kill(store, signal.SIGSTOP)
        try:
            found = examine(configured)
        finally:
            os.kill(store, signal.SIGCONT)
    assert found.of("value.none")["level"] == "unknown"
    assert "address.other" not in found.ids("wrong")


def test_only_one_transport(folder, net):
    configured = Server(folder, zone="otherglue.example.org", records=records("otherglue.example.org", NOWHERE),
                        dns={"listen": [f"{NOWHERE}:53"], "protocols": ["udp"]})
    with configured:
        found = examine(configured)
    silent = found.of("address.silent")
    assert silent["text"] == f"{NOWHERE} over TCP: nobody listens there; resolvers need it, and over UDP it works"
    assert silent["fix"][1:] == ["dns:", "  protocols: [udp, tcp]", "# then", "systemctl restart sallyport-dnsd"]


def test_no_port_that_the_world_asks_at(folder, net):
    found = examine(elsewhere(folder, "missing.example.org", dns={"listen": ["0.0.0.0:5300"]}))
    assert "port.not_53" in found.ids("warning")
    found = examine(elsewhere(folder / "b", "missing.example.org", dns={"listen": ["127.0.0.1:53"]}))
    assert "port.loopback" in found.ids("warning")


# --- arguments ---

def test_a_resolver_is_an_address(server):
    done = server.command("doctor", "--resolver", "dns.example.org")
    assert done.returncode == 2
    assert 'sallyport: --resolver: "dns.example.org" is no IP address, such as 9.9.9.9' in done.stderr
