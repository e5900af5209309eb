"""sallyport convert-config: acme-dns's configuration as one of ours."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sallyport import DEADLINE, NOBODY, ROOT, SALLYPORT, UIDS, Server, make_certificate

EXIT_CONFIG = 78

# As acme-dns's repository has it, comments and all (config.cfg of its version 2).
DOCUMENTED = Path(__file__).resolve().parents[1] / "fuzz" / "corpus" / "toml" / "acme-dns.cfg"


def sallyport(*arguments, **options):
    return subprocess.run([SALLYPORT, *map(str, arguments)], capture_output=True, text=True,
                          timeout=DEADLINE, stdin=subprocess.DEVNULL, **options)


def convert(folder, text):
    file = folder / "config.cfg"
    file.write_text(text)
    return sallyport("convert-config", file)


def check(folder, yaml):
    """What check-config prints, as a user for whom no other users are looked up."""
    file = folder / "sallyport.yaml"
    file.write_text(yaml)
    as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if ROOT else {}
    done = sallyport("check-config", "-c", file, **as_nobody)
    assert done.returncode == 0, done.stderr
    return done.stdout


def values(printed):
    """SECTION.KEY to value, of what check-config prints: lists and scalars on their line."""
    found, section = {}, ""
    for line in printed.splitlines():
        if match := re.fullmatch(r"(\w+):\s*(.*)", line):
            section = match[1]
        elif match := re.fullmatch(r"  (\w+):\s*(.*)", line):
            found[f"{section}.{match[1]}"] = match[2]
        elif match := re.fullmatch(r"    - (.*)", line):
            found.setdefault(f"{section}.list", []).append(match[1])
    return found


def in_force(yaml, key):
    """What the converted configuration itself says, comments aside; None: nothing."""
    return values(yaml).get(key)


def config(general="", database="", api="", logconfig=""):
    return f"""[general]
domain = "auth.example.org"
{general}
[database]
engine = "sqlite3"
connection = "acme-dns.db"
{database}
[api]
{api}
[logconfig]
{logconfig}
"""


def converted(folder, **sections):
    done = convert(folder, config(**sections))
    assert done.returncode == 0, done.stderr
    check(folder, done.stdout)
    return done.stdout


def test_the_documented_example_converts_and_passes(folder):
    done = convert(folder, DOCUMENTED.read_text())
    assert (done.returncode, done.stderr) == (0, "")
    found = values(check(folder, done.stdout))
    assert found["zone.name"] == '"auth.example.org."'
    assert found["zone.admin"] == '"admin.example.org."'
    assert "auth.example.org. A 198.51.100.1" in str(found)
    assert '"127.0.0.1:53"' in found["dns.list"]
    assert found["log.level"] == "debug"
    # HTTPS was on; in clear nobody else may reach the API.
    assert in_force(done.stdout, "api.listen") == '["127.0.0.1:8053", "[::1]:8053"]'
    assert in_force(done.stdout, "api.cors_origins") == '["*"]'
    for words in ("certbot", "uacme", "sallyport accounts add", "_acme-challenge.auth.example.org", "sallyport reload"):
        assert words in done.stdout
    assert "Not taken over" not in done.stdout
    assert "api-certs" in done.stdout and "/var/lib/acme-dns/acme-dns.db" in done.stdout


def test_the_converted_configuration_serves(folder):
    server = Server(folder)
    server.configuration["dns"]["listen"] = [f"127.0.0.1:{server.dns_port}"]
    yaml = converted(folder, general=f'listen = "127.0.0.1:{server.dns_port}"\n'
                     'records = ["auth.example.org NS ns.example.net"]',
                     api=f'ip = "127.0.0.1"\nport = "{server.api_port}"\ntls = "none"')
    users = ", ".join(f"{role}: {uid}" for role, uid in UIDS.items())
    for theirs, ours in [("/var/lib/sallyport", "lib"),
                         ("runtime_dir: /run/sallyport", f"runtime_dir: run\n  users: {{{users}}}")]:
        assert theirs in yaml
        yaml = yaml.replace(theirs, ours)
    server.write_configuration(yaml)
    with server:
        account = server.register()
        value = server.set_value(account)
        assert server.txt(account["subdomain"]) == [value]
        assert "NS ns.example.net." in server.dns("", "NS").answer[0].to_text()


@pytest.mark.parametrize("general, listen", [
    ('listen = ":53"', '["0.0.0.0:53", "[::]:53"]'),
    ('listen = "0.0.0.0:53"', '["0.0.0.0:53", "[::]:53"]'),
    ('listen = "[::]:53"', '["0.0.0.0:53", "[::]:53"]'),
    ('', '["0.0.0.0:53", "[::]:53"]'),
    ('listen = "0.0.0.0:53"\nprotocol = "both4"', '["0.0.0.0:53"]'),
    ('listen = ":53"\nprotocol = "udp6"', '["[::]:53"]'),
    ('listen = "192.0.2.1:5353"', '["192.0.2.1:5353"]'),
    ('listen = "[2001:db8::1]:53"\nprotocol = "both6"', '["[2001:db8::1]:53"]'),
    ('Listen = "192.0.2.1:53"', '["192.0.2.1:53"]'),
])
def test_listening(folder, general, listen):
    assert f"listen: {listen}" in converted(folder, general=general).split("\napi:")[0]


@pytest.mark.parametrize("protocol, ours", [("both", "[udp, tcp]"), ("udp4", "[udp]"), ("tcp", "[tcp]")])
def test_protocols(folder, protocol, ours):
    assert f"protocols: {ours}" in converted(folder, general=f'listen = "192.0.2.1:53"\nprotocol = "{protocol}"')


@pytest.mark.parametrize("theirs, ours", [
    ("auth.example.org A 192.0.2.1", "auth.example.org. A 192.0.2.1"),
    ("auth.example.org. NS ns1.example.net", "auth.example.org. NS ns1.example.net."),
    ("auth.example.org. 60 IN MX 10 mail.example.net", "auth.example.org. 60 IN MX 10 mail.example.net."),
    ("x.auth.example.org TXT a.b", "x.auth.example.org. TXT a.b"),
    ('x.auth.example.org. TXT "a \\"b\\""', 'x.auth.example.org. TXT "a \\"b\\""'),
    ("auth.example.org. NS ns1.example.net.", "auth.example.org. NS ns1.example.net."),
])
def test_names_that_acme_dns_takes_for_whole_ones_get_their_dot(folder, theirs, ours):
    yaml = converted(folder, general=f"records = ['{theirs}']")
    quoted = ours.replace("\\", "\\\\").replace('"', '\\"')
    assert f'    - "{quoted}"\n' in yaml


def test_without_https_the_api_listens_where_it_did(folder):
    yaml = converted(folder, api='ip = "192.0.2.1"\nport = "8080"\ntls = "none"\ndisable_registration = true')
    assert 'listen: ["192.0.2.1:8080"]' in yaml and "disable_registration: true" in yaml
    assert 'listen: ["0.0.0.0:80", "[::]:80"]' in converted(folder, api='tls = "none"').split("\napi:")[1]


@pytest.mark.parametrize("theirs, ours", [("warn", "warning"), ("trace", "debug"), ("info", "info"),
                                          ("fatal", "error"), ("", "info")])
def test_log_levels(folder, theirs, ours):
    assert f"level: {ours}\n" in converted(folder, logconfig=f'loglevel = "{theirs}"')


def test_the_certificate_is_taken_over(folder):
    certificate, key = make_certificate(folder)
    for path in (folder, certificate, key):
        shutil.chown(path, *(NOBODY, NOBODY) if ROOT else (None, os.getgid()))
    yaml = converted(folder, api='ip = "127.0.0.1"\nport = "443"\ntls = "cert"\nhsts_enabled = true\nhsts_max_age = 77\n'
                     f'tls_cert_privkey = "{key}"\ntls_cert_fullchain = "{certificate}"')
    assert in_force(yaml, "api.listen") == '["127.0.0.1:443"]'
    assert in_force(yaml, "api.hsts") == "77"
    assert f'\n  tls:\n    certificate: "{certificate}"\n    key: "{key}"\n' in yaml
    assert "must not be able to read it" in yaml and "sallyport reload" in yaml
    assert "To do" not in yaml.split("\napi:")[1].split("\nstore:")[0]


def test_where_a_relative_certificate_lies_is_asked(folder):
    done = convert(folder, config(api='tls = "cert"\ntls_cert_privkey = "a.key"\ntls_cert_fullchain = "/a.pem"'))
    assert done.returncode == 0
    assert re.search(r'certificate: "/a.pem"\n    # To do: .*\n.*whole path\.\n    key: "a.key"\n', done.stdout)


def test_the_browsers_insistence_on_tls_waits_for_tls(folder):
    api = 'ip = "127.0.0.1"\nport = "80"\nhsts_enabled = true\nhsts_max_age = 77\ntls = '
    for tls, words in (("none", "max-age=77"), ("letsencrypt", "hsts: 77")):
        yaml = converted(folder, api=f'{api}"{tls}"')
        assert words in yaml and in_force(yaml, "api.hsts") is None


@pytest.mark.parametrize("theirs, ours, comments", [
    ('["https://a.example", "http://b.example:8080"]', '["https://a.example", "http://b.example:8080"]', []),
    ('["https://a.example", "*"]', '["*"]', []),
    ("[]", '["*"]', []),
    ('["https://a.example", "https://a.example"]', '["https://a.example"]', []),
    ('["https://*.example"]', "[]", ["patterns", '"https://*.example"']),
    ('["a.example", "https://b.example"]', '["https://b.example"]', ["https://www.example.org", '"a.example"']),
])
def test_origins(folder, theirs, ours, comments):
    yaml = converted(folder, api=f"corsorigins = {theirs}")
    assert in_force(yaml, "api.cors_origins") == ours
    for words in comments:
        assert re.search(f"^ +# .*{re.escape(words)}", yaml, re.MULTILINE)


@pytest.mark.parametrize("theirs, ours", [("X-Forwarded-For", "X-Forwarded-For"), ("x-forwarded-for", "X-Forwarded-For"),
                                          ("forwarded", "Forwarded"), ("X-Real-IP", "X-Forwarded-For")])
def test_the_header_is_taken_over_and_the_proxy_asked_for(folder, theirs, ours):
    yaml = converted(folder, api=f'use_header = true\nheader_name = "{theirs}"')
    assert in_force(yaml, "api.forwarded_header") == ours
    assert in_force(yaml, "api.trusted_proxies") is None
    assert re.search('^  # trusted_proxies: ', yaml, re.MULTILINE)
    assert ('the header was "X-Real-IP"' in yaml) == (theirs == "X-Real-IP")
    assert "forwarded" not in converted(folder, api=f'use_header = false\nheader_name = "{theirs}"')


def test_what_has_no_counterpart_is_said(folder):
    done = convert(folder, config(general="txt_limit = 5\ndebug = true", database='passwrd = "sesame"',
                                  api='notification_email = "me@example.org"\nhsts_preload = true\n"a\\nb" = 1',
                                  logconfig='logtype = "file"\nlogfile = "/var/log/acme-dns.log"\nlogformat = "json"'))
    assert done.returncode == 0, done.stderr
    check(folder, done.stdout)
    for words in ("/var/log/acme-dns.log", "format: json", "# - general.txt_limit: ", "values_per_name", "# - general.debug: ",
                  "# - database.passwrd: ", "# - api.notification_email: ", "# - api.hsts_preload: ", "# - api.a\\x0ab: "):
        assert words in done.stdout
    assert "sesame" not in done.stdout + done.stderr


def test_the_password_of_the_database_is_not_shown(folder):
    text = config().replace("sqlite3", "postgres").replace("acme-dns.db", "postgres://user:sesame@localhost/acmedns")
    done = convert(folder, text)
    assert done.returncode == 0
    assert "sesame" not in done.stdout + done.stderr and "pg_dump" in done.stdout


@pytest.mark.parametrize("sections, line, words", [
    ({"general": 'listen = "localhost:53"'}, 3, ["name", "192.0.2.1"]),
    ({"general": 'listen = "127.0.0.1"'}, 3, ["port"]),
    ({"general": 'listen = ":domain"'}, 3, ["domain", "53"]),
    ({"general": 'listen = "192.0.2.1:53"\nprotocol = "udp6"'}, 3, ["IPv4", "IPv6"]),
    ({"general": 'protocol = "sctp"'}, 3, ["sctp", "udp"]),
    ({"general": "records = ["}, None, ["quotes"]),
    ({"api": "port = 443"}, 9, ["api.port", "whole number", "quotes"]),
    ({"api": 'ip = "example.org"\ntls = "none"'}, 9, ["name"]),
    ({"api": 'tls = "cert"\ntls_cert_privkey = "/a.key"'}, 9, ["tls_cert_fullchain", "missing"]),
    ({"api": "hsts_enabled = true\nhsts_max_age = -1"}, 10, ["hsts_max_age", "2147483647"]),
    ({"api": "hsts_enabled = true\nhsts_max_age = 2147483648"}, 10, ["hsts_max_age", "2147483647"]),
])
def test_mistakes_have_their_place(folder, sections, line, words):
    done = convert(folder, config(**sections))
    assert (done.returncode, done.stdout) == (EXIT_CONFIG, "")
    assert line is None or f"config.cfg:{line}:" in done.stderr
    for word in words:
        assert word in done.stderr


def test_a_record_that_we_refuse_is_shown_in_its_place(folder):
    done = convert(folder, config(general='records = ["auth.example.org. A 192.0.2.1", "example.net. A 192.0.2.1"]'))
    assert (done.returncode, done.stdout) == (EXIT_CONFIG, "")
    place = re.search(r"config\.cfg \(converted\):(\d+):\d+: error: .*example\.net", done.stderr)
    assert place
    shown = done.stderr.split("\n\n", 2)[2].splitlines()
    assert "example.net" in shown[int(place[1]) - 1]


def test_a_key_that_acme_dns_does_not_look_at_is_a_warning(folder):
    done = convert(folder, config(logconfig="use_headr = true", api='prot = "443"'))
    assert done.returncode == 0
    assert "use_headr" in done.stderr and 'perhaps you meant "port"' in done.stderr
    check(folder, done.stdout)


def test_no_file_and_a_folder(folder):
    for path in (folder / "missing", folder):
        done = sallyport("convert-config", path)
        assert (done.returncode, done.stdout) == (EXIT_CONFIG, "") and str(path) in done.stderr


def test_the_domain_is_needed(folder):
    done = convert(folder, '[database]\nengine = "sqlite"\n')
    assert done.returncode == EXIT_CONFIG and "general.domain" in done.stderr
