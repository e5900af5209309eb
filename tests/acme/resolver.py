"""Resolvers that hold the parent zone example.test and reach Sallyport for its own zone.

Nothing they are asked leaves the machine: each holds the root itself, or has no way to it.
"""

import shutil

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from sallyport import free_port
from service import Service

QUERY_SECONDS = 10

# What a CA asks for when it checks example.test or *.example.test.
CHALLENGE = "_acme-challenge.example.test"

ROOT_ZONE = """
.                 3600 IN SOA  a.root.test. hostmaster.root.test. 1 7200 3600 86400 60
.                 3600 IN NS   a.root.test.
a.root.test.      3600 IN A    127.0.0.1
"""

PARENT_ZONE = """
example.test.     3600 IN SOA  ns.example.test. hostmaster.example.test. 1 7200 3600 86400 60
example.test.     3600 IN NS   ns.example.test.
ns.example.test.  3600 IN A    127.0.0.1
"""

DELEGATION = """
{zone}.           3600 IN NS   ns-of-{zone}.
ns-of-{zone}.     3600 IN A    127.0.0.1
"""


class Resolver(Service):
    """A resolver for `zone`, served on port `server_port`; `aliases` are CNAMEs of example.test.

    Each kind says how it is configured, and what a test has to know of it.
    """

    program = None
    follows_aliases = True  # asks for the target of a CNAME that another server answers with
    randomises_case = False  # mixes the case of every question by itself (0x20)
    forgets_at_once = True  # takes no answer of TTL 0 from its cache
    minimises = False  # asks with as few labels as it can (RFC 9156)
    can_insist_on_tcp = False  # `tcp` makes it ask over TCP alone

    def __init__(self, folder, zone, server_port, aliases=None, tcp=False):
        folder.mkdir()
        self.port = free_port()
        self.zone = zone
        self.server_port = server_port
        self.aliases = aliases or {}
        self.tcp = tcp
        (folder / "root.zone").write_text(ROOT_ZONE + DELEGATION.format(zone=zone))
        (folder / "example.test.zone").write_text(PARENT_ZONE + "".join(
            f"{owner}. 1 IN CNAME {target}.\n" for owner, target in self.aliases.items()))
        # AppArmor's profile for a packaged path would forbid a configuration in our folder.
        program = shutil.copy(self.program, folder)
        super().__init__(folder, [program, *self.configure(folder)], "resolver.log")

    def configure(self, folder):
        """Writes the configuration; returns the program's arguments."""
        raise NotImplementedError

    def answers(self):
        try:
            return bool(self.ask("example.test", "SOA", seconds=0.2).answer)
        except (dns.exception.DNSException, OSError):
            return False

    def ask(self, qname, rdtype, seconds=QUERY_SECONDS):
        """The response to a recursive query."""
        query = dns.message.make_query(qname, rdtype)
        return dns.query.udp(query, "127.0.0.1", port=self.port, timeout=seconds)

    def txt(self, qname):
        """The values of the TXT rrset at the end of the chain, sorted."""
        return sorted(b"".join(record.strings).decode()
                      for rrset in self.ask(qname, "TXT").answer
                      if rrset.rdtype == dns.rdatatype.TXT
                      for record in rrset)


class Unbound(Resolver):
    """With a stub zone, and strict: a negative answer for the labels in between is final."""

    program = "/usr/sbin/unbound"
    randomises_case = True
    minimises = True
    can_insist_on_tcp = True
    cached = True

    def configure(self, folder):
        file = folder / "unbound.conf"
        file.write_text(UNBOUND.format(
            folder=folder, port=self.port, zone=self.zone, server_port=self.server_port,
            tcp="yes" if self.tcp else "no", no_cache="no" if self.cached else "yes"))
        return ["-d", "-c", file]


class ForgetfulUnbound(Unbound):
    """Asks Sallyport every time, as a CA does."""

    cached = False


UNBOUND = """
server:
    verbosity: 1
    use-syslog: no
    logfile: ""
    do-daemonize: no
    username: ""
    chroot: ""
    pidfile: ""
    directory: "{folder}"
    interface: 127.0.0.1
    port: {port}
    so-reuseport: no
    do-ip6: no
    outgoing-interface: 127.0.0.1
    do-not-query-localhost: no
    local-zone: "test." nodefault
    module-config: "iterator"
    use-caps-for-id: yes
    qname-minimisation: yes
    qname-minimisation-strict: yes
    tcp-upstream: {tcp}
remote-control:
    control-enable: no
auth-zone:
    name: "."
    zonefile: "root.zone"
    for-downstream: no
    for-upstream: yes
    fallback-enabled: no
auth-zone:
    name: "example.test."
    zonefile: "example.test.zone"
    for-downstream: no
    for-upstream: yes
    fallback-enabled: no
stub-zone:
    name: "{zone}."
    stub-addr: 127.0.0.1@{server_port}
    stub-no-cache: {no_cache}
"""


class Bind(Resolver):
    """Follows the delegation in its root; `port` is the one that it asks every server at."""

    program = "/usr/sbin/named"
    minimises = True
    can_insist_on_tcp = True

    def configure(self, folder):
        file = folder / "named.conf"
        file.write_text(BIND.format(folder=folder, port=self.port, server_port=self.server_port,
                                    tcp="yes" if self.tcp else "no"))
        return ["-4", "-g", "-n", "1", "-c", file]


BIND = """
options {{
    directory "{folder}";
    port {server_port};
    listen-on port {port} {{ 127.0.0.1; }};
    query-source address 127.0.0.1;
    pid-file none;
    session-keyfile none;
    recursion yes;
    dnssec-validation no;
    qname-minimization strict;
    empty-zones-enable no;
    notify no;
    max-cache-size 16m;
}};
controls {{ }};
server 127.0.0.1 {{ tcp-only {tcp}; }};
zone "." {{ type primary; file "root.zone"; }};
zone "example.test" {{ type primary; file "example.test.zone"; }};
"""


class Recursor(Resolver):
    """PowerDNS Recursor. Its settings are arguments, which all versions read alike.

    It neither mixes the case nor can be told to ask over TCP alone.
    """

    program = "/usr/sbin/pdns_recursor"
    minimises = True

    def configure(self, folder):
        settings = {
            "config-dir": folder,
            "socket-dir": folder,
            "local-address": "127.0.0.1",
            "local-port": self.port,
            "query-local-address": "127.0.0.1",
            "auth-zones": f".={folder}/root.zone,example.test={folder}/example.test.zone",
            "forward-zones": f"{self.zone}=127.0.0.1:{self.server_port}",
            "dont-query": "",
            "dnssec": "off",
            "disable-packetcache": "yes",
            "minimum-ttl-override": 0,
            "qname-minimization": "yes",
            "threads": 1,
            "security-poll-suffix": "",
            "hint-file": "no",
            "daemon": "no",
            "write-pid": "no",
        }
        return [f"--{name}={value}" for name, value in settings.items()]


class Kresd(Resolver):
    """Knot Resolver, forwarding to Sallyport.

    It follows delegations to port 53 alone. Where it is told whom to ask, it asks the full name, and
    holds whoever it asks responsible for the whole chain: on another port there is neither
    minimisation nor an alias to be seen. It counts the age of what it keeps in whole seconds.
    """

    program = "/usr/sbin/kresd"
    follows_aliases = False
    forgets_at_once = False
    randomises_case = True
    can_insist_on_tcp = True

    def configure(self, folder):
        file = folder / "kresd.conf"
        file.write_text(KRESD.format(port=self.port, zone=self.zone, server_port=self.server_port,
                                     flags="'TCP'" if self.tcp else ""))
        return ["-n", "-c", file, folder]

    def answers(self):
        """What it was not told of it denies, which is an answer."""
        try:
            return bool(self.ask("example.test", "SOA", seconds=0.2))
        except (dns.exception.DNSException, OSError):
            return False


KRESD = """
net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})
net.ipv6 = false
modules.unload('priming')
modules.unload('detect_time_skew')
trust_anchors.remove('.')
cache.size = 16 * MB
cache.min_ttl(0)
policy.add(policy.suffix(policy.FLAGS({{ {flags} }}), policy.todnames({{ '{zone}.' }})))
policy.add(policy.suffix(policy.FORWARD('127.0.0.1@{server_port}'), policy.todnames({{ '{zone}.' }})))
policy.add(policy.all(policy.DENY))
"""


RESOLVERS = [Unbound, Bind, Recursor, Kresd]
