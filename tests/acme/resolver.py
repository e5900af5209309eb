"""unbound as a recursive resolver that knows the parent zone and reaches Sallyport by a stub zone.

Nothing it is asked leaves the machine: it holds the root itself.
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

CONFIGURATION = """
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


class Resolver(Service):
    """A resolver for `zone`, served on port `server_port`; `aliases` are CNAMEs of example.test."""

    def __init__(self, folder, zone, server_port, aliases=None, cache=False):
        folder.mkdir()
        self.port = free_port()
        # AppArmor's profile for the packaged path would forbid a configuration in our folder.
        program = shutil.copy("/usr/sbin/unbound", folder / "unbound")
        file = folder / "unbound.conf"
        file.write_text(CONFIGURATION.format(
            folder=folder, port=self.port, zone=zone, server_port=server_port,
            no_cache="no" if cache else "yes"))
        (folder / "root.zone").write_text(ROOT_ZONE)
        (folder / "example.test.zone").write_text(PARENT_ZONE + "".join(
            f"{owner}. 1 IN CNAME {target}.\n" for owner, target in (aliases or {}).items()))
        super().__init__(folder, [program, "-d", "-c", file], "unbound.log")

    def answers(self):
        try:
            return bool(self.ask("example.test", "SOA", seconds=0.2).answer)
        except (dns.exception.Timeout, OSError):
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
