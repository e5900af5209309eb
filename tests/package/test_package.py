"""
The package as a stranger meets it: installed on a bare Debian, given one line, started without systemd, upgraded, removed,
purged. It is built twice before, and both must be the same. What systemd does with it is for tests/boot.
"""

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

import dns.message
import dns.query
import dns.rdatatype
import pytest
import requests

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "system"))

from back_door import traces  # noqa: E402
from network import network_of_our_own  # noqa: E402
from sallyport import ROLES, make_folder, random_txt, remove_folder, wait_until  # noqa: E402

ZONE = "acme.example.net"
CONFIGURATION = "etc/sallyport/sallyport.yaml"
USERS = {f"sallyport-{role}" for role in ROLES}
UNKNOWN = uuid.UUID(int=4 << 76 | 8 << 60)
# What any package leaves behind, because apt, dpkg and the dynamic linker keep books.
BOOKS = re.compile(r"/(?:proc|sys|dev|tmp|var/(?:cache|log|lib/(?:apt|dpkg))|etc/ld\.so\.cache)(?:/|$)|"
                   r"/etc/(?:passwd|group|shadow|gshadow|subuid|subgid)-?$|/usr/.*/__pycache__")


def output(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def of_system(name):
    return re.search(rf'(?m)^{name}="?([^"\n]*)', Path("/etc/os-release").read_text())[1]


HERE = of_system("VERSION_CODENAME")


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def release(request):
    return request.param


@pytest.fixture(scope="module")
def package(release):
    """For the Debian of this machine it is built twice, and `--twice` fails if one byte differs."""
    output(SOURCE / "tools/package.sh", *(["--twice"] if release == HERE else ["--release", release]), timeout=1800)
    architecture = output("dpkg", "--print-architecture").strip()
    folder = SOURCE / "build/package" / ("" if release == HERE else f"{release}-{architecture}")
    (file,) = folder.glob(f"sallyport_*_{architecture}.deb")
    return file


class Root:
    """A bare Debian in a folder."""

    def __init__(self, folder, release):
        self.path = folder / "root"
        given = next(file for file in map(Path, ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"))
                     if file.exists() and file.stat().st_size)
        sources = folder / given.name
        sources.write_text(given.read_text().replace(HERE, release))
        output("mmdebstrap", "--quiet", "--variant=minbase", "--skip=cleanup/apt/lists", release, self.path, sources, timeout=1800)
        (self.path / "etc/resolv.conf").write_bytes(Path("/etc/resolv.conf").read_bytes())

    def command(self, script):
        """In a mount and PID namespace, so that nothing outlives it."""
        return ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "sh", "-ec",
                'mount -t proc proc "$0/proc"; exec chroot "$0" sh -ec "$1"', str(self.path), script]

    def run(self, script, timeout=600):
        return output(*self.command(script), timeout=timeout, stdin=subprocess.DEVNULL, env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})

    def install(self, package):
        (self.path / "tmp/sallyport.deb").write_bytes(package.read_bytes())
        return self.run("apt-get -q -y --reinstall install /tmp/sallyport.deb")

    def files(self):
        found = {f"/{file.relative_to(self.path)}" for file in self.path.rglob("*")}
        return {file for file in found if not BOOKS.match(file)}

    def names(self, book):
        return {line.split(":")[0] for line in (self.path / "etc" / book).read_text().splitlines()}

    def sallyport(self, arguments):
        return subprocess.run(self.command(f"exec sallyport {arguments}"), capture_output=True, text=True, timeout=120)


class Serving:
    """`sallyport run` in the root, in the network of whoever makes this."""

    def __init__(self, root):
        self.root = root
        self.log = open(root.path / "tmp/log", "a+", encoding="utf-8")

    def __enter__(self):
        self.process = subprocess.Popen(self.root.command("exec sallyport run"), stdin=subprocess.DEVNULL, stderr=self.log)
        wait_until(lambda: self.process.poll() is not None or self.answers(), "the API answers")
        assert self.process.poll() is None, Path(self.log.name).read_text()
        return self

    def __exit__(self, *_):
        # The init of its namespace: what runs in there goes with it.
        self.process.kill()
        self.process.wait(120)
        self.log.close()

    @staticmethod
    def post(path, **options):
        return requests.post(f"http://127.0.0.1:8053{path}", timeout=120, proxies={"http": ""}, **options)

    def answers(self):
        """Nobody has this account, but it is store that says so: 503 until it is linked."""
        try:
            return self.post("/update", json={"subdomain": str(UNKNOWN), "txt": "x" * 43}, headers={
                "X-Api-User": str(UNKNOWN), "X-Api-Key": "x" * 40}).status_code == 401
        except requests.ConnectionError:
            return False

    @staticmethod
    def ask(name, kind):
        answer = dns.query.udp(dns.message.make_query(name, kind), "127.0.0.1", timeout=120)
        return [record.to_text() for rrset in answer.answer for record in rrset]


@pytest.fixture
def root(release):
    folder = make_folder()
    yield Root(folder, release)
    remove_folder(folder)


def set_value(serving, account):
    txt = random_txt()
    done = serving.post("/update", json={"subdomain": account["subdomain"], "txt": txt}, headers={
        "X-Api-User": account["username"], "X-Api-Key": account["password"]})
    assert (done.status_code, done.json()) == (200, {"txt": txt})
    assert f'"{txt}"' in serving.ask(account["fulldomain"], dns.rdatatype.TXT)


def test_no_program_in_it_has_a_back_door(package):
    """Nor do its symbols, which come in a package beside it."""
    folder = make_folder()
    try:
        for file in package.parent.glob("sallyport*.deb"):
            output("dpkg-deb", "--extract", file, folder / file.name)
        programs = [file for file in folder.rglob("*")
                    if file.is_file() and not file.is_symlink() and file.read_bytes()[:4] == b"\x7fELF"]
        names = [file.name for file in programs]
        assert {"sallyport", *(f"sallyport-{role}" for role in ROLES)} <= set(names)
        assert sum(file.suffix == ".debug" for file in programs) >= 4, names
        assert {file.name: found for file in programs if (found := traces(file))} == {}
    finally:
        remove_folder(folder)


def test_the_life_of_a_package(package, root):
    before, users, groups = root.files(), root.names("passwd"), root.names("group")
    root.install(package)
    assert USERS <= root.names("passwd") and "sallyport-admin" in root.names("group")

    # It waits, and says for what.
    done = root.sallyport("check-config")
    assert done.returncode == 78
    assert re.fullmatch(r"/etc/sallyport/sallyport\.yaml:\d+:1: error: zone\.name is missing; .*\n", done.stderr)
    assert root.sallyport("run").returncode == 78
    assert not (root.path / "var/lib/sallyport/data.mdb").exists()

    # One line, and it serves: dig, register, update.
    file = root.path / CONFIGURATION
    configuration = file.read_text().replace("  # name: auth.example.org", f"  name: {ZONE}")
    file.write_text(configuration)
    assert root.sallyport("check-config").returncode == 0
    with network_of_our_own():
        with Serving(root) as serving:
            assert serving.ask(ZONE, dns.rdatatype.SOA)[0].startswith(f"{ZONE}. hostmaster.{ZONE}. ")
            account = serving.post("/register").json()
            set_value(serving, account)
            assert root.sallyport("health").stdout.startswith("ok")

        # An upgrade, and a removal with all that follows, keep the data and the administrator's words.
        root.install(package)
        assert file.read_text() == configuration
        root.run("apt-get -q -y remove sallyport")
        assert not (root.path / "usr/bin/sallyport").exists()
        assert file.read_text() == configuration and USERS <= root.names("passwd")
        root.install(package)
        assert json.loads(root.sallyport("export").stdout)["username"] == account["username"]
        with Serving(root) as serving:
            set_value(serving, account)

    # A purge leaves nothing, apart from what the libraries' own packages leave.
    root.run("apt-get -q -y purge --autoremove sallyport")
    assert [file for file in sorted(root.files() - before) if "sallyport" in file] == []
    assert not {name for name in (root.names("passwd") | root.names("group")) - users - groups if "sallyport" in name}
    assert "sallyport" not in root.run("dpkg --list")
