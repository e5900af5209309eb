"""zone.values_per_name, zone.value_lifetime and zone.txt_max: how many values, for how long, and which."""

import time

import dns.rcode
import dns.rdatatype
import pytest

from sallyport import Server, random_txt

SERVER = {"zone_keys": {"values_per_name": 16, "txt_max": 1024}, "dns": {"workers": 2}}
LIFETIME = 3  # seconds
CLOCK_REALTIME_COARSE = 5  # <linux/time.h>
PERSIST = ("authority.example; accounturi=https://ca.example/acct/4711; policy=wildcard; "
           "persistUntil=1798761600")


def test_as_many_values_as_configured_are_kept(server, account):
    values = [server.set_value(account) for _ in range(17)]
    assert sorted(server.txt(account["subdomain"], transport="tcp")) == sorted(values[1:])
    server.set_value(account, "__VOID__")
    assert server.txt(account["subdomain"]) == []


@pytest.mark.parametrize("text", [PERSIST, "x", "x" * 255, "x" * 256, "y" * 1024, 'a "quoted" \\ text', "grüße €"],
                         ids=["persist", "one", "255", "256", "1024", "quotes", "utf8"])
def test_a_long_value_is_served_as_it_was_set(server, account, text):
    answer = server.update(account, text)
    assert (answer.status_code, answer.json()) == (200, {"txt": text})
    rdata, = server.dns(account["subdomain"], "TXT", transport="tcp").answer[0]
    assert b"".join(rdata.strings).decode() == text
    assert [len(string) for string in rdata.strings[:-1]] == [255] * (len(rdata.strings) - 1)


@pytest.mark.parametrize("text", ["", "z" * 1025, "line\nend", "nul\0", "\x7f", "\x85"],
                         ids=["empty", "1025", "newline", "nul", "delete", "next_line"])
def test_what_is_no_text_is_refused(server, account, text):
    answer = server.update(account, text)
    assert (answer.status_code, answer.json()) == (400, {"error": "bad_txt"})
    assert server.txt(account["subdomain"]) == []


def test_the_largest_name_there_can_be(server, account):
    """16 values of 1,024 bytes: all of them over TCP, TC over UDP."""
    values = [f"{number:02}" + "v" * 1022 for number in range(16)]
    for value in values:
        assert server.update(account, value).status_code == 200
    answer = server.dns(account["subdomain"], "TXT", transport="tcp")
    assert sorted(b"".join(rdata.strings).decode() for rdata in answer.answer[0]) == values
    assert not server.dns(account["subdomain"], "TXT").answer


@pytest.fixture
def short_lived(folder):
    with Server(folder, zone_keys={"value_lifetime": LIFETIME, "txt_ttl": 3600}) as server:
        yield server


def whole_second():
    """The clock of time(2), which store and dnsd read: it lags some milliseconds behind the finer ones."""
    return int(time.clock_gettime(CLOCK_REALTIME_COARSE))


class Value:
    """A value that was set, and between which two seconds."""

    def __init__(self, server, account, text=None):
        self.begin = whole_second()
        self.text = server.set_value(account, text)
        self.end = whole_second()


def watch(server, account, value):
    """Asks until it is gone: it must be there before its end, and not be there from its end on."""
    while True:
        before = whole_second()
        answer = server.dns(account["subdomain"], "TXT")
        after = whole_second()
        assert answer.rcode() == dns.rcode.NOERROR
        if after < value.begin + LIFETIME:
            rrset, = answer.answer
            assert [rdata.strings[0].decode() for rdata in rrset] == [value.text]
            assert rrset.ttl <= value.end + LIFETIME - before
        if before >= value.end + LIFETIME:
            assert not answer.answer
            soa, = answer.authority
            assert soa.rdtype == dns.rdatatype.SOA
            return
        time.sleep(0.02)


def test_a_value_ends_to_the_second(short_lived):
    account = short_lived.register()
    watch(short_lived, account, Value(short_lived, account))


def test_setting_it_again_renews_it(short_lived):
    account = short_lived.register()
    first = Value(short_lived, account)
    while whole_second() < first.end + 1:
        time.sleep(0.02)
    watch(short_lived, account, Value(short_lived, account, first.text))


def test_each_value_has_an_end_of_its_own(short_lived):
    account = short_lived.register()
    first = Value(short_lived, account)
    while whole_second() < first.end + 1:
        time.sleep(0.02)
    second = Value(short_lived, account)
    assert sorted(short_lived.txt(account["subdomain"])) == sorted([first.text, second.text])
    while whole_second() < first.end + LIFETIME:
        time.sleep(0.02)
    if whole_second() < second.begin + LIFETIME:
        assert first.text not in short_lived.txt(account["subdomain"])
    watch(short_lived, account, second)


def test_a_restart_changes_no_end(short_lived):
    account = short_lived.register()
    value = Value(short_lived, account)
    short_lived.stop()
    short_lived.start()
    watch(short_lived, account, value)


def test_without_a_lifetime_an_old_value_stays(short_lived):
    """What had an end has none any more when the administrator takes the lifetime away."""
    account = short_lived.register()
    value = Value(short_lived, account)
    watch(short_lived, account, value)
    short_lived.stop()
    short_lived.configuration["zone"]["value_lifetime"] = 0
    short_lived.write_configuration()
    short_lived.start()
    assert short_lived.txt(account["subdomain"]) == [value.text]


def test_what_has_ended_takes_nobodys_place(short_lived):
    account = short_lived.register()
    watch(short_lived, account, Value(short_lived, account))
    values = [random_txt(), random_txt()]
    for value in values:
        short_lived.set_value(account, value)
    assert sorted(short_lived.txt(account["subdomain"])) == sorted(values)
