"""What the three processes have given up, as the kernel tells it: /proc, seen by root."""

import os
import re
import shutil
import stat
from pathlib import Path

import pytest

from sallyport import (LIBEXEC, NOBODY, ROLES, ROOT, SALLYPORT, SANITIZED, UIDS, Server, process_status,
                       random_txt)

needs_root = pytest.mark.root


@pytest.fixture(params=ROLES)
def role(request):
    return request.param


@pytest.fixture
def busy(server):
    """A server that has served something of everything: what is opened late is then open."""
    account = server.register()
    server.set_value(account)
    server.dns("", "SOA", "tcp")
    return server


def tasks(pid):
    """The status of every thread: what is given up must be given up by all."""
    return [process_status(task) for task in os.listdir(f"/proc/{pid}/task")]


@needs_root
def test_uid_and_gid_are_its_own_throughout(busy, role):
    for status in tasks(busy.pids()[role]):
        assert status["Uid"].split() == [str(UIDS[role])] * 4
        assert status["Gid"].split() == [str(UIDS[role])] * 4


@needs_root
def test_no_supplementary_group(busy, role):
    for status in tasks(busy.pids()[role]):
        assert status["Groups"].split() == []


@pytest.mark.parametrize("which", ["CapInh", "CapPrm", "CapEff", "CapAmb"])
def test_no_capability(busy, role, which):
    for status in tasks(busy.pids()[role]):
        assert int(status[which], 16) == 0


@needs_root
def test_no_capability_could_be_regained(busy, role):
    for status in tasks(busy.pids()[role]):
        assert int(status["CapBnd"], 16) == 0


def test_no_new_privileges(busy, role):
    for status in tasks(busy.pids()[role]):
        assert status["NoNewPrivs"] == "1"


def test_system_calls_are_filtered_in_every_thread(busy, role):
    # Sanitizers make calls of their own; their builds say that they have no filter.
    expected = "0" if SANITIZED else "2"
    for status in tasks(busy.pids()[role]):
        assert status["Seccomp"] == expected
    if SANITIZED:
        assert "no system call filter" in busy.log()


@needs_root
def test_fronts_see_an_empty_root(busy):
    for role in ("dnsd", "apid"):
        root = Path(f"/proc/{busy.pids()[role]}/root")
        assert os.path.samefile(root, busy.runtime / "empty")
        assert os.listdir(root) == []
        status = os.stat(root)
        assert status.st_uid == 0
        assert not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


@needs_root
def test_store_sees_the_runtime_folder_only(busy):
    root = Path(f"/proc/{busy.pids()['store']}/root")
    assert os.path.samefile(root, busy.runtime)
    assert set(os.listdir(root)) == {"dnsd.door", "apid.door", "store.door", "control", "empty"}


@needs_root
def test_the_working_folder_is_the_root(busy, role):
    pid = busy.pids()[role]
    assert os.path.samefile(f"/proc/{pid}/cwd", f"/proc/{pid}/root")


@needs_root
def test_doors_are_for_store_alone(busy):
    for role in ("dnsd", "apid"):
        status = os.stat(busy.runtime / f"{role}.door")
        assert stat.S_ISSOCK(status.st_mode)
        assert stat.S_IMODE(status.st_mode) == 0o600
        assert status.st_uid == UIDS["store"]


@needs_root
def test_the_database_is_for_store_alone(busy):
    for path in busy.database.iterdir():
        status = path.stat()
        assert status.st_mode & 0o077 == 0, path
        assert status.st_uid in (0, UIDS["store"])


def sockets_of_the_network():
    """{inode: (protocol, port)} of every IP socket on this machine."""
    found = {}
    for protocol in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        for line in Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]:
            fields = line.split()
            found[fields[9]] = (protocol[:3], int(fields[1].rsplit(":", 1)[1], 16))
    return found


def descriptors(pid):
    """{number: target} of a process."""
    folder = Path(f"/proc/{pid}/fd")
    return {int(entry.name): os.readlink(entry) for entry in folder.iterdir()}


def network_sockets(pid):
    known = sockets_of_the_network()
    inodes = (re.fullmatch(r"socket:\[(\d+)\]", target) for target in descriptors(pid).values())
    return {known[found[1]] for found in inodes if found and found[1] in known}


@needs_root
def test_network_sockets_are_those_of_the_configuration(busy):
    pids = busy.pids()
    assert network_sockets(pids["store"]) == set()
    assert network_sockets(pids["dnsd"]) == {("udp", busy.dns_port), ("tcp", busy.dns_port)}
    assert network_sockets(pids["apid"]) == {("tcp", busy.api_port)}


@needs_root
def test_the_parent_has_no_network_socket(busy):
    assert network_sockets(busy.pid) == set()


@needs_root
def test_open_files_are_what_is_needed(busy, role):
    files = {target for number, target in descriptors(busy.pids()[role]).items()
             if target.startswith("/") and number > 2}
    allowed = {"dnsd": set(), "apid": set(),
               "store": {os.fspath(path) for path in busy.database.iterdir()}}[role]
    assert files <= allowed, files - allowed


@needs_root
def test_the_log_is_its_only_way_out(busy, role):
    ends = descriptors(busy.pids()[role])
    assert ends[0] == "/dev/null"
    assert {ends[1], ends[2]} <= {os.fspath(busy.log_path), "/dev/null"}


@needs_root
def test_no_core_dump_would_show_a_secret(busy, role):
    limits = Path(f"/proc/{busy.pids()[role]}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)


@needs_root
def test_not_traceable_by_its_own_uid(busy, role):
    """Not dumpable: /proc/PID belongs to root, and no process of the same uid may look into it."""
    assert os.stat(f"/proc/{busy.pids()[role]}/mem").st_uid == 0


@needs_root
def test_no_descriptor_of_ours_is_inherited(folder):
    """Whatever the starter had open is closed in the daemons."""
    reading, writing = os.pipe()
    try:
        server = Server(folder)
        server.pass_fds = (writing,)
        with server:
            inherited = os.readlink(f"/proc/self/fd/{writing}")
            for pid in server.pids().values():
                assert inherited not in descriptors(pid).values()
    finally:
        os.close(reading)
        os.close(writing)


@needs_root
def test_users_with_names(folder):
    """Names from the system's users; Debian has these three everywhere."""
    users = {"store": "daemon", "dnsd": "bin", "apid": "nobody"}
    with Server(folder, privsep={"users": users}) as server:
        uids = {role: int(process_status(pid)["Uid"].split()[0]) for role, pid in server.pids().items()}
        assert uids == {"store": 1, "dnsd": 2, "apid": 65534}
        server.set_value(server.register())


# --- without root ---

def copy_of_programs(folder):
    """Where every uid can reach them: the checkout may lie in root's own folder."""
    (folder / "programs" / "bin").mkdir(parents=True)
    shutil.copytree(LIBEXEC, folder / "programs" / "libexec" / "sallyport")
    return shutil.copy(SALLYPORT, folder / "programs" / "bin")


@pytest.fixture(scope="module")
def unprivileged(tmp_path_factory):
    from conftest import end_programs_in
    from sallyport import make_folder, remove_folder
    path = make_folder()
    unprivileged = Server(path, as_uid=NOBODY if ROOT else None)
    unprivileged.arguments[0] = str(copy_of_programs(path))
    with unprivileged as server:
        yield server
    end_programs_in(path)
    remove_folder(path)


def test_without_root_it_works(unprivileged):
    account = unprivileged.register()
    value = unprivileged.set_value(account, random_txt())
    assert unprivileged.txt(account["subdomain"]) == [value]


def test_without_root_one_line_says_what_that_leaves_out(unprivileged):
    lines = [line for line in unprivileged.log().splitlines() if "root" in line and "warning" in line.lower()]
    for role in ROLES:
        mine = [line for line in lines if role in line]
        assert len(mine) <= 1
    assert lines


def test_without_root_the_rest_holds(unprivileged, role):
    uid = str(NOBODY if ROOT else os.getuid())
    for status in tasks(unprivileged.pids()[role]):
        assert status["Uid"].split() == [uid] * 4
        assert status["NoNewPrivs"] == "1"
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
        assert status["Seccomp"] == ("0" if SANITIZED else "2")


def test_without_root_it_starts_again_on_its_own_files(unprivileged):
    account = unprivileged.register()
    value = unprivileged.set_value(account)
    assert unprivileged.terminate() == 0
    unprivileged.start()
    assert unprivileged.txt(account["subdomain"]) == [value]
