"""`sallyport doctor --sandbox`: what the kernel says of the running processes."""

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
