"""What a caching resolver makes of the server's answers: nothing it keeps may hide a value.

unbound sends every question in mixed case (0x20) and with as few labels as it can (RFC 9156, strictly:
a negative answer for the labels in between is final).
"""

import dns.rcode
import dns.rdatatype
import pytest

from relay import Relay
from resolver import CHALLENGE, Resolver
from sallyport import random_txt, wait_until

# Long enough that a test would not outlive a wrongly cached answer.
LONG_SECONDS = 3600
NO_ANSWER = (dns.rcode.NOERROR, [])


@pytest.fixture
def relay(server):
    with Relay(server.dns_port) as relay:
        yield relay


@pytest.fixture
def cache(folder, server, account, relay):
    """A resolver that caches what the server says."""
    aliases = {CHALLENGE: account.fulldomain}
    with Resolver(folder / "cache", server.zone, relay.port, aliases, cache=True) as service:
        yield service


def outcome(response):
    """The rcode and the types of a response's answer section."""
    return response.rcode(), [rrset.rdtype for rrset in response.answer]


@pytest.mark.zone(negative_ttl=LONG_SECONDS)
@pytest.mark.parametrize("rdtype", ["A", "AAAA", "CAA", "SOA", "CNAME"])
def test_another_type_first_does_not_hide_the_value(rdtype, account, cache):
    """An existing name without the type is NODATA; NXDOMAIN would stand for every type of it."""
    assert outcome(cache.ask(account.fulldomain, rdtype)) == NO_ANSWER
    assert outcome(cache.ask(CHALLENGE, "A")) == (dns.rcode.NOERROR, [dns.rdatatype.CNAME])

    value = random_txt()
    account.update(value)
    assert cache.txt(account.fulldomain) == [value]
    assert cache.txt(CHALLENGE) == [value]


@pytest.mark.zone(negative_ttl=LONG_SECONDS)
def test_missing_names_do_not_hide_a_later_registration(server, cache):
    """NXDOMAIN around it, then registered, then TXT."""
    for missing in ("missing", "_acme-challenge", "a.b.missing"):
        response = cache.ask(f"{missing}.{server.zone}", "TXT")
        assert response.rcode() == dns.rcode.NXDOMAIN

    later = server.register()
    below = cache.ask(f"below.{later['fulldomain']}", "TXT")
    assert below.rcode() == dns.rcode.NXDOMAIN
    assert outcome(cache.ask(later["fulldomain"], "A")) == NO_ANSWER

    value = server.set_value(later)
    assert cache.txt(later["fulldomain"]) == [value]


@pytest.mark.zone(negative_ttl=1)
def test_no_value_yet_is_forgotten_after_the_negative_ttl(account, cache):
    """Asked too early, the resolver may keep "no value" for negative_ttl, and not longer."""
    assert outcome(cache.ask(account.fulldomain, "TXT")) == NO_ANSWER

    value = random_txt()
    account.update(value)
    wait_until(lambda: cache.txt(account.fulldomain) == [value], "the value in the resolver")


@pytest.mark.zone(negative_ttl=7)
@pytest.mark.parametrize("qname, rcode", [("missing.auth.example.org", dns.rcode.NXDOMAIN),
                                          ("auth.example.org", dns.rcode.NOERROR)])
def test_negative_answers_carry_the_negative_ttl(qname, rcode, cache):
    response = cache.ask(qname, "MX")
    assert response.rcode() == rcode
    soa, = response.authority
    assert soa.rdtype == dns.rdatatype.SOA
    assert 0 < soa.ttl <= 7


@pytest.mark.zone(txt_ttl=1)
def test_a_value_is_forgotten_after_its_ttl(account, cache):
    first, second, third = random_txt(), random_txt(), random_txt()
    account.update(first)
    assert cache.txt(CHALLENGE) == [first]
    account.update(second)
    account.update(third)
    wait_until(lambda: cache.txt(CHALLENGE) == sorted([second, third]), "the values in the resolver")


@pytest.mark.zone(txt_ttl=0)
def test_a_value_without_ttl_is_never_old(account, cache):
    """For clients that prove the second name within a second: with TTL 0 nothing is kept."""
    for _ in range(5):
        value = random_txt()
        account.update(value)
        assert value in cache.txt(CHALLENGE)


def test_questions_in_mixed_case_are_echoed(account, cache, relay):
    """A resolver that mixes the case takes only the answer that repeats it (0x20)."""
    value = random_txt()
    account.update(value)
    assert cache.txt(CHALLENGE) == [value]

    assert any(asked != asked.lower() for asked, _ in relay.questions())
    assert [asked for asked, _ in relay.questions()] == [echoed for _, echoed in relay.questions()]


def test_labels_in_between_exist(server, cache, relay):
    """QNAME minimisation goes down label by label; an empty non-terminal is NODATA."""
    assert cache.txt(f"deep.below.nothing.{server.zone}") == ["found"]

    asked = [asked.lower() for asked, _ in relay.questions()]
    assert f"nothing.{server.zone}" in asked
    assert f"below.nothing.{server.zone}" in asked
