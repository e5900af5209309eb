"""
The image, built of the package and run by a real Podman: what is in it, what it may do, and the session of acme-dns's tutorial.
All is run with what the Quadlet says; Compose's file and the documentation must say the same.
"""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

SOURCE = Path(__file__).resolve().parents[2]
PODMAN = SOURCE / "contrib/podman"
sys.path.insert(0, str(SOURCE / "tests" / "system"))

from machine import Container, Machine  # noqa: E402
from sallyport import ROLES, make_folder, random_txt, remove_folder, wait_until  # noqa: E402

IMAGE = "localhost/sallyport:latest"
ZONE = "auth.example.com"
MIB = 1024 * 1024
USERS = {"store": 971, "dnsd": 972, "apid": 973}
PROGRAMS = {"usr/bin/sallyport", *(f"usr/libexec/sallyport/sallyport-{role}" for role in ROLES)}
# linux/capability.h
NUMBERS = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "KILL": 5, "SETGID": 6, "SETUID": 7, "SETPCAP": 8,
           "NET_BIND_SERVICE": 10, "SYS_CHROOT": 18}


def quadlet():
    """[Container] of the Quadlet: key to values."""
    text = (PODMAN / "sallyport.container").read_text()
    section = re.search(r"(?ms)^\[Container\]\n(.*?)^\[", text)[1]
    found = {}
    for key, value in re.findall(r"(?m)^([A-Za-z]+)=(.*)$", section):
        found.setdefault(key, []).append(value)
    return found


CAPABILITIES = [name.removeprefix("CAP_") for name in quadlet()["AddCapability"][0].split()]


def as_the_quadlet_says(capabilities=CAPABILITIES):
    keys = quadlet()
    assert keys["ReadOnly"] == keys["NoNewPrivileges"] == ["true"] and keys["DropCapability"] == ["all"]
    return ["--read-only", "--security-opt", "no-new-privileges", "--cap-drop", "all", "--cap-add", ",".join(capabilities),
            "--tmpfs", keys["Tmpfs"][0]]


def variables(**others):
    """The zone of the tutorial, and what else is set."""
    found = {"ZONE_NAME": ZONE, "ZONE_RECORDS": f'["{ZONE}. A 192.0.2.200", "{ZONE}. NS {ZONE}."]', **others}
    return [word for name, value in found.items() for word in ("--env", f"SALLYPORT_{name}={value}")]


@pytest.fixture(scope="module")
def folder():
    path = make_folder()
    yield path
    remove_folder(path)


@pytest.fixture(scope="module")
def machine(folder):
    with Machine(folder) as made:
        yield made


def build(machine, tag, archive):
    package = max((SOURCE / "build/package").glob("sallyport_*.deb"), key=os.path.getmtime)
    machine.run(PODMAN / "build-image", "--deb", package, "--tag", tag, "--archive", archive, "--", *machine.storage)
    return archive


@pytest.fixture(scope="module")
def archive(machine, folder):
    done = subprocess.run([SOURCE / "tools/package.sh"], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    return build(machine, IMAGE, folder / "image.tar")


class Contents:
    """What a "docker save" of the image holds: its configuration, and its files with their bytes."""

    def __init__(self, archive):
        self.files, self.hashes = {}, {}
        with tarfile.open(archive) as outer:
            manifest, = json.load(outer.extractfile("manifest.json"))
            self.document = json.load(outer.extractfile(manifest["Config"]))
            self.configuration = self.document["config"]
            for layer in manifest["Layers"]:
                with tarfile.open(fileobj=outer.extractfile(layer)) as inner:
                    for member in inner:
                        self.files[member.name.strip("./")] = member
                        if member.isfile():
                            self.hashes[member.name.strip("./")] = hashlib.sha256(inner.extractfile(member).read()).hexdigest()

    @property
    def size(self):
        return sum(member.size for member in self.files.values() if member.isfile())


@pytest.fixture(scope="module")
def contents(archive):
    return Contents(archive)


@pytest.fixture
def run(machine, archive):
    """Starts a container, which is gone after the test."""
    made = []

    def start(*arguments, words=(), name=None, capabilities=CAPABILITIES):
        made.append(Container(machine, IMAGE, name or f"sallyport{len(made)}",
                              [*as_the_quadlet_says(capabilities), *map(str, arguments)], words))
        return made[-1]
    yield start
    for container in made:
        container.remove()


def serving(container):
    def ready():
        assert container.running, container.log()
        return container.sallyport("health", check=False).returncode == 0
    wait_until(ready, "health")
    return container


def curl(machine, path, *arguments):
    return machine.run("curl", "-q", "-sS", "-m", "60", "-XPOST", f"http://127.0.0.1{path}", *arguments).stdout


def dig(machine, *arguments):
    return machine.run("dig", "-r", "+noall", "+answer", *arguments, "@127.0.0.1").stdout


def update(machine, account, value):
    return curl(machine, "/update", "-H", f"X-Api-User: {account['username']}", "-H", f"X-Api-Key: {account['password']}",
                "--data", json.dumps({"subdomain": account["subdomain"], "txt": value}))


def status(machine, pid):
    return dict(re.findall(r"(?m)^(\w+):[ \t]*(.*)$", machine.run("cat", f"/proc/{pid}/status").stdout))


def children(machine, pid):
    return {machine.run("cat", f"/proc/{child}/comm").stdout.strip(): child
            for child in machine.run("cat", f"/proc/{pid}/task/{pid}/children").stdout.split()}


# --- what is in it ---

def test_its_size(contents):
    print(f"\n{contents.size / MIB:.1f} MiB of files")
    assert contents.size < 15 * MIB


def test_nothing_is_in_it_but_what_the_processes_need(contents):
    allowed = re.compile(r"usr/lib(64)?/([a-z0-9_-]+/)?(lib[a-z0-9_+-]+\.so[.0-9]*|ld-linux[a-z0-9_-]*\.so\.\d)|"
                         r"usr/share/doc/[a-z0-9.+-]+/copyright|var/lib/dpkg/status\.d/[a-z0-9.+-]+|"
                         r"etc/(passwd|group|sallyport/sallyport\.yaml)|lib(64)?")
    for name, member in contents.files.items():
        if not member.isdir() and name not in PROGRAMS:
            assert allowed.fullmatch(name), name
        assert not member.mode & 0o7000, (name, oct(member.mode))
        assert member.issym() or not member.mode & 0o022, (name, oct(member.mode))
        assert (member.uid, member.gid) == (0, 0), name
    assert PROGRAMS <= contents.files.keys()
    assert contents.files["var/lib/sallyport"].mode & 0o777 == 0o700


def test_each_library_is_told_of(contents):
    """Its licence is there, and what scanners look for."""
    told = {name.split("/")[-1] for name in contents.files if name.startswith("var/lib/dpkg/status.d/")}
    assert {"libc6", "libldns3", "liblmdb0", "libssl3"} <= {re.sub(r"t64$", "", name) for name in told}
    for name in told:
        assert f"usr/share/doc/{name}/copyright" in contents.files


def test_what_it_says_of_itself(contents):
    found = contents.configuration
    assert found["User"] == "0:0" and found["Entrypoint"] == ["/usr/bin/sallyport"] and found["Cmd"] == ["run"]
    assert found["StopSignal"] == "SIGTERM" and set(found["Volumes"]) == {"/var/lib/sallyport"}
    assert set(found["ExposedPorts"]) == {"53/udp", "53/tcp", "80/tcp"}
    assert found["Healthcheck"]["Test"] == ["CMD", "/usr/bin/sallyport", "health"]
    assert "org.opencontainers.image.version" in found["Labels"]


def test_it_is_the_same_each_time(machine, contents, folder):
    again = Contents(build(machine, "localhost/again", folder / "again.tar"))
    assert again.hashes == contents.hashes
    assert again.document["rootfs"] == contents.document["rootfs"] and again.document["created"] == contents.document["created"]


# --- how it runs ---

def test_the_tutorials_session(machine, run):
    """By variables alone; and what is set is there after a restart."""
    machine.podman("volume", "create", "data")
    container = serving(run("--volume", "data:/var/lib/sallyport", *variables()))
    assert dig(machine, "-t", "A", ZONE) == f"{ZONE}.\t3600\tIN\tA\t192.0.2.200\n"
    assert dig(machine, "-t", "NS", ZONE) == f"{ZONE}.\t3600\tIN\tNS\t{ZONE}.\n"
    assert " hostmaster." in dig(machine, "-t", "SOA", ZONE)

    account = json.loads(curl(machine, "/register"))
    assert account["fulldomain"] == f"{account['subdomain']}.{ZONE}" and account["allowfrom"] == []
    value = "___validation_token_received_from_the_ca___"
    assert update(machine, account, value) == f'{{"txt": "{value}"}}'
    for transport in ("+notcp", "+tcp"):
        assert dig(machine, transport, "-t", "TXT", account["fulldomain"]).split()[-1] == f'"{value}"'

    # By the administrator: an account, a backup to standard output, and what is there listed.
    listed = container.sallyport("accounts", "list", "--json").stdout.splitlines()
    assert [json.loads(line)["subdomain"] for line in listed] == [account["subdomain"]]
    assert len(machine.podman("exec", container.name, "sallyport", "backup", "-", errors="replace").stdout) > 4096

    machine.podman("healthcheck", "run", container.name)
    assert container.inspect()["State"].get("Health", container.inspect()["State"].get("Healthcheck"))["Status"] == "healthy"

    assert container.stop() == 0
    machine.podman("start", container.name)
    serving(container)
    wait_until(lambda: f'"{value}"' in dig(machine, "-t", "TXT", account["fulldomain"]), "the value after a restart")
    assert container.stop() == 0
    container.remove()

    # Another container, such as of a newer image, goes on with the volume.
    serving(run("--volume", "data:/var/lib/sallyport", *variables()))
    wait_until(lambda: f'"{value}"' in dig(machine, "-t", "TXT", account["fulldomain"]), "the value in another container")
    other = random_txt()
    assert update(machine, account, other) == f'{{"txt": "{other}"}}'


def test_it_is_confined_as_on_any_machine(machine, run):
    container = serving(run(*variables()))
    wanted = sum(1 << NUMBERS[name] for name in CAPABILITIES)
    first = status(machine, container.pid)
    for kind in ("CapPrm", "CapEff", "CapBnd"):
        assert int(first[kind], 16) == wanted, kind
    assert first["NoNewPrivs"] == "1" and int(first["CapAmb"], 16) == 0
    mounts = {line.split()[4]: line.split()[5] for line in machine.run("cat", f"/proc/{container.pid}/mountinfo").stdout.splitlines()}
    assert mounts["/"].split(",")[0] == "ro"

    found = children(machine, container.pid)
    assert len(found) == 3
    for role, uid in USERS.items():
        (pid,) = [pid for name, pid in found.items() if name.startswith(f"sallyport-{role}"[:15])]
        one = status(machine, pid)
        assert one["Uid"].split() == one["Gid"].split() == [str(uid)] * 4 and one["Groups"].split() == []
        assert {int(one[kind], 16) for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
        assert one["NoNewPrivs"] == "1" and one["Seccomp"] == "2"
        root = machine.run("readlink", f"/proc/{pid}/root").stdout.strip()
        assert root.endswith("/run/sallyport" if role == "store" else "/run/sallyport/empty"), root


@pytest.mark.parametrize("capability", [name for name in CAPABILITIES if name != "KILL"])
def test_each_capability_is_needed_to_start(run, capability):
    container = run(*variables(), capabilities=[name for name in CAPABILITIES if name != capability])
    assert container.wait() == 1
    assert re.search(r"(?m) error +(store|dnsd|apid): .*(Operation not permitted|Permission denied|confinement failed)", container.log()), container.log()


def test_one_capability_is_needed_to_stop(run):
    """Without it the processes notice that their parent is gone, and Podman has had to kill that."""
    container = serving(run(*variables(), capabilities=[name for name in CAPABILITIES if name != "KILL"]))
    assert container.stop(seconds=3) == 137


def test_a_folder_of_the_machine_as_volume(machine, run, folder):
    """Whoever owned it, it becomes store's; and a configuration of one's own is used."""
    data, own = folder / "data", folder / "own"
    data.mkdir()
    own.mkdir()
    (own / "sallyport.yaml").write_text(yaml.safe_dump({
        "zone": {"name": "file.example.net", "records": ["@ NS ns.example.net."]}, "dns": {"listen": ["127.0.0.1:5353"]},
        "api": {"listen": ["127.0.0.1:8053"]}}))
    arguments = ["--volume", f"{data}:/var/lib/sallyport", "--volume", f"{own}:/etc/sallyport:ro"]
    for _ in range(2):
        container = serving(run(*arguments))
        assert "SOA" in machine.run("dig", "-r", "-p", "5353", "+noall", "+answer", "file.example.net", "SOA", "@127.0.0.1").stdout
        assert (data.stat().st_uid, data.stat().st_mode & 0o777) == (971, 0o700)
        assert container.stop() == 0
    # And a change of it: by the signal, and by the command, which has the container's environment.
    container = serving(run(*arguments))
    text = (own / "sallyport.yaml").read_text()
    for number, bring_in in enumerate((lambda: machine.podman("kill", "--signal", "HUP", container.name),
                                       lambda: container.sallyport("reload"))):
        (own / "sallyport.yaml").write_text(text.replace("records:", f"records:\n  - www A 192.0.2.{number}"))
        bring_in()
        wait_until(lambda: f"192.0.2.{number}" in machine.run("dig", "-r", "-p", "5353", "+short", "www.file.example.net",
                                                              "@127.0.0.1").stdout, "the record")


def test_a_mistake_has_its_exit_code(run):
    container = run(*variables(ZONE_TXT_TTL="soon"))
    assert container.wait() == 78
    assert "environment SALLYPORT_ZONE_TXT_TTL: error: zone.txt_ttl must be" in container.log()
    container = run()
    assert container.wait() == 78
    assert "zone.name is missing" in container.log()


def test_a_process_that_is_killed_comes_back(machine, run):
    container = serving(run(*variables()))
    machine.run("kill", "-KILL", children(machine, container.pid)["sallyport-dnsd"])
    wait_until(lambda: "dnsd was ended by signal 9" in container.log(), "the log")
    serving(container)


def test_what_is_left_behind_is_reaped(machine, run):
    """A process whose parent is gone becomes the first one's, as of a command that was broken off."""
    container = serving(run(*variables()))
    pid = container.pid
    before = machine.run("pgrep", "-P", pid).stdout.split()
    for _ in range(3):
        machine.run("nsenter", "-t", pid, "-p", "sh", "-c", "(sleep 0.1 &)")
    wait_until(lambda: machine.run("pgrep", "-P", pid).stdout.split() == before, "no more children than before")
    serving(container)


# --- what others make of the files ---

def test_compose_says_the_same_as_the_quadlet():
    document = yaml.safe_load((PODMAN / "compose.yaml").read_text())
    service = document["services"]["sallyport"]
    keys = quadlet()
    known = {"image", "container_name", "restart", "environment", "ports", "volumes", "read_only", "tmpfs", "cap_drop", "cap_add",
             "security_opt", "stop_grace_period"}
    assert set(service) == known and set(document) == {"services", "volumes"}
    assert service["cap_add"] == CAPABILITIES and service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True and service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == keys["Tmpfs"] and service["image"] == keys["Image"][0]
    assert sorted(service["ports"]) == sorted(keys["PublishPort"])
    assert [f"{name}={value}" for name, value in service["environment"].items()] == \
        [word for line in keys["Environment"] for word in shlex.split(line)]
    assert [volume.split(":")[:2] for volume in service["volumes"]] == [volume.split(":")[:2] for volume in keys["Volume"]]
    assert set(document["volumes"]) == {service["volumes"][0].split(":")[0]}


def test_the_documentation_has_the_capabilities():
    text = (SOURCE / "docs/containers.md").read_text()
    assert re.findall(r"(?m)^\| `CAP_([A-Z_]+)` \|", text) == CAPABILITIES


@pytest.fixture(scope="module")
def generated(folder):
    """What Podman's generator makes of the Quadlet. Debian 12's Podman has none yet, so one is had from Debian 13."""
    root = folder / "trixie"
    given = next(file for file in map(Path, ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"))
                 if file.exists() and file.stat().st_size)
    release = re.search(r"(?m)^VERSION_CODENAME=(.*)$", Path("/etc/os-release").read_text())[1]
    sources = folder / given.name
    sources.write_text(given.read_text().replace(release, "trixie"))
    done = subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=podman", "trixie", root, sources],
                          capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    (root / "units").mkdir()
    (root / "units/sallyport.container").write_text((PODMAN / "sallyport.container").read_text())
    done = subprocess.run(["chroot", root, "env", "QUADLET_UNIT_DIRS=/units", "/usr/libexec/podman/quadlet", "-dryrun"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_podman_takes_the_quadlet(generated):
    command = shlex.split(re.search(r"(?m)^ExecStart=(.*)$", generated)[1])
    for words in (["--read-only"], ["--cap-drop", "all"], ["--security-opt", "no-new-privileges"], ["--sdnotify", "container"],
                  ["--health-cmd", "/usr/bin/sallyport health"], ["--env", "SALLYPORT_ZONE_NAME=auth.example.org"],
                  *(["--cap-add", f"cap_{name.lower()}"] for name in CAPABILITIES)):
        joined = " ".join(command).lower().replace("=", " ")
        assert " ".join(words).lower().replace("=", " ") in joined, (words, command)
    assert re.search(r"(?m)^Type=notify$", generated) and re.search(r"(?m)^NotifyAccess=all$", generated)
