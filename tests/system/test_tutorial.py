"""
The session that every tutorial of acme-dns shows, with the real dig and the real curl: the same
commands must give the same bytes, but for what is random and for the SOA's last field, which is
the negative TTL here.
"""

import json
import re
import subprocess
import time

import pytest

from sallyport import DEADLINE, credentials

ZONE = "auth.example.com"
SERVER = {
    "zone": ZONE,
    "records": [f"{ZONE}. A 192.0.2.200", f"{ZONE}. NS {ZONE}."],
}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert done.stderr == ""
    return done.stdout


def dig(server, *arguments):
    return run("dig", "-r", "+noall", "+answer", "-p", str(server.dns_port), *arguments, "@127.0.0.1")


def curl(server, path, *arguments):
    return run("curl", "-q", "-sS", "--noproxy", "*", "-XPOST", f"{server.url}{path}", *arguments)


def test_dig_a(server):
    assert dig(server, "-t", "A", ZONE) == f"{ZONE}.\t3600\tIN\tA\t192.0.2.200\n"


def test_dig_ns(server):
    assert dig(server, "-t", "NS", ZONE) == f"{ZONE}.\t3600\tIN\tNS\t{ZONE}.\n"


def test_dig_soa(server):
    line = dig(server, "-t", "SOA", ZONE)
    found = re.fullmatch(rf"{re.escape(ZONE)}\.\t3600\tIN\tSOA\t{re.escape(ZONE)}\. "
                         r"hostmaster\.example\.org\. (\d{10}) 28800 7200 604800 60\n", line)
    assert found, line
    # The hour in which the server started, in UTC.
    hours = [time.strftime("%Y%m%d%H", time.gmtime(time.time() - 3600 * back)) for back in (0, 1)]
    assert found[1] in hours


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_dig_says_the_same_everywhere(server, transport, address):
    assert run("dig", "-r", transport, "+noall", "+answer", "-p", str(server.dns_port), "-t", "A", ZONE,
               f"@{address}") == f"{ZONE}.\t3600\tIN\tA\t192.0.2.200\n"


def test_session(server):
    """Register, update, dig, one after the other as in the tutorial."""
    answer = curl(server, "/register")
    uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    found = re.fullmatch(rf'{{"username":"({uuid})","password":"([A-Za-z0-9_-]{{40}})",'
                         rf'"fulldomain":"({uuid})\.{re.escape(ZONE)}","subdomain":"({uuid})",'
                         r'"allowfrom":\[\]}', answer)
    assert found, answer
    username, password, in_fulldomain, subdomain = found.groups()
    assert in_fulldomain == subdomain
    assert username != subdomain
    assert json.dumps(json.loads(answer), indent=2) == f"""{{
  "username": "{username}",
  "password": "{password}",
  "fulldomain": "{subdomain}.{ZONE}",
  "subdomain": "{subdomain}",
  "allowfrom": []
}}"""

    value = "___validation_token_received_from_the_ca___"
    answer = curl(server, "/update", "-H", f"X-Api-User: {username}", "-H", f"X-Api-Key: {password}",
                  "--data", json.dumps({"subdomain": subdomain, "txt": value}))
    assert answer == '{"txt": "___validation_token_received_from_the_ca___"}'

    # Blanks where dig has no room for its columns.
    assert dig(server, "-t", "TXT", f"{subdomain}.{ZONE}") == f'{subdomain}.{ZONE}. 1 IN TXT\t"{value}"\n'


def test_two_updates_show_two_values(server, account):
    """The wildcard and its apex are validated at once: both values stand side by side."""
    for letter in "ab":
        assert curl(server, "/update",
                    *(word for name, value in credentials(account).items() for word in ("-H", f"{name}: {value}")),
                    "--data", json.dumps({"subdomain": account["subdomain"], "txt": letter * 43})
                    ) == f'{{"txt": "{letter * 43}"}}'
    lines = dig(server, "-t", "TXT", account["fulldomain"]).splitlines()
    assert sorted(line.split("\t")[-1] for line in lines) == [f'"{letter * 43}"' for letter in "ab"]


def test_update_with_a_wrong_key(server, account):
    assert curl(server, "/update", "-H", f"X-Api-User: {account['username']}",
                "-H", "X-Api-Key: " + "x" * 40, "--data",
                json.dumps({"subdomain": account["subdomain"], "txt": "a" * 43})) == '{"error": "forbidden"}'
