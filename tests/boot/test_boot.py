"""
The Debian package under a real systemd: what its units do from the first boot to the purge. Each test boots a guest of its own
(about a second), in a throw-away overlay over a Debian root that is kept in build/boot, with the package installed.
Times are printed, not judged.
"""

import fcntl
import json
import re
import statistics
import subprocess
import sys
import time
import zlib
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
RELEASES = ("bookworm", "trixie")
# systemd, and what a test talks with; what the package needs is said by the package. The guest has no network.
PACKAGES = "systemd-sysv dbus iproute2 libnss-systemd procps curl bind9-dnsutils".split()


def output(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module", params=RELEASES)
def release(request):
    return request.param


@pytest.fixture(scope="module")
def package(release):
    """The package, built for the release, in a folder of its own, and the same with a higher version."""
    here = re.search(r'(?m)^VERSION_CODENAME="?([a-z]+)', Path("/etc/os-release").read_text())[1]
    output(SOURCE / "tools/package.sh", *(() if release == here else ("--release", release)), timeout=3000)
    architecture = output("dpkg", "--print-architecture").strip()
    made = SOURCE / "build/package" / ("" if release == here else f"{release}-{architecture}")
    (built,) = made.glob(f"sallyport_*_{architecture}.deb")
    folder = make_folder()
    output("cp", built, folder / "sallyport.deb")
    output("dpkg-deb", "-R", built, folder / "tree")
    control = folder / "tree/DEBIAN/control"
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+later", control.read_text()))
    output("dpkg-deb", "--root-owner-group", "-b", folder / "tree", folder / "later.deb")
    yield folder
    remove_folder(folder)


@pytest.fixture(scope="module")
def root(release, package):
    """A root of the release, made once for what the package needs: later runs need no network."""
    needed = output("dpkg-deb", "-f", package / "sallyport.deb", "Depends")
    packages = ",".join(sorted({*PACKAGES, *(re.match(r"[^ :(|]+", one.strip())[0] for one in needed.split(","))}))
    path = SOURCE / "build/boot" / f"{release}-{zlib.crc32(packages.encode()):08x}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            half = path.with_name(f"{path.name}.half")
            subprocess.run(["rm", "-rf", "--one-file-system", half], check=True)
            output("mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}",
                   *(f"--dpkgopt=path-exclude=/usr/share/{what}/*" for what in ("man", "locale")), release, half,
                   timeout=1800)
            (half / "etc/hostname").write_text("guest\n")
            (half / "etc/resolv.conf").write_text("")
            half.rename(path)
    return path


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


class Connections:
    """curl again and again, each time with a connection of its own."""

    def __init__(self, guest):
        self.guest = guest
        self.guest.path("/tmp/enough").unlink(missing_ok=True)
        self.process = guest.start(
            "sh", "-c", 'while [ ! -e /tmp/enough ]; do curl -s -m 60 -o /dev/null -w "%{exitcode} %{http_code}\\n" '
            f"{API}/health || :; done", stdout=subprocess.PIPE, text=True)

    def end(self):
        """How many there were, and those of them that were lost."""
        self.guest.path("/tmp/enough").touch()
        answers = [line for line in self.process.communicate()[0].splitlines() if line]
        return len(answers), [line for line in answers if not line.startswith("0 ")]


@pytest.mark.parametrize("kept_by", ["service", "socket"])
def test_a_restart_of_apid_loses_no_connection(guest, kept_by):
    start(guest)
    if kept_by == "socket":
        guest.run("systemctl", "add-wants", "sallyport.target", "sallyport-apid.socket")
        guest.run("systemctl", "restart", "sallyport.target")
        wait_until(lambda: serves(guest), "an account can be made")
    connections = Connections(guest)
    for _ in range(10):
        guest.run("systemctl", "restart", "sallyport-apid.service")
    count, lost = connections.end()
    print(f"\nsockets kept by the .{kept_by}: {count} connections over ten restarts of apid, {len(lost)} lost")
    assert count >= 10 and not lost, set(lost)
    connections = Connections(guest)
    pid = guest.pid(UNITS[2])
    guest.run("kill", "-KILL", pid)
    wait_active(guest, UNITS[2], pid)
    count, lost = connections.end()
    # What was in hand is gone: one at the most, by the loop's nature.
    print(f"{count} over a death, {len(lost)} lost")
    assert len(lost) <= 1, set(lost)


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
    put_certificate(folder)
    start_with_tls(guest, "/etc/sallyport/tls")
    first = serial(guest)
    put_certificate(folder)
    wait_until(lambda: serial(guest) != first, "the new certificate")
    assert "in use" in guest.journal("sallyport-apid.service")


def put_certificate(folder):
    """A new pair, root's."""
    made = make_folder()
    for file, name in zip(make_certificate(made, "api"), ("api.pem", "api.key")):
        (folder / name).write_bytes(file.read_bytes())
        (folder / name).chmod(0o600)
    remove_folder(made)


def start_with_tls(guest, folder):
    text = guest.path(CONFIGURATION).read_text().replace(
        "\napi:\n", f"\napi:\n  tls: {{certificate: {folder}/api.pem, key: {folder}/api.key}}\n", 1)
    guest.path(CONFIGURATION).write_text(text)
    configure(guest)
    guest.run("systemctl", "restart", "sallyport.target")
    wait_until(lambda: serial(guest), "HTTPS")


def serial(guest):
    """What tells one certificate from another: its fingerprint, by curl's own words."""
    told = guest.text("curl", "-svk", "-m", "10", "-w", "%{certs}", "https://127.0.0.1:8053/health", check=False)
    return re.findall(r"(?s)BEGIN CERTIFICATE-----(.*?)-----END", told)


class Prober:
    """A query each millisecond, each asked once; when, and how long until the answer."""

    def __init__(self, guest):
        self.folder = make_folder()
        self.process = guest.start_in_network(sys.executable, "-B", HERE / "prober.py", ZONE, self.folder / "stop",
                                              stdout=subprocess.PIPE, text=True)

    def end(self):
        (self.folder / "stop").touch()
        self.asked = json.loads(self.process.communicate(timeout=300)[0])
        remove_folder(self.folder)
        assert len(self.asked) > 10

    def lost(self):
        return sum(took is None for _, took in self.asked)

    def longest(self, begin, end):
        """Milliseconds until the answer to what was asked meanwhile, at the most."""
        return max((took * 1000 for when, took in self.asked if begin <= when <= end and took is not None), default=0)


def test_a_reload_loses_no_query(guest):
    """It brings in records, limits and a certificate."""
    folder = guest.path("/etc/sallyport/pair")  # not the one that sallyport-reload.path watches
    folder.mkdir()
    put_certificate(folder)
    start_with_tls(guest, "/etc/sallyport/pair")
    first = serial(guest)
    prober = Prober(guest)
    put_certificate(folder)
    file = guest.path(CONFIGURATION)
    text = file.read_text().replace(f"\n  name: {ZONE}\n", f"\n  name: {ZONE}\n  records: ['new TXT \"here\"']\n")
    text = re.sub(r"(registrations_per_hour:).*", r"\1 1", text)
    file.write_text(re.sub(r"(failures_per_minute: .*\n *exempt:).*", r"\1 []", text))
    for _ in range(5):
        guest.run("systemctl", "reload", "sallyport.target")
    wait_until(lambda: dig(guest, f"new.{ZONE}") == '"here"\n', "the new record")
    wait_until(lambda: serial(guest) != first, "the new certificate")
    tls = ("curl", "-sk", "-m", "60", "-o", "/dev/null", "-w", "%{http_code} ", "-X", "POST")
    codes = [guest.run(*tls, "https://127.0.0.1:8053/register").stdout.strip() for _ in range(2)]
    prober.end()
    print(f"\nreload: {len(prober.asked)} queries over five reloads, {prober.lost()} lost")
    assert codes == ["201", "429"] and prober.lost() == 0
    assert is_active(guest)
    # Store takes its part at a door that systemd holds open.
    assert guest.show("sallyport-store-door.socket", "ActiveState") == "active"
    assert "store uses the new configuration" in guest.journal(UNITS[2])


def test_a_restart_of_dnsd_loses_no_query(guest):
    """The time is that of the whole restart, as who asks sees it."""
    start(guest)
    account = set_value(guest)
    prober = Prober(guest)
    spans = []
    for _ in range(20):
        pid = guest.pid(UNITS[1])
        guest.run("systemctl", "reset-failed", UNITS[1])  # the count of its starts
        began = time.monotonic()
        guest.run("systemctl", "restart", UNITS[1])
        wait_active(guest, UNITS[1], pid)
        time.sleep(0.3)
        spans.append((began, time.monotonic()))
    prober.end()
    times = [prober.longest(*span) for span in spans]
    print(f"\n{len(prober.asked)} queries over {len(times)} restarts of dnsd, {prober.lost()} lost; "
          f"the longest wait for an answer: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms")
    assert prober.lost() == 0
    set_value(guest, account)


def test_the_administrator_s_commands(guest):
    start(guest)
    assert guest.show("sallyport-store.socket", "ActiveState") == guest.show("sallyport-store-door.socket", "ActiveState") == "active"
    made = json.loads(guest.run("sallyport", "accounts", "add", "--json").stdout)
    set_value(guest, made)
    assert made["username"] in guest.run("sallyport", "accounts", "list").stdout
    assert guest.run("sallyport", "accounts", "show", made["username"]).stdout
    secret = guest.run("sallyport", "tokens", "add", "web").stdout
    assert secret and "web" in guest.run("sallyport", "tokens", "list").stdout
    assert guest.run("sallyport", "stats").stdout
    assert json.loads(guest.run("sallyport", "export").stdout.splitlines()[0])["username"]
    guest.run("sallyport", "verify")
    print("\n" + guest.text("sallyport", "doctor", "--sandbox"))
    # Of the group, without root; nobody else.
    guest.run("useradd", "--no-create-home", "--groups", "sallyport-admin", "keeper")
    guest.run("useradd", "--no-create-home", "stranger")

    def list_as(user):
        return guest.run("setpriv", "--init-groups", "--regid", user, "--reuid", user, "sallyport", "accounts", "list", check=False)
    assert made["username"] in list_as("keeper").stdout
    refused = list_as("stranger")
    print(refused.stderr)
    assert refused.returncode != 0 and not refused.stdout


def test_the_backup_of_the_night(guest):
    """Its timer runs it, and what it made is restored."""
    start(guest)
    account = set_value(guest)
    guest.run("sh", "-c", "cp /usr/share/doc/sallyport/examples/systemd/sallyport-backup.* /etc/systemd/system")
    drop_in(guest, "sallyport-backup.timer",
            "[Timer]\nOnCalendar=\nOnActiveSec=1\nRandomizedDelaySec=0\nAccuracySec=100ms\n")
    guest.run("systemctl", "start", "sallyport-backup.timer")
    wait_until(lambda: guest.show("sallyport-backup.service", "ExecMainExitTimestamp"), "the timer has run the backup")
    print("\n" + guest.journal("sallyport-backup.service"))
    assert guest.show("sallyport-backup.service", "Result") == "success"
    (copy,) = guest.run("find", "/var/backups/sallyport", "-type", "f").stdout.split()
    guest.run("sallyport", "verify", copy)
    guest.run("systemctl", "stop", "sallyport.target")
    guest.run("rm", "/var/lib/sallyport/data.mdb")
    guest.run("sallyport", "restore", copy)
    guest.run("systemctl", "start", "sallyport.target")
    wait_until(lambda: serves(guest), "an account can be made")
    set_value(guest, account)


def test_an_upgrade_swaps_the_processes_and_keeps_the_data(guest, package):
    start(guest)
    account = set_value(guest)
    before = {unit: guest.pid(unit) for unit in UNITS}
    prober, connections = Prober(guest), Connections(guest)
    began = time.monotonic()
    guest.run("dpkg", "-i", package / "later.deb")
    for unit in UNITS:
        wait_active(guest, unit, before[unit])
    ended = time.monotonic()
    prober.end()
    count, lost = connections.end()
    print(f"\nupgrade: {len(prober.asked)} queries, {prober.lost()} lost, {prober.longest(began, ended):.0f} ms for an answer "
          f"at the most; {count} connections to the API, {len(lost)} lost")
    assert prober.lost() == 0 and not lost
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
