"""What caching resolvers make of the server's answers: nothing they keep may hide a value.

unbound, BIND, PowerDNS Recursor and Knot Resolver, each in the strictest of its manners. What one of
them cannot do at all is said where the tests that need it name those that can.
"""

import os

import dns.rcode
import dns.rdatatype
import pytest

from capture import Capture
from relay import Relay
from resolver import CHALLENGE, RESOLVERS
from sallyport import ROOT, random_txt, wait_until

# Long enough that a test would not outlive a wrongly cached answer.
LONG_SECONDS = 3600
NO_ANSWER = (dns.rcode.NOERROR, [])


def some(trait):
    """Of the resolvers those with a trait; resolver.py says why another lacks it."""
    chosen = [kind for kind in RESOLVERS if getattr(kind, trait)]
    return pytest.mark.parametrize("kind", chosen)


@pytest.fixture(params=RESOLVERS)
def kind(request):
    return request.param


@pytest.fixture
def well_formed(folder, server):
    """In a long run tshark looks at what the server says."""
    if not (ROOT and os.environ.get("SALLYPORT_LONG")):
        yield
        return
    with Capture(folder, server) as capture:
        yield
    capture.check_answers(2)


@pytest.fixture
def challenge(kind, account):
    """The name to ask for: behind the parent's alias where the resolver follows it."""
    return CHALLENGE if kind.follows_aliases else account.fulldomain


@pytest.fixture
def tcp():
    """Whether the resolver is told to ask over TCP alone."""
    return False


@pytest.fixture
def relay(server):
    with Relay(server.dns_port) as relay:
        yield relay


@pytest.fixture
def cache(kind, tcp, folder, server, account, relay):
    """A resolver that caches what the server says."""
    aliases = {CHALLENGE: account.fulldomain}
    with kind(folder / "cache", server.zone, relay.port, aliases, tcp) as service:
        yield service


def outcome(response):
    """The rcode and the types of a response's answer section."""
    return response.rcode(), [rrset.rdtype for rrset in response.answer]


@pytest.mark.zone(negative_ttl=LONG_SECONDS)
@pytest.mark.parametrize("rdtype", ["A", "AAAA", "CAA", "SOA", "CNAME"])
def test_another_type_first_does_not_hide_the_value(rdtype, account, challenge, cache):
    """An existing name without the type is NODATA; NXDOMAIN would stand for every type of it."""
    assert outcome(cache.ask(account.fulldomain, rdtype)) == NO_ANSWER
    chain = [] if challenge == account.fulldomain else [dns.rdatatype.CNAME]
    assert outcome(cache.ask(challenge, "A")) == (dns.rcode.NOERROR, chain)

    value = random_txt()
    account.update(value)
    assert cache.txt(account.fulldomain) == [value]
    assert cache.txt(challenge) == [value]


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
def test_a_value_is_forgotten_after_its_ttl(account, challenge, cache):
    first, second, third = random_txt(), random_txt(), random_txt()
    account.update(first)
    assert cache.txt(challenge) == [first]
    account.update(second)
    account.update(third)
    wait_until(lambda: cache.txt(challenge) == sorted([second, third]), "the values in the resolver")


@some("forgets_at_once")
@pytest.mark.zone(txt_ttl=0)
def test_a_value_without_ttl_is_never_old(account, challenge, cache):
    """For clients that prove the second name within a second: with TTL 0 nothing is kept."""
    for _ in range(5):
        value = random_txt()
        account.update(value)
        assert value in cache.txt(challenge)


def test_a_question_in_mixed_case_is_answered(account, cache, relay):
    """Whatever a resolver does with its client's spelling, it gets its own spelling back."""
    value = random_txt()
    account.update(value)
    assert cache.txt(account.fulldomain.swapcase()) == [value]
    assert cache.txt(account.fulldomain) == [value]

    assert all(asked == echoed for asked, echoed in relay.questions())


@some("randomises_case")
def test_mixed_case_is_echoed(account, challenge, cache, relay):
    """A resolver that mixes the case takes only the answer that repeats it (0x20)."""
    value = random_txt()
    account.update(value)
    assert cache.txt(challenge) == [value]

    assert any(asked != asked.lower() for asked, _ in relay.questions())
    assert all(asked == echoed for asked, echoed in relay.questions())


@some("minimises")
def test_labels_in_between_exist(server, cache, relay):
    """QNAME minimisation goes down label by label; an empty non-terminal is NODATA."""
    assert cache.txt(f"deep.below.nothing.{server.zone}") == ["found"]

    asked = [asked.lower() for asked, _ in relay.questions()]
    assert f"nothing.{server.zone}" in asked or f"_.nothing.{server.zone}" in asked
    assert f"below.nothing.{server.zone}" in asked or f"_.below.nothing.{server.zone}" in asked


def ask_each_kind(server, account, challenge, cache):
    """A name without a value, one that does not exist, one that does, and the end of a chain."""
    assert outcome(cache.ask(account.fulldomain, "A")) == NO_ANSWER
    assert cache.ask(f"missing.{server.zone}", "TXT").rcode() == dns.rcode.NXDOMAIN
    value = random_txt()
    account.update(value)
    assert cache.txt(account.fulldomain) == [value]
    assert cache.txt(challenge) == [value]


@pytest.mark.usefixtures("well_formed")
def test_truncated_answers_are_asked_for_over_tcp(server, account, challenge, cache, relay):
    relay.truncating = True
    ask_each_kind(server, account, challenge, cache)

    final = [query for transport, query, _ in relay.exchanges if transport == "tcp"]
    assert len(final) >= 3


@pytest.mark.usefixtures("well_formed")
@some("can_insist_on_tcp")
@pytest.mark.parametrize("tcp", [True])
def test_over_tcp_alone(server, account, challenge, cache, relay):
    ask_each_kind(server, account, challenge, cache)

    assert relay.transports() == {"tcp"}
