"""
The Debian package under a real systemd: what its units do from the first boot to the purge. Each test boots a guest of its own
(about a second), in a throw-away overlay over a Debian root that is kept in build/boot, with the package installed.
Times are printed, not judged.
"""

import fcntl
import itertools
import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
sys.path.insert(0, str(SOURCE / "tests" / "system"))

from guest import Guest, wait_until  # noqa: E402
from sallyport import make_certificate, make_folder, random_txt, remove_folder  # noqa: E402

ROLES = ("store", "dnsd", "apid")
UNITS = [f"sallyport-{role}.service" for role in ROLES]
ZONE = "acme.example.net"
CONFIGURATION = "/etc/sallyport/sallyport.yaml"
API = "http://127.0.0.1:8053"
# systemd, what a test talks with, and what the package needs: the guest has no network.
PACKAGES = ("systemd-sysv dbus iproute2 libnss-systemd procps curl bind9-dnsutils libcap-ng0 libcrypt1 libjansson4 "
            "libldns3 liblmdb0 libseccomp2 libsqlite3-0 libssl3 libuv1 libyaml-0-2").replace(" ", ",")


def output(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def root():
    """A Debian 12 root, made once: later runs need no network."""
    path = SOURCE / "build/boot/bookworm"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            half = path.with_name(f"{path.name}.half")
            subprocess.run(["rm", "-rf", "--one-file-system", half], check=True)
            output("mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}",
                   *(f"--dpkgopt=path-exclude=/usr/share/{what}/*" for what in ("man", "locale")), "bookworm", half,
                   timeout=1800)
            (half / "etc/hostname").write_text("guest\n")
            (half / "etc/resolv.conf").write_text("")
            half.rename(path)
    return path


@pytest.fixture(scope="module")
def package():
    """The package in a folder of its own, and the same with a higher version."""
    output(SOURCE / "tools/package.sh", timeout=3000)
    architecture = output("dpkg", "--print-architecture").strip()
    (built,) = (SOURCE / "build/package").glob(f"sallyport_*_{architecture}.deb")
    folder = make_folder()
    output("cp", built, folder / "sallyport.deb")
    output("dpkg-deb", "-R", built, folder / "tree")
    control = folder / "tree/DEBIAN/control"
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+later", control.read_text()))
    output("dpkg-deb", "--root-owner-group", "-b", folder / "tree", folder / "later.deb")
    yield folder
    remove_folder(folder)


@pytest.fixture
def guest(root, package):
    with Guest(root, [package]) as booted:
        booted.run("dpkg", "-i", package / "sallyport.deb")
        yield booted


def configure(guest, **sections):
    """One line, as a newcomer does it; more where the test wants more."""
    file = guest.path(CONFIGURATION)
    text = file.read_text()
    assert text.count("\n  # name: auth.example.org\n") == 1
    text = text.replace("\n  # name: auth.example.org\n", f"\n  name: {ZONE}\n")
    for old, new in sections.items():
        text = re.sub(rf"(?m)^{old}.*$", new, text, count=1)
    file.write_text(text)


def start(guest, **sections):
    configure(guest, **sections)
    guest.run("systemctl", "start", "sallyport.target")
    wait_until(lambda: serves(guest), "an account can be made")


def is_active(guest):
    return all(guest.show(unit, "ActiveState") == "active" for unit in UNITS)


def curl(guest, path, *arguments, **options):
    return guest.run("curl", "-s", "-m", "60", *arguments, f"{API}{path}", **options)


def register(guest):
    return json.loads(curl(guest, "/register", "-f", "-X", "POST").stdout)


def serves(guest):
    return curl(guest, "/register", "-f", "-X", "POST", check=False).returncode == 0


def update(guest, account, txt):
    return curl(guest, "/update", "-w", "%{http_code}", "-o", "/dev/null", "-H", f"X-Api-User: {account['username']}",
                "-H", f"X-Api-Key: {account['password']}",
                "-d", json.dumps({"subdomain": account["subdomain"], "txt": txt}), check=False).stdout


def dig(guest, name, kind="TXT", *more):
    return guest.run("dig", "@127.0.0.1", "+short", "+tries=1", "+time=5", *more, name, kind, check=False).stdout


def set_value(guest, account=None):
    account = account or register(guest)
    txt = random_txt()
    assert update(guest, account, txt) == "200"
    assert f'"{txt}"' in dig(guest, account["fulldomain"])
    return account


def wait_active(guest, unit, other_than=0):
    """Until the unit is up with another process; the process."""
    def other():
        pid = guest.pid(unit)
        return pid if pid not in (0, other_than) and guest.show(unit, "ActiveState") == "active" else 0
    return wait_until(other, f"{unit} is up")


def drop_in(guest, unit, text):
    folder = guest.path(f"/etc/systemd/system/{unit}.d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test.conf").write_text(text)
    guest.run("systemctl", "daemon-reload")


def status(guest, pid):
    return dict(line.split(":\t", 1) for line in guest.proc(pid, "status").splitlines() if ":\t" in line)


def test_it_waits_for_a_zone(guest):
    # As at a boot: the target is enabled and starts what it can.
    assert guest.show("sallyport.target", "UnitFileState") == "enabled"
    guest.run("systemctl", "start", "sallyport.target")
    assert guest.run("systemctl", "is-system-running", check=False).stdout == "running\n"
    for unit in UNITS:
        assert (guest.show(unit, "ActiveState"), guest.show(unit, "Result")) == ("inactive", "exec-condition")
        told = guest.text("systemctl", "status", unit, check=False)
        assert f'waiting for a zone: set zone.name in {CONFIGURATION}, then "systemctl start sallyport.target"' in told
    print("\n" + guest.text("systemctl", "status", "--no-pager", UNITS[1], check=False))


def test_one_line_makes_it_serve(guest):
    start(guest)
    assert is_active(guest)
    set_value(guest)
    assert guest.run("sallyport", "health", check=False).returncode == 0
    assert guest.run("systemctl", "is-system-running", check=False).stdout == "running\n"
    print("\n" + guest.text("systemctl", "status", "--no-pager", *UNITS))
    limits = dict(zip(UNITS, (1.0, 2.5, 2.5)))
    for unit in UNITS:
        last = guest.text("systemd-analyze", "security", "--no-pager", unit).splitlines()[-1]
        print(last)
        assert float(re.search(r": ([0-9.]+) ", last)[1]) <= limits[unit]
    assert guest.text("systemd-analyze", "verify", "--man=no", *UNITS, "sallyport.target", "sallyport-apid.socket",
                      "sallyport-reload.path") == ""


def test_the_kernel_shows_the_confinement(guest):
    start(guest)
    # nspawn has filters of its own.
    outside = int(status(guest, 1)["Seccomp_filters"])
    for role in ROLES:
        unit = f"sallyport-{role}.service"
        pid = guest.pid(unit)
        shown = status(guest, pid)
        uid = guest.run("id", "-u", f"sallyport-{role}").stdout.strip()
        assert shown["Uid"].split() == [uid] * 4 and "0" not in shown["Gid"].split()
        assert [shown[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")] == ["0" * 16] * 5
        assert (shown["NoNewPrivs"], shown["Seccomp"]) == ("1", "2")
        # At least the unit's, and the daemon's own.
        assert int(shown["Seccomp_filters"]) >= outside + 2
        assert guest.show(unit, "ControlGroup") == f"/sallyport.slice/{unit}"
        folder = guest.run("ls", "-A", f"/proc/{pid}/root/").stdout.split()
        if role == "store":
            assert guest.run("ls", f"/proc/{pid}/root/var/lib").stdout.split() == ["sallyport"]
            assert "shadow" not in guest.run("ls", f"/proc/{pid}/root/etc").stdout.split()
            assert guest.run("readlink", f"/proc/{pid}/ns/net").stdout != guest.run("readlink", "/proc/1/ns/net").stdout
        else:
            assert folder == []
    # A container may not be allowed to set it; that the unit asks for it is what counts.
    assert guest.show(UNITS[1], "OOMScoreAdjust") == "-800"


@pytest.mark.parametrize("role", ROLES)
def test_who_is_killed_is_back_alone(guest, role):
    start(guest)
    account = set_value(guest)
    unit = f"sallyport-{role}.service"
    before = {one: guest.pid(one) for one in UNITS}
    began = time.monotonic()
    guest.run("kill", "-KILL", before[unit])
    wait_active(guest, unit, before[unit])
    print(f"\n{role}: killed and back within {(time.monotonic() - began) * 1000:.0f} ms")
    wait_until(lambda: serves(guest), "an account can be made")
    set_value(guest, account)
    assert {one: guest.pid(one) for one in UNITS if one != unit} == \
        {one: pid for one, pid in before.items() if one != unit}


def test_a_restart_of_apid_loses_no_connection_with_a_socket(guest):
    start(guest)
    guest.run("systemctl", "add-wants", "sallyport.target", "sallyport-apid.socket")
    guest.run("systemctl", "restart", "sallyport.target")
    wait_until(lambda: serves(guest), "an account can be made")
    with guest.start("sh", "-c", 'while [ ! -e /tmp/enough ]; do curl -s -m 60 -o /dev/null -w "%{exitcode} %{http_code}\\n" '
                     f"{API}/health || :; done", stdout=subprocess.PIPE, text=True) as loop:
        for _ in range(5):
            guest.run("systemctl", "restart", "sallyport-apid.service")
        guest.run("systemctl", "kill", "--signal=KILL", "sallyport-apid.service")
        wait_active(guest, "sallyport-apid.service")
        guest.path("/tmp/enough").touch()
        answers = [line for line in loop.communicate()[0].splitlines() if line]
    print(f"\n{len(answers)} connections over five restarts and a death")
    # What was in hand when it was killed is lost: one at the most, by the loop's nature.
    assert len(answers) >= 3 and sum(not line.startswith("0 ") for line in answers) <= 1, set(answers)


def test_a_socket_that_is_not_configured_is_refused(guest):
    start(guest, **{r"  listen: \[\"127.0.0.1:8053\"": '  listen: ["127.0.0.1:8053"]'})
    guest.run("systemctl", "stop", "sallyport-apid.service")
    guest.run("systemctl", "start", "sallyport-apid.socket")
    guest.run("systemctl", "start", "sallyport-apid.service", check=False)
    assert "systemd has passed the socket [::1]:8053 (sallyport-apid.socket), which is not in api.listen" in \
        guest.journal("sallyport-apid.service")


@pytest.mark.parametrize("role", ROLES)
def test_who_stands_still_is_found(guest, role):
    unit = f"sallyport-{role}.service"
    drop_in(guest, unit, "[Service]\nWatchdogSec=2\n")
    start(guest)
    pid = guest.pid(unit)
    began = time.monotonic()
    guest.run("kill", "-STOP", pid)
    wait_active(guest, unit, pid)
    print(f"\n{role}: stopped, found with WatchdogSec=2 and back within {time.monotonic() - began:.1f} s")
    assert "Watchdog timeout" in guest.journal(unit)
    wait_until(lambda: serves(guest), "an account can be made")


def test_a_wrong_configuration_is_told_and_not_tried_again(guest):
    configure(guest, **{"log: ": "log: {level: loud}"})
    guest.run("systemctl", "start", "sallyport.target")
    for unit in UNITS:
        wait_until(lambda: guest.show(unit, "ActiveState") == "failed", f"{unit} has failed")
        assert (guest.show(unit, "ExecMainStatus"), guest.show(unit, "NRestarts")) == ("78", "0")
        told = guest.text("systemctl", "status", "--no-pager", "-l", unit, check=False)
        assert re.search(r"sallyport\.yaml:\d+:\d+: error: log\.level", told), told
    print("\n" + told)


def test_who_dies_again_and_again_stays_down(guest):
    start(guest)
    unit = "sallyport-apid.service"
    for _ in range(30):
        if guest.show(unit, "ActiveState") == "failed":
            break
        guest.run("systemctl", "kill", "--signal=KILL", unit, check=False)
        time.sleep(0.2)
    wait_until(lambda: guest.show(unit, "Result") == "start-limit-hit" or guest.show(unit, "ActiveState") == "failed",
               "the limit")
    assert "Start request repeated too quickly" in guest.journal(unit)
    # The others are none the wiser.
    assert guest.show(UNITS[0], "ActiveState") == guest.show(UNITS[1], "ActiveState") == "active"
    guest.run("systemctl", "reset-failed", unit)
    guest.run("systemctl", "start", unit)
    wait_until(lambda: serves(guest), "an account can be made")


def test_a_certificate_is_exchanged_when_its_file_is(guest):
    folder = guest.path("/etc/sallyport/tls")
    folder.mkdir()
    for old in (False, True):
        made = make_folder()
        pair = make_certificate(made, "api")
        for file, name in zip(pair, ("api.pem", "api.key")):
            guest.path(f"/etc/sallyport/tls/{name}").write_bytes(file.read_bytes())
            guest.path(f"/etc/sallyport/tls/{name}").chmod(0o600)
        remove_folder(made)
        if not old:
            start_with_tls(guest)
            first = serial(guest)
    wait_until(lambda: serial(guest) != first, "the new certificate")
    assert "in use" in guest.journal("sallyport-apid.service")


def start_with_tls(guest):
    text = guest.path(CONFIGURATION).read_text().replace(
        "\napi:\n", "\napi:\n  tls: {certificate: /etc/sallyport/tls/api.pem, key: /etc/sallyport/tls/api.key}\n", 1)
    guest.path(CONFIGURATION).write_text(text)
    configure(guest)
    guest.run("systemctl", "restart", "sallyport.target")
    wait_until(lambda: serial(guest), "HTTPS")


def serial(guest):
    """What tells one certificate from another: its fingerprint, by curl's own words."""
    told = guest.text("curl", "-svk", "-m", "10", "-w", "%{certs}", "https://127.0.0.1:8053/health", check=False)
    return re.findall(r"(?s)BEGIN CERTIFICATE-----(.*?)-----END", told)


def test_a_reload_loses_no_query(guest):
    start(guest)
    answers = []
    done = threading.Event()

    def ask():
        while not done.is_set():
            answers.append(bool(dig(guest, ZONE, "SOA")))
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(3):
            guest.run("systemctl", "reload", "sallyport.target")
    finally:
        done.set()
        asking.join()
    assert answers and all(answers), answers
    assert is_active(guest)


class Questions:
    """dig as fast as it goes; the longest time in which nothing was answered."""

    def __init__(self, guest, name):
        self.guest = guest
        self.process = guest.start(
            "sh", "-c", f"while [ ! -e /tmp/enough ]; do dig @127.0.0.1 +tries=1 +timeout=1 +short {name} TXT | grep -q . && date +%s%N; done",
            stdout=subprocess.PIPE, text=True)

    def longest_gap(self):
        self.guest.path("/tmp/enough").touch()
        times = [int(line) for line in self.process.communicate()[0].split()]
        return max(later - earlier for earlier, later in itertools.pairwise(times)) / 1e6


def test_an_upgrade_swaps_the_processes_and_keeps_the_data(guest, package):
    start(guest)
    account = set_value(guest)
    before = {unit: guest.pid(unit) for unit in UNITS}
    questions = Questions(guest, account["fulldomain"])
    time.sleep(1)
    guest.run("dpkg", "-i", package / "later.deb")
    for unit in UNITS:
        wait_active(guest, unit, before[unit])
    time.sleep(1)
    print(f"\nupgrade: no answer for {questions.longest_gap():.0f} ms at the most, between two runs of dig")
    wait_until(lambda: serves(guest), "an account can be made")
    set_value(guest, account)


def test_removal_keeps_the_data_and_purge_does_not(guest):
    start(guest)
    set_value(guest)
    guest.run("dpkg", "-r", "sallyport")
    assert not any(guest.pid(unit) for unit in UNITS)
    assert guest.path("/var/lib/sallyport/data.mdb").exists() and guest.path(CONFIGURATION).exists()
    guest.run("dpkg", "-P", "sallyport")
    for path in ("/var/lib/sallyport", "/run/sallyport", CONFIGURATION):
        assert not guest.path(path).exists(), path
    assert "sallyport" not in guest.path("/etc/passwd").read_text() + guest.path("/etc/group").read_text()
    assert guest.text("systemctl", "list-units", "--all", "--plain", "--no-legend", "sallyport*.service").strip() == ""
    assert not list(guest.path("/etc/systemd/system").rglob("sallyport*"))
