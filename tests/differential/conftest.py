"""The three servers with one zone, started once."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "system"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import sallyport  # noqa: E402
from peers import COOKIE_SECRET, Knot, Nsd  # noqa: E402
from zone import ZONE, Zone  # noqa: E402


class Trio:
    """Sallyport and its peers: {name: port} in `ports`."""

    def __init__(self, folder):
        self.zone = Zone()
        # One worker, so that a socket is read in order, and one secret; the others are told the same.
        server = sallyport.Server(folder / "sallyport", ZONE, [], dns={
            "workers": 1, "cookies": {"enabled": True, "secrets": [COOKIE_SECRET]}})
        server.configuration["zone"] = self.zone.configuration()
        server.write_configuration()
        with server:
            self.zone.register(server)
        # Only now are the names known that CNAMEs are to lead to.
        server.configuration["zone"]["records"] = self.zone.lines
        server.write_configuration()
        self.server = server.start()
        soa = server.dns("", "SOA").answer[0][0].to_text()
        self.peers = [kind(folder / kind.name, self.zone.text(soa)) for kind in (Nsd, Knot)]
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
def trio():
    folder = sallyport.make_folder()
    started = None
    try:
        started = Trio(folder)
        yield started
        started.stop()
    finally:
        for program in sallyport.Program.started:
            program.destroy()
        sallyport.remove_folder(folder)
        sallyport.release_ports()
