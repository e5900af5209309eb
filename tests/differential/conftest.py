"""The three servers with one zone, started once for each manner they are asked in."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "system"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import sallyport  # noqa: E402
from peers import COOKIE_SECRET, IDENTITY, NSID, VERSION, Knot, Nsd  # noqa: E402
from zone import AT_APEX, ZONE, Zone  # noqa: E402


class Trio:
    """
    Sallyport and its peers: {name: port} in `ports`. In the plain manner they say nothing of themselves; in
    the other they do, and their zone has a wildcard at its apex.
    """

    def __init__(self, folder, is_plain):
        folder.mkdir()
        self.folder = folder
        self.zone = Zone(() if is_plain else AT_APEX)
        named = {} if is_plain else {
            "nsid": NSID, "identity": {"version": VERSION, "id": IDENTITY, "hostname": IDENTITY}}
        # One worker, so that a socket is read in order, and one secret; the others are told the same.
        server = sallyport.Server(folder / "sallyport", ZONE, [], dns={
            "workers": 1, "cookies": {"enabled": True, "secrets": [COOKIE_SECRET]}} | named)
        server.configuration["zone"] = self.zone.configuration()
        server.write_configuration()
        with server:
            self.zone.register(server)
        # Only now are the names known that CNAMEs are to lead to.
        server.configuration["zone"]["records"] = self.zone.lines
        server.write_configuration()
        self.server = server.start()
        soa = server.dns("", "SOA").answer[0][0].to_text()
        self.peers = [kind(folder / kind.name, self.zone.text(soa), not is_plain) for kind in (Nsd, Knot)]
        self.ports = {"Sallyport": server.dns_port}
        for peer in self.peers:
            self.ports[peer.name] = peer.port
            peer.launch()
            sallyport.wait_until(lambda peer=peer: self.serves(peer), f"{peer.name} serves the zone")

    def serves(self, peer):
        assert peer.runs(), peer.log()
        question = self.server.question("", "SOA").to_wire()
        with sallyport.socket.socket(sallyport.socket.AF_INET, sallyport.socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", peer.port))
            client.settimeout(1.0)
            try:
                client.send(question)
                return client.recv(4096)[3] & 15 == 0
            except OSError:
                return False

    def stop(self):
        self.server.stop()

    def destroy(self):
        for program in [self.server, *self.peers]:
            program.destroy()


@pytest.fixture(scope="session")
def trios():
    """A function that gives the Trio of a manner."""
    folder = sallyport.make_folder()
    started = {}

    def trio_of(manner):
        if manner not in started:
            started[manner] = Trio(folder / manner, manner == "plain")
        return started[manner]

    try:
        yield trio_of
        for trio in started.values():
            trio.stop()
    finally:
        for program in sallyport.Program.started:
            program.destroy()
        sallyport.remove_folder(folder)
        sallyport.release_ports()


@pytest.fixture(scope="session")
def trio(trios):
    return trios("plain")
