"""What `cmake --install` lays down: a whole server, and a configuration that waits for one line."""

import re
import subprocess

import pytest
import yaml

from sallyport import BUILD, DEADLINE, SALLYPORT, UIDS, Server


@pytest.fixture(scope="module")
def root(module_folder):
    return install(module_folder / "root")


def install(root):
    subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], env={"PATH": "/usr/bin:/bin", "DESTDIR": root},
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, timeout=DEADLINE)
    return root


def check(folder, text):
    """check-config's word on an installed configuration; this machine need not have the users."""
    file = folder / "installed.yaml"
    file.write_text(re.sub(r"users: \{.*\}", f"users: {UIDS}", text))
    return subprocess.run([SALLYPORT, "check-config", "-c", file], capture_output=True, text=True, timeout=DEADLINE)


@pytest.fixture(scope="module")
def configuration(root):
    return (root / "etc/sallyport/sallyport.yaml").read_text()


def test_it_serves_where_it_was_installed(root, folder):
    server = Server(folder)
    server.arguments[0] = str(root / "usr/bin/sallyport")
    with server:
        server.set_value(server.register())


def test_a_new_configuration_waits_for_the_zone_alone(configuration, folder):
    done = check(folder, configuration)
    assert done.returncode == 78
    errors = done.stderr.splitlines()
    assert len(errors) == 1 and "error: zone.name is missing" in errors[0], errors


def test_one_line_completes_it(configuration, folder):
    done = check(folder, configuration.replace("  # name: auth.example.org", "  name: acme.example.net"))
    assert done.returncode == 0, done.stderr
    effective = yaml.safe_load(done.stdout)
    assert "example.org" not in str(effective["zone"])
    assert effective["store"]["path"] == "/var/lib/sallyport"
    assert effective["privsep"]["runtime_dir"] == "/run/sallyport"
    # A name server is for everybody; keys do not cross a network without TLS.
    assert [entry["address"] if isinstance(entry, dict) else entry for entry in effective["dns"]["listen"]] == \
        ["0.0.0.0:53", "[::]:53"]
    assert all(re.search(r"127\.0\.0\.1|::1", str(entry)) for entry in effective["api"]["listen"])


def test_what_it_names_is_there(root, configuration):
    named = re.findall(r"/usr/share/doc/sallyport/[a-z./-]+[a-z]", configuration)
    assert len(named) >= 3
    assert [path for path in named if not (root / path.lstrip("/")).exists()] == []
    assert not re.search(r"(?<!/)\b(?:docs|contrib)/", configuration)


def test_the_example_comes_true_line_by_line(configuration, folder):
    """Whoever takes the comment signs of the zone's keys away has what stood in the commented original."""
    done = check(folder, re.sub(r"(?m)^  # ((?:name|nameserver|admin|records):|  - \")", r"  \1", configuration))
    assert (done.returncode, done.stderr) == (0, "")
    assert "auth.example.org. A 198.51.100.1" in str(yaml.safe_load(done.stdout)["zone"]["records"])


def test_the_administrators_configuration_is_kept(folder):
    root = install(folder / "root")
    file = root / "etc/sallyport/sallyport.yaml"
    file.write_text("zone: {name: auth.example.net}\n")
    install(root)
    assert file.read_text() == "zone: {name: auth.example.net}\n"
