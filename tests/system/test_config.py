"""The configuration's mistakes as an administrator meets them, through check-config and through run."""

import contextlib
import os
import re
import socket
import subprocess

import pytest

from sallyport import (DEADLINE, LIBEXEC, NOBODY, ROLES, SALLYPORT, UIDS, ZONE, Configured, Server,
                       free_port, process_children, to_yaml, wait_until)

EXIT_CONFIG = 78


def sallyport(*arguments, **options):
    return subprocess.run([SALLYPORT, *map(str, arguments)], capture_output=True, text=True,
                          timeout=DEADLINE, stdin=subprocess.DEVNULL, **options)


def check(folder, text, *more):
    file = folder / "sallyport.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file, sallyport("check-config", "-c", file, *more)


USERS = "privsep:\n  users: {store: 64101, dnsd: 64102, apid: 64103}\n"
GOOD = f"""zone:
  name: {ZONE}
  records:
    - "{ZONE}. A 198.51.100.1"
    - "{ZONE}. NS {ZONE}."
{USERS}"""


def zone(*lines):
    """A file whose third line is the first of `lines`."""
    return "\n".join(["zone:", f"  name: {ZONE}", *lines, USERS])


def record(*records):
    """A file whose fourth line is the first record."""
    return zone("  records:", *(f'    - "{text}"' for text in records))


def section(name, *lines):
    """A file whose fourth line is the first of `lines`."""
    return "\n".join(["zone:", f"  name: {ZONE}", f"{name}:", *lines, USERS if name != "privsep" else ""])


# name: (text, line, column, words that the message has)
MISTAKES = {
    "unknown_section": ("zones:\n  name: x\n" + GOOD, 1, 1, ["zones", "zone"]),
    "unknown_key": (zone("  nameservr: ns.example.org"), 3, 3, ["nameservr", "nameserver"]),
    "unknown_key_of_dns": (section("dns", "  listem: []"), 4, 3, ["listem", "listen"]),
    "unknown_key_of_api": (section("api", "  disable_registrations: true"), 4, 3, ["disable_registration"]),
    "unknown_key_of_users": (section("privsep", "  users: {stor: 1, dnsd: 64102, apid: 64103}"), 4, 11, ["stor", "store"]),
    "unknown_key_like_nothing": (section("log", "  colour: red"), 4, 3, ["colour", "level", "format"]),
    "key_in_the_wrong_section": (section("api", "  workers: 2"), 4, 3, ["workers", "dns"]),
    "key_twice": (zone("  txt_ttl: 1", "  txt_ttl: 2"), 4, 3, ["txt_ttl", "twice"]),
    "section_twice": (GOOD + "zone:\n  name: example.org\n", 8, 1, ["zone", "twice"]),
    "section_is_a_word": ("dns: fast\n" + GOOD, 1, 6, ["dns"]),
    "section_is_a_list": ("dns: [1]\n" + GOOD, 1, 6, ["dns"]),
    "list_where_a_word_belongs": ("zone:\n  name: [a, b]\n" + USERS, 2, 9, ["zone.name", "list"]),
    "word_where_a_list_belongs": (section("dns", "  listen: 127.0.0.1:53"), 4, 11, ["dns.listen", "list"]),
    "word_where_a_number_belongs": (zone("  txt_ttl: short"), 3, 12, ["txt_ttl", "short"]),
    "word_where_a_switch_belongs": (section("api", "  disable_registration: maybe"), 4, 25, ["true", "false"]),
    "number_negative": (zone("  negative_ttl: -1"), 3, 17, ["negative_ttl"]),
    "number_too_large": (zone("  txt_ttl: 2147483648"), 3, 12, ["2147483647"]),
    "number_with_a_unit": (zone("  txt_ttl: 1h"), 3, 12, ["seconds"]),
    "workers_0": (section("dns", "  workers: 0"), 4, 12, ["workers", "auto"]),
    "workers_many": (section("dns", "  workers: 1000"), 4, 12, ["workers"]),
    "protocol_unknown": (section("dns", "  protocols: [udp, tpc]"), 4, 20, ["tpc", "tcp"]),
    "protocols_empty": (section("dns", "  protocols: []"), 4, 14, ["protocols"]),
    "listen_empty": (section("api", "  listen: []"), 4, 11, ["api.listen"]),
    "log_level": (section("log", "  level: warn"), 4, 10, ["warn", "warning"]),
    "log_format": (section("log", "  format: jsno"), 4, 11, ["jsno", "json"]),
    "zone_name_missing": ("zone:\n  txt_ttl: 1\n" + USERS, 1, None, ["zone.name"]),
    "zone_missing": (USERS, 1, None, ["zone.name"]),
    "zone_name_empty": ('zone:\n  name: ""\n' + USERS, 2, 9, ["zone.name"]),
    "zone_name_broken": ("zone:\n  name: auth..example.org\n" + USERS, 2, 9, ["auth..example.org"]),
    "zone_name_long_label": ("zone:\n  name: " + "a" * 64 + ".org\n" + USERS, 2, 9, ["zone.name"]),
    "nameserver_broken": (zone("  nameserver: a..b"), 3, 15, ["nameserver"]),
    "admin_broken": (zone('  admin: "a@b@c"'), 3, 10, ["admin"]),
    "address_without_port": (section("dns", '  listen: ["127.0.0.1"]'), 4, 12, ["127.0.0.1", "port"]),
    "address_without_brackets": (section("dns", '  listen: ["::1:53"]'), 4, 12, ["::1"]),
    "address_of_letters": (section("dns", '  listen: ["localhost:53"]'), 4, 12, ["localhost"]),
    "address_port_0": (section("api", '  listen: ["127.0.0.1:0"]'), 4, 12, ["port"]),
    "address_port_65536": (section("api", '  listen: ["127.0.0.1:65536"]'), 4, 12, ["port"]),
    "address_number_256": (section("api", '  listen: ["127.0.0.256:80"]'), 4, 12, ["127.0.0.256"]),
    "address_twice": (section("dns", '  listen: ["127.0.0.1:53", "127.0.0.1:53"]'), 4, 28, ["twice"]),
    "address_unix_for_dns": (section("dns", '  listen: ["unix:/run/x"]'), 4, 12, ["Unix"]),
    "address_unix_too_long": (section("api", '  listen: ["unix:/' + "x" * 200 + '"]'), 4, 12, ["107"]),
    "record_outside_the_zone": (record("www.example.net. A 192.0.2.1"), 4, 7, ["www.example.net", "zone"]),
    "record_no_type": (record(f"{ZONE}. FROB 192.0.2.1"), 4, 7, ["FROB"]),
    "record_bad_address": (record(f"{ZONE}. A 192.0.2.256"), 4, 7, []),
    "record_no_data": (record(f"{ZONE}. MX"), 4, 7, []),
    "record_soa": (record(f"{ZONE}. SOA a. b. 1 2 3 4 5"), 4, 7, ["SOA"]),
    "record_cname_beside_data": (record(f"x.{ZONE}. A 192.0.2.1", f"x.{ZONE}. CNAME y.{ZONE}."), 5, 7, ["CNAME"]),
    "record_data_beside_cname": (record(f"x.{ZONE}. CNAME y.{ZONE}.", f"x.{ZONE}. A 192.0.2.1"), 5, 7, ["CNAME"]),
    "record_cname_at_the_apex": (record(f"{ZONE}. CNAME example.net."), 4, 7, ["CNAME"]),
    "record_two_cnames": (record(f"x.{ZONE}. CNAME y.{ZONE}.", f"x.{ZONE}. CNAME z.{ZONE}."), 5, 7, ["CNAME"]),
    "record_twice": (record(f"{ZONE}. A 192.0.2.1", f"{ZONE}. A 192.0.2.1"), 5, 7, []),
    "record_other_ttl": (record(f"{ZONE}. 60 A 192.0.2.1", f"{ZONE}. 61 A 192.0.2.2"), 5, 7, ["TTL"]),
    "record_delegation": (record(f"sub.{ZONE}. NS ns.example.net."), 4, 7, ["NS"]),
    "record_is_a_list": (zone("  records:", "    - [a, b]"), 4, 7, ["zone.records"]),
    "yaml_syntax": (GOOD + "dns: [\n", None, None, []),
    "yaml_tab": ("zone:\n\tname: x\n", 2, 1, ["tab"]),
    "yaml_alias": (f"zone: &z\n  name: {ZONE}\ndns: *z\n" + USERS, None, None, ["anchor"]),
    "yaml_two_documents": (GOOD + "---\n" + GOOD, None, None, ["document"]),
    "yaml_list": ("- a\n- b\n", 1, 1, []),
    "empty": ("", 1, 1, ["empty"]),
    "comments_only": ("# nothing\n", 1, None, ["empty"]),
    "not_utf_8": (b"zone:\n  name: \xff\xfe\n", None, None, ["UTF-8"]),
    "nul": (b"zone:\n  name: a\0b\n", None, None, []),
}

ROOT_MISTAKES = {
    "two_users_with_one_uid": (section("privsep", "  users: {store: 64101, dnsd: 64101, apid: 64103}"),
                               4, 31, ["64101"]),
    "user_root": (section("privsep", "  users: {store: 0, dnsd: 64102, apid: 64103}"), 4, 18, ["root"]),
    "user_unknown": (section("privsep", "  users: {store: nobody-of-the-kind, dnsd: 64102, apid: 64103}"),
                     4, 18, ["nobody-of-the-kind"]),
}


def assert_mistake(file, errors, line, column, words):
    """Among the lines is one at the place, of the form that editors understand."""
    for text in errors.splitlines():
        found = re.fullmatch(re.escape(str(file)) + r":(\d+):(\d+): error: (.+)", text)
        if found and line in (None, int(found[1])) and column in (None, int(found[2])) and \
                all(word in found[3] for word in words):
            return
    raise AssertionError(f"no mistake at {line}:{column} with {words} in:\n{errors}")


@pytest.mark.parametrize("case", MISTAKES)
def test_mistake(folder, case):
    text, line, column, words = MISTAKES[case]
    file, done = check(folder, text)
    assert (done.returncode, done.stdout) == (EXIT_CONFIG, ""), done
    assert_mistake(file, done.stderr, line, column, words)


@pytest.mark.root
@pytest.mark.parametrize("case", ROOT_MISTAKES)
def test_mistake_as_root(folder, case):
    text, line, column, words = ROOT_MISTAKES[case]
    file, done = check(folder, text)
    assert (done.returncode, done.stdout) == (EXIT_CONFIG, ""), done
    assert_mistake(file, done.stderr, line, column, words)


@pytest.mark.parametrize("program", [[SALLYPORT, "run"], *([LIBEXEC / f"sallyport-{role}"] for role in ROLES)],
                         ids=["run", *ROLES])
@pytest.mark.parametrize("case", ["unknown_key", "record_outside_the_zone", "yaml_syntax", "empty"])
def test_nothing_starts_with_a_mistake(folder, program, case):
    file = folder / "sallyport.yaml"
    text, line, column, words = MISTAKES[case]
    file.write_text(text)
    done = subprocess.run([*program, "-c", file], capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == EXIT_CONFIG
    assert_mistake(file, done.stderr, line, column, words)
    assert os.listdir(folder) == ["sallyport.yaml"]


def test_all_mistakes_are_shown_in_the_order_of_the_file(folder):
    text = f"""zone:
  name: {ZONE}
  txt_ttl: soon
  records:
    - "www.example.net. A 192.0.2.1"
    - "{ZONE}. A 192.0.2.256"
dns:
  listen: ["127.0.0.1", "[::1"]
  workrs: 2
log:
  level: loud
{USERS}"""
    file, done = check(folder, text)
    assert done.returncode == EXIT_CONFIG
    lines = [int(found) for found in re.findall(rf"^{re.escape(str(file))}:(\d+):\d+: error: ", done.stderr, re.M)]
    assert lines == [3, 5, 6, 8, 8, 9, 11]


def test_an_owner_that_ends_in_the_zone_twice_is_a_warning(folder):
    file, done = check(folder, record(f"www.{ZONE} A 192.0.2.1"))
    assert done.returncode == 0
    assert re.search(rf"^{re.escape(str(file))}:4:7: warning: .*{re.escape(ZONE)}", done.stderr, re.M), done.stderr


@pytest.mark.parametrize("file, cause", [("missing.yaml", "No such file"), (".", "folder")])
def test_a_file_that_cannot_be_read(folder, file, cause):
    for verb in ("check-config", "run"):
        done = sallyport(verb, "-c", folder / file)
        assert done.returncode == EXIT_CONFIG
        assert str(folder / file) in done.stderr and cause in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_file_too_large(folder):
    _, done = check(folder, GOOD + "#" * (1024 * 1024))
    assert done.returncode == EXIT_CONFIG
    assert "large" in done.stderr or "MiB" in done.stderr or "bytes" in done.stderr


# --- check-config ---

def test_check_config_prints_what_is_in_force(folder):
    file, done = check(folder, GOOD)
    assert (done.returncode, done.stderr) == (0, "")
    for words in (f'name: "{ZONE}."', "txt_ttl: 1", "negative_ttl: 60", "serial: auto", "127.0.0.1:5300",
                  "[::1]:8053",
                  "disable_registration: false", "registration: open", "registration_from: []", "registration_cap: 0",
                  "registrations_per_hour: 1000", "failures_per_minute: 300", "trusted_proxies: []", "forwarded_header: X-Forwarded-For",
                  "cors_origins: []", 'base_url: ""', "empty_txt_clears: false", "page: true", f"{folder}/var/lib", f"{folder}/var/run", "64102", "info", "text"):
        assert words in done.stdout, words


def test_check_config_reads_what_it_prints(folder):
    _, first = check(folder, GOOD)
    _, second = check(folder, first.stdout)
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout == first.stdout


def test_check_config_of_what_the_tests_run_with(folder):
    file, done = check(folder, to_yaml(Configured(folder, []).configuration))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("admin", ["hostmaster@example.org", "hostmaster.example.org", "hostmaster.example.org."])
def test_admin_in_either_spelling(folder, admin):
    server = Server(folder)
    server.configuration["zone"]["admin"] = admin
    server.write_configuration()
    with server:
        assert server.dns("", "SOA").answer[0][0].rname.to_text() == "hostmaster.example.org."


# --- the command itself ---

def test_version():
    done = sallyport("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"sallyport \d+\.\d+\.\d+ \(commit [0-9a-f]{12}\)|sallyport \d+\.\d+\.\d+ \(commit unknown\)",
                    done.stdout)
    for library in ("libuv", "LMDB", "OpenSSL", "llhttp", "ldns", "jansson"):
        assert library.lower() in done.stdout.lower(), library


@pytest.mark.parametrize("role", ROLES)
def test_version_of_a_daemon(role):
    done = subprocess.run([LIBEXEC / f"sallyport-{role}", "--version"], capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"sallyport-{role} ")


def test_help():
    done = sallyport("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("run", "check-config", "--version"):
        assert word in done.stdout


@pytest.mark.parametrize("arguments, word", [([], "sage"), (["rum"], "rum"), (["run", "--frob"], "frob"),
                                             (["run", "extra"], "extra"), (["-c"], "sage"), ([""], "help")])
def test_wrong_arguments(arguments, word):
    done = sallyport(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert word in done.stderr


# --- addresses that cannot be bound ---

def run_to_its_end(folder, **overrides):
    server = Server(folder, **overrides)
    server.launch()
    return server, server.wait_exit()


def overrides_for(section_name, address):
    return {section_name: {"listen": [address]}}


@pytest.mark.parametrize("section_name", ["dns", "api"])
@pytest.mark.parametrize("address, cause", [
    ("192.0.2.1:5353", "Cannot assign requested address"),
    ("[2001:db8::1]:5353", "Cannot assign requested address"),
])
def test_an_address_that_is_not_ours(folder, section_name, address, cause):
    server, code = run_to_its_end(folder, **overrides_for(section_name, address))
    assert code == 1
    assert address in server.log() and cause in server.log()


@pytest.mark.parametrize("section_name, kind", [("dns", socket.SOCK_DGRAM), ("dns", socket.SOCK_STREAM),
                                                ("api", socket.SOCK_STREAM)])
@pytest.mark.parametrize("shared", [False, True], ids=["alone", "reuseport"])
def test_an_address_in_use(folder, section_name, kind, shared):
    """Even where the other one would share it: half the queries would go to him."""
    port = free_port()
    with socket.socket(socket.AF_INET, kind) as other:
        if shared:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            other.listen()
        server, code = run_to_its_end(folder, **overrides_for(section_name, f"127.0.0.1:{port}"))
    assert code == 1
    assert f"127.0.0.1:{port}" in server.log() and "in use" in server.log()


def test_a_second_instance_is_refused_and_the_first_goes_on(folder):
    with Server(folder / "first") as first:
        account = first.register()
        second = Server(folder / "second", dns={"listen": first.configuration["dns"]["listen"]},
                        api={"listen": first.configuration["api"]["listen"]})
        second.launch()
        assert second.wait_exit() == 1
        assert "in use" in second.log()
        assert second.log().count("in use") < 10
        for _ in range(16):
            first.set_value(account)
            assert len(first.txt(account["subdomain"])) > 0


def test_a_second_instance_of_the_very_same_file_harms_nothing(folder):
    with Server(folder) as first:
        account = first.register()
        done = sallyport("run", "-c", first.file)
        assert done.returncode == 1
        for _ in range(16):
            value = first.set_value(account)
            assert value in first.txt(account["subdomain"])
        # The doors are still there for the first one's own restarts.
        first.deaths_expected = True
        for role in ROLES:
            old = first.kill(role)
            wait_until(lambda: first.pids().get(role, old) != old, f"a new {role}")
            first.wait_ready()
        assert first.set_value(account) in first.txt(account["subdomain"])


def test_a_unix_socket_whose_folder_is_missing(folder):
    path = folder / "missing" / "api.sock"
    server, code = run_to_its_end(folder, api={"listen": [f"unix:{path}"]})
    assert code == 1
    assert str(path) in server.log() and "No such file" in server.log()


def test_a_store_folder_that_cannot_be_made(folder):
    (folder / "file").write_text("")
    server, code = run_to_its_end(folder, store={"path": "file/below"})
    assert code == 1
    assert "file/below" in server.log()


def test_nothing_is_left_running_after_a_failed_start(folder):
    server = Server(folder, **overrides_for("api", "192.0.2.1:80"))
    server.launch()
    children = set()

    def ended():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            children.update(process_children(server.pid))
        return not server.runs()
    wait_until(ended, "the end")
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children), "the end of its children")


needs_root = pytest.mark.root


def log_of_failed_start(server):
    server.launch()
    assert server.wait_exit() == 1
    return server.log()


@needs_root
def test_a_store_folder_of_somebody_else_is_not_taken_over(folder):
    server = Server(folder)
    server.database.mkdir(mode=0o755)
    (server.database / "theirs").write_text("untouched")
    log = log_of_failed_start(server)
    assert f"{server.database} is not empty and belongs to uid 0 instead of {UIDS['store']}" in log
    status = server.database.stat()
    assert (status.st_uid, status.st_mode & 0o777) == (0, 0o755)


@needs_root
def test_a_store_folder_behind_a_link_is_not_followed(folder):
    server = Server(folder)
    (folder / "elsewhere").mkdir()
    server.database.symlink_to(folder / "elsewhere")
    assert f"cannot open the folder {server.database}" in log_of_failed_start(server)
    assert (folder / "elsewhere").stat().st_uid == 0


@needs_root
@pytest.mark.parametrize("mode", [0o775, 0o777])
def test_a_runtime_folder_that_others_may_write_to(folder, mode):
    server = Server(folder)
    server.runtime.mkdir()
    server.runtime.chmod(mode)
    assert f"{server.runtime} must belong to root, and be writable by nobody else" in log_of_failed_start(server)


def test_an_empty_folder_that_is_not(folder):
    server = Server(folder)
    (server.runtime / "empty").mkdir(parents=True, mode=0o755)
    (server.runtime / "empty" / "tool").write_text("")
    assert f'the folder {server.runtime}/empty must be empty: remove "tool"' in log_of_failed_start(server)


@needs_root
def test_too_few_descriptors_are_an_error_and_not_a_standstill(folder):
    """Root would raise the limit; without root apid would stand still where it should refuse."""
    server = Server(folder, as_uid=NOBODY)
    server.arguments = ["prlimit", "--nofile=300:300", *server.arguments]
    assert re.search(r"the limit RLIMIT_NOFILE is 300 here and must be at least \d+", log_of_failed_start(server))


def test_the_longest_path_there_can_be_and_one_more(folder):
    server = Server(folder)
    most = os.pathconf("/", "PC_PATH_MAX") - 1
    longest = f"{folder}/".ljust(most - len("sallyport.yaml"), "/") + "sallyport.yaml"
    server.arguments[-1] = longest
    with server:
        assert server.http("GET", "/health").status_code == 200
    done = sallyport("run", "-c", f"/{longest}")
    assert done.returncode == EXIT_CONFIG
    assert done.stderr == f"/{longest}: error: the configuration cannot be read: File name too long\n"
