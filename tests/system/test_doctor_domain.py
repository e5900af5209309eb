"""
`sallyport doctor --domain` on a small internet: what it says of the one record that sends a CA here, as it should be and with each of the usual
mistakes.
"""

import dns.message
import dns.query
import pytest

from internet import HERE, HERE_TOO, PARENT_SERVERS, RESOLVER, internet, zone
from sallyport import Server, wait_until
from test_doctor_delegation import NAME, PARENT, Findings, records

pytestmark = pytest.mark.root

ACCOUNT = "d420c923-bbd7-4056-ab64-c3ca54c9b3cf"
TARGET = f"{ACCOUNT}.{NAME}."
# A domain for each mistake, all of them in one zone.
LINES = f"""
_acme-challenge.good.example.com. 60 IN CNAME {TARGET}
_acme-challenge.upper.example.com. 60 IN CNAME {TARGET.upper()}
_acme-challenge.chain.example.com. 60 IN CNAME there.example.com.
there.example.com. 60 IN CNAME {TARGET}
nothing.example.com. 60 IN A 192.0.2.1
atdomain.example.com. 60 IN CNAME {TARGET}
_acme-challenge.owner.example.com.example.com. 60 IN CNAME {TARGET}
_acme-challenge.target.example.com. 60 IN CNAME {TARGET}example.com.
_acme-challenge.elsewhere.example.com. 60 IN CNAME x.auth.example.net.
_acme-challenge.tozone.example.com. 60 IN CNAME {NAME}.
_acme-challenge.nobody.example.com. 60 IN CNAME nobody.{NAME}.
_acme-challenge.value.example.com. 60 IN TXT "value"
_acme-challenge.loop.example.com. 60 IN CNAME loop1.example.com.
loop1.example.com. 60 IN CNAME loop2.example.com.
loop2.example.com. 60 IN CNAME loop1.example.com.
*.wild.example.com. 60 IN CNAME {TARGET}
_acme-challenge.own.example.com. 60 IN NS ns1.example.org.
_acme-challenge.caa.example.com. 60 IN CNAME {TARGET}
caa.example.com. 60 IN CAA 0 issue ";"
_acme-challenge.wildcaa.example.com. 60 IN CNAME {TARGET}
wildcaa.example.com. 60 IN CAA 0 issue "letsencrypt.org"
wildcaa.example.com. 60 IN CAA 0 issuewild ";"
_acme-challenge.method.example.com. 60 IN CNAME {TARGET}
method.example.com. 60 IN CAA 0 issue "letsencrypt.org; validationmethods=http-01"
"""
COM = zone("example.com", LINES + 'example.com. 60 IN CAA 0 issue "letsencrypt.org"\n')
# The second server of the zone has an older version.
OLD = zone("example.com", LINES.replace(f"_acme-challenge.good.example.com. 60 IN CNAME {TARGET}\n", ""))


@pytest.fixture(scope="module")
def server(module_folder):
    with internet(module_folder, {"example.org": PARENT, "example.com": COM}), \
            Server(module_folder / "server", records=[*records(NAME), f"ns1.{NAME}. AAAA {HERE_TOO}"],
                   zone_keys={"nameserver": f"ns1.{NAME}"}, dns={"listen": [f"{HERE}:53", f"[{HERE_TOO}]:53"]}) as running:
        done = running.command("accounts", "add", "--subdomain", ACCOUNT)
        assert done.returncode == 0, done.stderr
        yield running


def examine(server, domain):
    return Findings(server.command("doctor", "--json", "--resolver", RESOLVER, "--domain", domain))


@pytest.mark.parametrize("domain", ["good.example.com", "*.good.example.com", "_acme-challenge.good.example.com.",
                                    "upper.example.com", "chain.example.com"])
def test_all_is_well(server, domain):
    found = examine(server, domain)
    assert found.ids("wrong") | found.ids("warning") | found.ids("unknown") == set(), found.all
    assert found.code == 0
    assert "which is an account's" in found.of("challenge.there")["text"]
    assert "let issue: letsencrypt.org" in found.of("caa.there")["text"]


RIGHT = "_acme-challenge.{0}.example.com.  CNAME  " + TARGET
UNKNOWN = "_acme-challenge.{0}.example.com.  CNAME  SUBDOMAIN." + NAME + "."
MISTAKES = {
    "nothing": ("challenge.missing", UNKNOWN),
    "notatall": ("challenge.missing", UNKNOWN),
    "atdomain": ("challenge.at_domain", RIGHT),
    "owner": ("challenge.owner_without_dot", RIGHT),
    "target": ("challenge.target_without_dot", RIGHT),
    "elsewhere": ("challenge.elsewhere", UNKNOWN),
    "tozone": ("challenge.to_zone", UNKNOWN),
    "nobody": ("challenge.no_account", UNKNOWN),
    "value": ("challenge.value", UNKNOWN),
    "loop": ("challenge.loop", UNKNOWN),
    "caa": ("caa.nobody", 'caa.example.com.  CAA  0 issue "letsencrypt.org"'),
    "*.wildcaa": ("caa.nobody", 'wildcaa.example.com.  CAA  0 issuewild "letsencrypt.org"'),
    "method": ("caa.method", 'method.example.com.  CAA  0 issue "letsencrypt.org; validationmethods=dns-01"'),
}


@pytest.mark.parametrize("domain", MISTAKES)
def test_a_mistake(server, domain):
    kind, fix = MISTAKES[domain]
    found = examine(server, f"{domain}.example.com")
    assert found.code == 1
    assert {one for one in found.ids("wrong") if one.startswith(("challenge", "caa"))} == {kind}, found.all
    assert fix.format(domain) in found.fix(kind)
    # One cause, one finding.
    assert found.ids("warning") == set()


def test_wildcards_alone_are_forbidden(server):
    found = examine(server, "wildcaa.example.com")
    assert found.code == 0
    assert "let issue: letsencrypt.org; for wildcards: nobody" in found.of("caa.there")["text"]


def test_a_wildcard(server):
    found = examine(server, "wild.example.com")
    assert RIGHT.format("wild") in found.fix("challenge.wildcard")
    assert "challenge.there" in found.ids("ok")


def test_a_zone_of_its_own(server):
    found = examine(server, "own.example.com")
    assert UNKNOWN.format("own") in found.fix("challenge.delegated")


def test_a_domain_that_does_not_exist(server):
    assert "NXDOMAIN" in examine(server, "example.nowhere").of("challenge.no_domain")["text"]


def test_for_people(server):
    done = server.command("doctor", "--resolver", RESOLVER, "--domain", "nothing.example.com")
    assert done.returncode == 1
    assert "\nThe domain nothing.example.com\n" in done.stdout
    assert "_acme-challenge.nothing.example.com has no CNAME: no challenge gets here" in " ".join(done.stdout.split())


def test_several_domains(server):
    """Each has its own part; one that is wrong is enough."""
    found = Findings(server.command("doctor", "--json", "--resolver", RESOLVER, "--domain", "good.example.com",
                                    "--domain", "nothing.example.com", "--domain", "*.upper.example.com"))
    assert found.code == 1
    assert {(one["about"], one["id"]) for one in found.all if one["id"].startswith("challenge.")} == {
        ("The domain good.example.com", "challenge.there"), ("The domain nothing.example.com", "challenge.missing"),
        ("The domain *.upper.example.com", "challenge.there")}


def test_too_many_domains(server):
    done = server.command("doctor", *["--domain", "example.com"] * 65)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--domain: at most 64 at once" in done.stderr


@pytest.mark.parametrize("domain", ["", "a..b", "."])
def test_no_domain(server, domain):
    done = server.command("doctor", "--domain", domain)
    assert (done.returncode, done.stdout) == (2, "")
    assert f'--domain: "{domain}" is no domain, such as example.com' in done.stderr


def test_one_server_is_behind(folder):
    with internet(folder, {"example.org": PARENT, "example.com": COM}, {"example.org": PARENT, "example.com": OLD}), \
            Server(folder / "server", records=records(NAME), dns={"listen": [f"{HERE}:53"]}) as server:
        found = examine(server, "good.example.com")
        assert "ns2.example.org" in found.of("challenge.partly")["text"]


def ask(address, name):
    """The target of its CNAME."""
    answer = dns.query.udp(dns.message.make_query(name, "CNAME"), address, timeout=5).answer
    return answer[0][0].target.to_text() if answer else None


def test_the_resolver_remembers_what_was_there(folder):
    name = "_acme-challenge.good.example.com."
    before = zone("example.com", f"{name} 3600 IN CNAME old.example.net.\n")
    with internet(folder, {"example.org": PARENT, "example.com": before}) as (servers, _), \
            Server(folder / "server", records=records(NAME), dns={"listen": [f"{HERE}:53"]}) as server:
        assert ask(RESOLVER, name) == "old.example.net."
        servers.change("example.com", zone("example.com", f"{name} 3600 IN CNAME {TARGET}\n", serial=2))
        wait_until(lambda: ask(PARENT_SERVERS["ns1.example.org"], name) == TARGET, "the zone's new version")
        found = examine(server, "good.example.com")
    stale = found.of("challenge.stale")
    assert stale["level"] == "warning"
    assert "was there before, a CNAME to old.example.net, and keeps it for " in stale["text"]
    assert " min " in stale["text"], "it says for how long"
