"""What the daemons' memory still holds of secrets after they were used: read by root, as whoever makes a dump of the process would."""

import re
from pathlib import Path

import pytest

from sallyport import ROLES

pytestmark = [pytest.mark.root, pytest.mark.as_shipped]


def regions(pid):
    """(start, end, name) of what the process may have written to."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw\S+ \S+ \S+ \d+\s*(.*)", line)
        if found:
            yield int(found[1], 16), int(found[2], 16), found[3]


def holding(pid, secret):
    """The names of the regions in which it stands."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for start, end, name in regions(pid):
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except OSError:
                continue
            if secret in content:
                found.append(name or "memory without a name")
    return found


def left_out_of_dumps(pid):
    """KiB of memory without a file that no dump would have (MADV_DONTDUMP)."""
    text = Path(f"/proc/{pid}/smaps").read_text()
    own = re.findall(r"^[0-9a-f]+-[0-9a-f]+ rw\S+ 0+ 00:00 0 *\nSize: +(\d+) kB\n(?:.*\n)*?VmFlags:(.*)", text, re.MULTILINE)
    return sum(int(size) for size, flags in own if "dd" in flags.split())


@pytest.fixture(scope="module")
def used(server):
    """A key that was made, proved right, rotated, proved wrong; and a server that has done other things since."""
    account = server.register()
    server.set_value(account)
    server.update(dict(account, password="w" * 40))
    for _ in range(0):
        other = server.register()
        server.set_value(other)
    return account["password"]


@pytest.mark.parametrize("role", ROLES)
def test_no_key_is_left_in_memory(server, used, role):
    assert holding(server.pids()[role], used.encode()) == []


def test_what_is_in_memory_is_found(server):
    """That the test above can fail: the zone's name is everywhere."""
    for role in ROLES:
        assert holding(server.pids()[role], b"hostmaster") != []


def test_the_table_of_remembered_keys_is_in_no_dump(server):
    """65,536 keyed hashes of keys."""
    assert left_out_of_dumps(server.pids()["store"]) >= 65536 * 32 // 1024
