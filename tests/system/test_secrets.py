"""What the daemons' memory still holds of secrets after they were used: read by root, as whoever makes a dump of the process would."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from sallyport import ROLES, Server, http_request, make_certificate, wait_until

pytestmark = [pytest.mark.root, pytest.mark.as_shipped]


def regions(pid):
    """(start, end, name) of what the process may have written to."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw\S+ \S+ \S+ \d+\s*(.*)", line)
        if found:
            yield int(found[1], 16), int(found[2], 16), found[3]


def holding(pid, *secrets):
    """The names of the regions in which one of them stands."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for start, end, name in regions(pid):
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except OSError:
                continue
            if any(secret in content for secret in secrets):
                found.append(name or "memory without a name")
    return found


def left_out_of_dumps(pid):
    """KiB of memory without a file that no dump would have (MADV_DONTDUMP)."""
    text = Path(f"/proc/{pid}/smaps").read_text()
    own = re.findall(r"^[0-9a-f]+-[0-9a-f]+ rw\S+ 0+ 00:00 0 *\nSize: +(\d+) kB\n(?:.*\n)*?VmFlags:(.*)", text, re.MULTILINE)
    return sum(int(size) for size, flags in own if "dd" in flags.split())


def numbers_of(key_file):
    """The private numbers of a key, each as OpenSSL's text has it: {name: number}."""
    text = subprocess.run(["openssl", "pkey", "-in", key_file, "-noout", "-text"], capture_output=True, text=True,
                          check=True, timeout=120).stdout
    private = ("priv", "privateExponent", "prime1", "prime2", "exponent1", "exponent2")
    found = re.findall(r"^(\w+):\n((?: +[0-9a-f:]+\n)+)", text, re.MULTILINE)
    return {name: int(re.sub("[^0-9a-f]", "", digits), 16) for name, digits in found if name in private}


def spellings(number):
    """How a number's bytes stand in a file, and in the memory of x86-64 and of arm64."""
    size = (number.bit_length() + 7) // 8
    return number.to_bytes(size, "big"), number.to_bytes(size, "little")


@pytest.fixture(scope="module")
def used(server):
    """A key that was made, proved right and proved wrong."""
    account = server.register()
    server.set_value(account)
    server.update(dict(account, password="w" * 40))
    return account["password"]


@pytest.mark.parametrize("role", ROLES)
def test_no_key_is_left_in_memory(server, used, role):
    assert holding(server.pids()[role], used.encode()) == []


def test_what_is_in_memory_is_found(server):
    """That the tests here can fail: the zone's name is everywhere."""
    for role in ROLES:
        assert holding(server.pids()[role], b"hostmaster") != []


def test_no_hash_is_in_memory_of_a_front(server, used):
    """Of no account's key: they are store's alone, and it has them in its database's pages."""
    hashed = re.search(r"\$2[aby]\$[^\"]{56}", server.command("export").stdout)[0].encode()
    for role in ("dnsd", "apid"):
        assert holding(server.pids()[role], hashed, hashed[7:]) == []


@pytest.fixture(scope="module")
def guarded(module_folder):
    """A server for which one needs a token, over TLS with a key of each kind in turn, and what it must not keep."""
    with Server(module_folder / "guarded", api={"registration": "token"}) as server:
        yield server


def present(server, path, headers):
    with server.http_connection() as connection:
        return connection.ask(http_request("POST", path, b"", headers)).status


WAYS = {
    "header": lambda secret: ("/register", [("X-Registration-Token", secret)]),
    "url": lambda secret: (f"/t/{secret}/register", []),
    "bearer": lambda secret: ("/register", [("Authorization", f"Bearer {secret}")]),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_registration_token_is_left_in_memory(guarded, way):
    """Made by store, shown to the administrator, presented by a client, refused once it is used up."""
    secret = json.loads(guarded.command("tokens", "add", way, "--quota", "1", "--json").stdout)["secret"]
    path, headers = WAYS[way](secret)
    assert [present(guarded, path, headers) for _ in range(2)] == [201, 403]
    for role in ROLES:
        # What is on its way to a client is wiped when the kernel has taken it.
        wait_until(lambda: holding(guarded.pids()[role], secret.encode()) == [], f"no token in {role}")


@pytest.mark.parametrize("kind", ["ec:P-256", "rsa:2048"])
def test_the_certificates_key_is_in_one_process(folder, kind):
    server = Server(folder, tls=False)
    certificate, key_file = make_certificate(folder, key=kind)
    server.use_certificate(certificate, key_file)
    server.write_configuration()
    numbers = numbers_of(key_file)
    assert numbers
    with server:
        server.set_value(server.register())
        pids = server.pids()
        secrets = [spelling for number in numbers.values() for spelling in spellings(number)]
        for role in ("store", "dnsd"):
            assert holding(pids[role], *secrets) == []
        assert holding(pids["apid"], *secrets) != []
        # But not as it stood in its file.
        text = key_file.read_bytes().splitlines()[1]
        assert holding(pids["apid"], text) == []


def test_a_key_that_was_replaced_is_forgotten(folder):
    server = Server(folder, tls=False)
    server.use_certificate(*make_certificate(folder, key="ec:P-256"))
    server.write_configuration()
    before = numbers_of(folder / "api.key")
    with server:
        server.set_value(server.register())
        secrets = [spelling for number in before.values() for spelling in spellings(number)]
        assert holding(server.pids()["apid"], *secrets) != []
        make_certificate(folder, key="ec:P-256")
        assert server.command("reload").returncode == 0
        wait_until(lambda: holding(server.pids()["apid"], *secrets) == [], "the old key is forgotten")


@pytest.mark.parametrize("role", ROLES)
def test_no_memory_is_in_a_dump(server, role):
    """Whoever makes one: the kernel leaves all kinds of memory out (core(5), bit by bit)."""
    assert int(Path(f"/proc/{server.pids()[role]}/coredump_filter").read_text(), 16) == 0


def test_the_table_of_remembered_keys_is_in_no_dump(server):
    """65,536 keyed hashes of keys."""
    assert left_out_of_dumps(server.pids()["store"]) >= 65536 * 32 // 1024
