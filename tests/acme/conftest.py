"""A server, an account in it, a resolver that follows the parent zone's CNAME, and a CA behind it.

The chain is that of a real user:
_acme-challenge.example.test CNAME <subdomain>.auth.example.org, and that is Sallyport's.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "system"))

import sallyport  # noqa: E402
from account import Account  # noqa: E402
from authority import Authority  # noqa: E402
from certificate import Certificate  # noqa: E402
from resolver import CHALLENGE, ForgetfulUnbound  # noqa: E402

# A resolver may go where the zone itself says that its server is, and that is here. The last has empty
# non-terminals above it.
RECORDS = [
    f"{sallyport.ZONE}. A 127.0.0.1",
    f"{sallyport.ZONE}. NS {sallyport.ZONE}.",
    f'deep.below.nothing.{sallyport.ZONE}. TXT "found"',
]


def pytest_configure(config):
    config.addinivalue_line("markers", "zone(key=value): settings in the server's section zone")


def pytest_sessionfinish(session, exitstatus):
    sallyport.release_ports()


@pytest.fixture
def folder():
    """A fresh folder that every uid can enter."""
    path = sallyport.make_folder()
    yield path
    sallyport.remove_folder(path)


@pytest.fixture
def server(folder, request):
    server = sallyport.Server(folder / "server", records=RECORDS)
    for marker in request.node.iter_markers("zone"):
        server.configuration["zone"].update(marker.kwargs)
    server.write_configuration()
    try:
        server.start()
        yield server
        server.stop()
    finally:
        server.destroy()
        print(f"--- {server.log_path}\n{server.log()}")


@pytest.fixture
def account(folder, server):
    return Account(folder, server.url)


@pytest.fixture
def resolver(folder, server, account):
    aliases = {CHALLENGE: account.fulldomain}
    with ForgetfulUnbound(folder / "resolver", server.zone, server.dns_port, aliases) as service:
        yield service


@pytest.fixture
def authority(folder, resolver):
    with Authority(folder / "authority", resolver) as service:
        yield service


@pytest.fixture
def issued(folder, authority):
    """Checks a certificate: both names, and a chain to the CA's root. Returns its serial."""
    root_path = folder / "root.pem"
    authority.write_root(root_path)

    def check(path):
        certificate = Certificate(path)
        assert certificate.names == ["*.example.test", "example.test"]
        certificate.verify(root_path)
        return certificate.serial

    return check
