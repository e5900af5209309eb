"""Sockets that a service manager passes (sd_listen_fds(3)), and what else the daemons do for its units."""

import os
import re
import socket
import subprocess

import pytest

from sallyport import DEADLINE, LIBEXEC, NOBODY, ROOT, SALLYPORT, UIDS, Daemon, free_port
from service_manager import pass_to

def listener(family=socket.AF_INET, address="127.0.0.1", port=None, only=1):
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    made.bind((address, port or free_port()))
    made.listen(16)
    return made


def start_and_fail(daemon):
    daemon.launch()
    assert daemon.wait_exit() == 1
    return daemon.log()


@pytest.fixture
def apid(folder):
    daemon = Daemon(folder, "apid", tls=False)
    yield daemon
    daemon.destroy()


def test_a_socket_of_an_address_is_used(apid):
    with listener(port=apid.api_port) as made:
        pass_to(apid, [made]).start()
        # Who comes while nobody serves is served by the next one: the socket is not bound anew.
        assert apid.http("GET", "/health").status_code in (200, 503)
        assert apid.terminate() == 0
        with socket.create_connection(("127.0.0.1", apid.api_port), timeout=DEADLINE) as early:
            early.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            apid.launch()
            assert early.recv(100).startswith(b"HTTP/1.1 ")


def test_an_address_that_is_not_configured_is_an_error(apid):
    with listener() as made:
        log = start_and_fail(pass_to(apid, [made]))
        assert f"systemd has passed the socket 127.0.0.1:{made.getsockname()[1]} (api), which is not in api.listen" in log


def test_a_socket_for_both_families_is_an_error(apid):
    apid.configuration["api"]["listen"] = [f"[::]:{apid.api_port}"]
    apid.write_configuration()
    with listener(socket.AF_INET6, "::", apid.api_port, only=0) as made:
        assert "BindIPv6Only=ipv6-only" in start_and_fail(pass_to(apid, [made]))


def test_what_is_no_socket_is_an_error(apid):
    with open(os.devnull, "rb") as file:
        assert "of another kind" in start_and_fail(pass_to(apid, [file]))


def test_another_process_s_sockets_are_nobody_s(apid):
    """LISTEN_PID tells for whom they are: a child of that process must not take them."""
    apid.environment.update(LISTEN_PID="1", LISTEN_FDS="1")
    apid.start()


def sallyport(*arguments):
    return subprocess.run([SALLYPORT, *map(str, arguments)], capture_output=True, text=True, timeout=DEADLINE,
                          stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("text, code", [
    ("", 1), ("zone:\n", 1), ("zone: {txt_ttl: 1}\n", 1), ("zone: {name: a.example.org}\n", 0),
    # The daemons say what is wrong with it.
    ("zone: {name: a.example.org}\nlog: {level: loud}\n", 0), ("zone: [\n", 0)])
def test_units_wait_for_the_zone_alone(folder, text, code):
    file = folder / "sallyport.yaml"
    file.write_text(text)
    done = sallyport("check-config", "--has-zone", "-c", file)
    assert (done.returncode, done.stdout) == (code, "")
    assert (f"set zone.name in {file}" in done.stderr) == (code == 1)


def start_store(folder, uid, *arguments):
    daemon = Daemon(folder, "store")
    (folder / "run/empty").mkdir(parents=True)
    (folder / "lib").mkdir()
    os.chown(folder / "lib", uid, uid)
    return subprocess.Popen(
        [LIBEXEC / "sallyport-store", "-c", daemon.file, "--own-user", *arguments], stderr=subprocess.PIPE, text=True,
        user=uid, group=uid, extra_groups=[], stdin=subprocess.DEVNULL)


if ROOT:
    def test_store_runs_as_its_user_from_the_start(folder):
        with start_store(folder, UIDS["store"]) as store:
            # Its place for the administrator's socket is root's: that socket must be passed.
            assert re.search(r"cannot (bind|remove the old) .*control", store.stderr.read())
            assert store.wait(DEADLINE) == 1

    def test_store_is_no_other_user(folder):
        with start_store(folder, NOBODY) as store:
            assert f'privsep.users.store is "{UIDS["store"]}"' in store.stderr.read()
            assert store.wait(DEADLINE) == 78

    def test_store_takes_a_configuration_at_a_passed_door(folder):
        """Root's socket until store listens at it: `sallyport reload` comes either way."""
        store = Daemon(folder, "store", as_uid=UIDS["store"])
        (folder / "run/empty").mkdir(parents=True)
        os.chown(folder / "run", 0, 0)
        os.chown(folder / "run/empty", 0, 0)
        sockets = []
        for name in ("control", "store.door"):
            sockets.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            sockets[-1].bind(str(folder / "run" / name))
            sockets[-1].listen(4)
        store.arguments.append("--own-user")
        pass_to(store, sockets, "control:store.door").start()
        done = store.command("reload")
        assert (done.returncode, done.stdout) == (0, "store uses the new configuration from now on\n"), done.stderr
        assert store.terminate() == 0
        for one in sockets:
            one.close()
