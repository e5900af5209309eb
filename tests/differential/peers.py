"""
NSD and Knot DNS as Debian ships them: one process each, one worker, one loopback port, everything they
write in one temporary folder. Their settings are their defaults except where the comment says why.
"""

import contextlib
import os
import signal
import subprocess

import sallyport

COOKIE_SECRET = "000102030405060708090a0b0c0d0e0f"
# What a server that says who it is says.
VERSION, IDENTITY, NSID = "none of yours", "number seven", "site 7"


class Peer(sallyport.Program):
    def __init__(self, folder, zone_text, is_named):
        folder.mkdir()
        self.is_named = is_named
        self.port = sallyport.free_port()
        self.zone_file = folder / "zone"
        self.zone_file.write_text(zone_text)
        self.file = folder / "configuration"
        self.file.write_text(self.configuration(folder))
        super().__init__(folder, self.command())

    def destroy(self):
        """NSD forks: its processes end when the first is told to; what is left is killed by its session."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(sallyport.DEADLINE)
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        super().destroy()


class Nsd(Peer):
    name = "NSD"

    def command(self):
        return ["/usr/sbin/nsd", "-d", "-c", self.file]

    def configuration(self, folder):
        # Rate limiting off, as it is for loopback in Sallyport.
        named = f"""
    version: "{VERSION}"
    identity: "{IDENTITY}"
    nsid: "ascii_{NSID}"
""" if self.is_named else """
    hide-version: yes
    hide-identity: yes
"""
        return f"""
server:
    ip-address: 127.0.0.1@{self.port}
    server-count: 1
    username: ""
    database: ""
    zonesdir: "{folder}"
    xfrdir: "{folder}"
    xfrdfile: "{folder}/xfrd.state"
    zonelistfile: "{folder}/zone.list"
    cookie-secret-file: "{folder}/cookies"
    pidfile: "{folder}/pid"
    rrl-ratelimit: 0
{named}
    answer-cookie: yes
    cookie-secret: "{COOKIE_SECRET}"
    tcp-count: 100
remote-control:
    control-enable: no
zone:
    name: {sallyport.ZONE}
    zonefile: "{self.zone_file}"
"""


class Knot(Peer):
    name = "Knot"

    def command(self):
        return ["/usr/sbin/knotd", "-c", self.file]

    def configuration(self, folder):
        version, identity, nsid = (VERSION, IDENTITY, NSID) if self.is_named else ("", "", "")
        return f"""
server:
    rundir: "{folder}"
    pidfile: "{folder}/pid"
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    version: "{version}"
    identity: "{identity}"
    nsid: "{nsid}"
control:
    listen: "{folder}/control"
log:
  - target: stderr
    any: warning
database:
    storage: "{folder}"
mod-cookies:
  - id: default
    secret: "0x{COOKIE_SECRET}"
template:
  - id: default
    global-module: mod-cookies/default
zone:
  - domain: {sallyport.ZONE}
    file: "{self.zone_file}"
    zonefile-sync: -1
    journal-content: none
    semantic-checks: off
"""
