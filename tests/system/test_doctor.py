"""`sallyport doctor --sandbox`: what the kernel says of the running processes; and whether all that doctor says is explained."""

import re
from pathlib import Path

import pytest

from sallyport import NOBODY, SANITIZED, Server, complaints


def rows(text):
    table = text.split("\n\n")[0].splitlines()
    return {line[:33].strip(): [cell.strip() for cell in line[33:].split("  ") if cell.strip()] for line in table[1:]}


@pytest.mark.root
@pytest.mark.as_shipped
def test_as_it_should_be(folder):
    with Server(folder) as server:
        done = server.command("doctor", "--sandbox")
        found = rows(done.stdout)
        assert found["uid"] == ["64101", "64102", "64103"]
        assert found["capabilities"] == ["none"] * 3
        assert found["seccomp"] == ["1 filter"] * 3
        assert found["root of its own"] == ["yes"] * 3
        assert "all as it should be" in done.stdout
        assert (done.returncode, complaints(done)) == (0, [])


def test_what_is_weaker_is_marked(folder):
    with Server(folder, as_uid=NOBODY) as server:
        done = server.command("doctor", "--sandbox")
        assert done.returncode == 1
        for role in ("store", "dnsd", "apid"):
            assert f"weaker: {role} sees the whole file system" in done.stdout
            assert (f"weaker: {role} may make any system call" in done.stdout) == SANITIZED


def test_nobody_to_ask(folder):
    server = Server(folder)
    server.write_configuration()
    done = server.command("doctor", "--sandbox")
    assert done.returncode == 1
    assert [line.split(":")[1] for line in complaints(done)] == [" store", " dnsd", " apid"]


def test_every_finding_is_explained():
    """Once each, in a row of docs/troubleshooting.md, which has no others."""
    source = Path(__file__).resolve().parents[2]
    kinds = "server|port|records|resolver|delegation|address|value|challenge|caa"
    told = set(re.findall(rf'"((?:{kinds})\.[a-z0-9_]{{2,}})"', "".join(
        path.read_text() for path in (source / "sallyport").glob("*.c"))))
    explained = re.findall(r"^\| `([a-z]+\.[a-z0-9_]+)` \| \S", (source / "docs" / "troubleshooting.md").read_text(), re.M)
    assert sorted(explained) == sorted(told)
    assert len(told) > 60
