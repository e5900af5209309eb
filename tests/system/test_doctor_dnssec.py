"""
`sallyport doctor` where a resolver validates (DNSSEC): zones that are signed rightly, and in the ways that make a CA's resolver answer
nothing at all.
"""

import re

import pytest

from internet import HERE, HERE_TOO, NOWHERE, RESOLVER, internet, signed, zone
from sallyport import Server
from test_doctor_delegation import NAME, PARENT, Findings, records

pytestmark = pytest.mark.root

ACCOUNT = "d420c923-bbd7-4056-ab64-c3ca54c9b3cf"
TARGET = f"{ACCOUNT}.{NAME}."
def text(name):
    return zone(name, f"_acme-challenge.{name}. 60 IN CNAME {TARGET}\n{name}. 60 IN CAA 0 issue \"letsencrypt.org\"\n")


@pytest.fixture(scope="module")
def server(module_folder):
    # Both domains of the internet are signed; the zones below are trusted by what these say of them.
    zones, anchors, keys = {}, [], ""
    for name, ended in ("good.example.com", False), ("ended.example.com", True), ("other.example.com", False):
        zones[name], _, key = signed(module_folder / name, name, text(name), ended)
        keys += key + "\n"
    # Somebody has changed the one record behind the signer's back.
    assert TARGET in zones["other.example.com"]
    zones["other.example.com"] = zones["other.example.com"].replace(TARGET, f"x{TARGET}")
    zones["nokey.example.com"] = text("nokey.example.com")
    keys += "nokey.example.com. 60 IN DS 4711 13 2 " + "ab" * 32 + "\n"
    zones["unsigned.example.com"] = text("unsigned.example.com")
    for name, lines in ("example.com", zone("example.com", keys + "".join(
            f"{below}. 60 IN NS ns1.example.org.\n" for below in zones))), ("example.org", PARENT):
        zones[name], anchor, _ = signed(module_folder / name, name, lines)
        anchors.append(anchor)
    with internet(module_folder, zones, anchors=anchors), \
            Server(module_folder / "server", records=[*records(NAME), f"ns1.{NAME}. AAAA {HERE_TOO}"],
                   dns={"listen": [f"{HERE}:53", f"[{HERE_TOO}]:53"]}) as running:
        done = running.command("accounts", "add", "--subdomain", ACCOUNT)
        assert done.returncode == 0, done.stderr
        yield running


def examine(server, *options):
    return Findings(server.command("doctor", "--json", "--resolver", RESOLVER, *options))


@pytest.mark.parametrize("domain", ["good.example.com", "unsigned.example.com"])
def test_signed_rightly_or_not_at_all(server, domain):
    found = examine(server, "--domain", domain)
    assert found.ids("wrong") | found.ids("warning") == set(), found.all
    assert {"challenge.there", "caa.there", "delegation.there"} <= found.ids("ok")


# Versions of unbound give one or the other.
REASON = r" \(its reason: (they have expired|the zone has not the key that the DS record above it names)\)"
FORGED = {
    "ended.example.com": ("ended.example.com", REASON),
    "other.example.com": ("_acme-challenge.other.example.com", r""),
    "nokey.example.com": ("nokey.example.com", REASON),
}


@pytest.mark.parametrize("domain", FORGED)
def test_signed_wrongly(server, domain):
    name, why = FORGED[domain]
    found = examine(server, "--domain", domain)
    assert found.code == 1
    assert re.fullmatch(rf"the resolver {RESOLVER}:53 finds the signatures \(DNSSEC\) of {name} wrong{why}: "
                        "it gives no answer, and neither will the CA's", found.of("challenge.bogus")["text"])
    assert f"delv {name}" in found.fix("challenge.bogus")
    # What else there is to say is said all the same.
    assert {"caa.there", "delegation.there"} <= found.ids("ok")
    assert found.ids("wrong") - {"challenge.bogus"} == ({"challenge.no_account"} if domain == "other.example.com" else set())


def test_our_zone_is_said_to_be_signed(folder, server):
    """A DS record for it: resolvers that validate do not take what it says."""
    name = "signed.example.org"
    with Server(folder, zone=name, records=records(name), dns={"listen": [f"{NOWHERE}:53"]}) as ours:
        found = examine(ours)
    assert f"{name}.  DS  ..." in found.fix("delegation.ds")
    assert found.of("value.fails")["text"].startswith(f"the resolver {RESOLVER}:53 answers SERVFAIL")
