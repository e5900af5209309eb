"""
A small internet in a network of its own, all of it on loopback: a root and the zones below it, served by NSD as Debian
ships it, and a resolver, unbound, that knows nothing but the root's address. Every server is asked at port 53 of an
address of its own; what is signed is signed by ldns. Needs root.
"""

import contextlib
import functools
import os
import shutil
import signal
import subprocess

import dns.exception
import dns.message
import dns.query

import sallyport
from network import network_of_our_own

ROOT_SERVER = "5.0.0.1"
RESOLVER = "5.0.0.9"
PARENT_SERVERS = {"ns1.example.org": "5.1.0.1", "ns2.example.org": "5.1.0.2"}
# Where Sallyport is, and where nobody is.
HERE, HERE_TOO, NOWHERE = "5.2.0.1", "2a0e::1", "5.3.0.3"
# Addresses that this machine does not have: what is sent there finds no way.
ADDRESSES = [ROOT_SERVER, RESOLVER, *PARENT_SERVERS.values(), HERE, HERE_TOO, NOWHERE]

SOA = "{zone} 60 IN SOA ns1.example.org. hostmaster.example.org. {serial} 7200 3600 86400 60\n"

ROOT_ZONE = SOA.format(zone=".", serial=1) + f"""
. 60 IN NS a.root-servers.test.
a.root-servers.test. 60 IN A {ROOT_SERVER}
""" + "".join(f"example.{top}. 60 IN NS ns1.example.org.\n" for top in ("org", "com")) + "".join(
    f"example.org. 60 IN NS {name}.\n{name}. 60 IN A {address}\n" for name, address in PARENT_SERVERS.items()) + f"""
dark.test. 60 IN NS ns.dark.test.
ns.dark.test. 60 IN A {NOWHERE}
"""


def zone(name, records, serial=1):
    """The text of a zone that both of the parent's servers serve."""
    return (SOA.format(zone=f"{name}.", serial=serial) + "".join(
        f"{name}. 60 IN NS {server}.\n" for server in PARENT_SERVERS) + (
        "".join(f"{server}. 60 IN A {address}\n" for server, address in PARENT_SERVERS.items())
        if name == "example.org" else "") + records)


def signed(folder, name, text, ended=False):
    """The zone's text with signatures, which have `ended` long ago, its key's record, and that for the zone above."""
    folder.mkdir()
    run = functools.partial(subprocess.run, cwd=folder, check=True, capture_output=True, text=True)
    key = run(["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", name]).stdout.strip()
    (folder / "zone").write_text(text)
    run(["ldns-signzone", "-o", name, *(["-i", "20200101", "-e", "20200201"] if ended else []), "-f", "signed", "zone", key])
    return (folder / "signed").read_text(), *((folder / f"{key}{end}").read_text().split(";")[0].strip() for end in (".key", ".ds"))


class Nsd(sallyport.Program):
    """Serves some zones, given as {name: text}, at some addresses."""

    def __init__(self, folder, addresses, zones):
        folder.mkdir()
        self.addresses = addresses
        self.zones = zones
        for number, text in enumerate(zones.values()):
            (folder / f"zone{number}").write_text(text)
        file = folder / "nsd.conf"
        file.write_text(self.configuration(folder))
        # AppArmor's profile for a packaged path would forbid a configuration in our folder.
        super().__init__(folder, [shutil.copy("/usr/sbin/nsd", folder), "-d", "-c", file], "nsd.log")

    def configuration(self, folder):
        return "server:\n" + "".join(f"    ip-address: {address}\n" for address in self.addresses) + f"""
    server-count: 1
    username: ""
    database: ""
    zonesdir: "{folder}"
    xfrdir: "{folder}"
    xfrdfile: "{folder}/xfrd.state"
    zonelistfile: "{folder}/zone.list"
    pidfile: "{folder}/pid"
    rrl-ratelimit: 0
remote-control:
    control-enable: no
""" + "".join(f'zone:\n    name: "{name}."\n    zonefile: "zone{number}"\n'.replace('".."', '"."')
              for number, name in enumerate(self.zones))

    def change(self, name, text):
        """Serves this text of a zone from now on; its serial has to be another one."""
        number = list(self.zones).index(name)
        self.zones[name] = text
        (self.folder / f"zone{number}").write_text(text)
        self.process.send_signal(signal.SIGHUP)

    def is_ready(self):
        assert self.runs(), f"NSD ended:\n{self.log()}"
        return answers(self.addresses[0], next(iter(self.zones)))

    def destroy(self):
        """NSD forks: its processes end when the first is told to; what is left is killed by its session."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(sallyport.DEADLINE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        super().destroy()


class Unbound(sallyport.Program):
    """The resolver, which remembers nothing for longer than it has to."""

    def __init__(self, folder, anchors):
        folder.mkdir()
        (folder / "root.hints").write_text(f". 60 IN NS a.root-servers.test.\na.root-servers.test. 60 IN A {ROOT_SERVER}\n")
        file = folder / "unbound.conf"
        file.write_text(f"""
server:
    use-syslog: no
    logfile: ""
    do-daemonize: no
    username: ""
    chroot: ""
    pidfile: ""
    directory: "{folder}"
    interface: {RESOLVER}
    access-control: 0.0.0.0/0 allow
    outgoing-interface: {RESOLVER}
    do-ip6: no
    local-zone: "test." nodefault
    root-hints: "root.hints"
    module-config: "validator iterator"
    ede: yes
    infra-host-ttl: 0
""" + "".join(f'    trust-anchor: "{anchor}"\n' for anchor in anchors) + """remote-control:
    control-enable: no
""")
        super().__init__(folder, [shutil.copy("/usr/sbin/unbound", folder), "-d", "-c", file], "unbound.log")

    def is_ready(self):
        assert self.runs(), f"unbound ended:\n{self.log()}"
        return answers(RESOLVER, "example.org")


def answers(address, name):
    query = dns.message.make_query(f"{name}." if name != "." else name, "SOA")
    try:
        return bool(dns.query.udp(query, address, timeout=1).answer)
    except (dns.exception.DNSException, OSError):
        return False


@contextlib.contextmanager
def internet(folder, zones, second=None, anchors=()):
    """
    `zones` are served by both of the parent's servers, or, where `second` is given, by the first one alone and those by
    the second. The resolver validates what is below `anchors`, keys of signed(). Gives the servers, of which the last one is the resolver.
    """
    servers = list(PARENT_SERVERS.values())
    first = [ROOT_SERVER, *(servers if second is None else servers[:1])]
    with network_of_our_own(*ADDRESSES):
        programs = [Nsd(folder / "nsd", first, {".": ROOT_ZONE, **zones})]
        if second is not None:
            programs.append(Nsd(folder / "nsd2", servers[1:], second))
        programs.append(Unbound(folder / "unbound", anchors))
        try:
            for program in programs:
                program.launch()
                sallyport.wait_until(program.is_ready, f"{program.arguments[0]} ready", pause=0.02)
            yield programs
        finally:
            for program in programs:
                program.destroy()
