"""
A changed configuration brought in while everything runs: all of it or nothing, and not a query lost. The same for
`sallyport reload` and for SIGHUP to `sallyport run`.
"""

import os
import signal
import socket
import subprocess
import threading

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from protocol import RELOAD_ANSWER, FalseFront, message
from sallyport import (DEADLINE, ROLES, SALLYPORT, ZONE, Daemon, Server, credentials, make_certificate, process_runs,
                       random_txt, to_yaml, wait_until)

IN_USE = "".join(f"{role} uses the new configuration from now on\n" for role in ROLES)


def change(server, **sections):
    for section, keys in sections.items():
        server.configuration.setdefault(section, {}).update(keys)
    server.write_configuration()


def reload(server, **sections):
    change(server, **sections)
    return server.command("reload")


def reloaded(server, **sections):
    done = reload(server, **sections)
    assert (done.returncode, done.stdout, done.stderr) == (0, IN_USE, "")


def records(*more):
    return [f"{ZONE}. A 198.51.100.1", f"{ZONE}. NS {ZONE}.", *more]


def addresses(server, name="www"):
    return [rdata.to_text() for rrset in server.dns(name, "A").answer for rdata in rrset]


def chaos(server, name):
    answer = server.dns_message(server.question(name, "TXT", "CH"))
    return [b"".join(rdata.strings).decode() for rrset in answer.answer for rdata in rrset]


def test_what_dnsd_says(folder):
    with Server(folder, records=records("www A 192.0.2.1")) as server:
        account = server.register()
        value = server.set_value(account)
        serial = server.dns("", "SOA").answer[0][0].serial
        assert addresses(server) == ["192.0.2.1"]
        server.configuration["zone"].update(
            records=records("www A 192.0.2.2", "new A 192.0.2.3"), txt_ttl=77, negative_ttl=88, serial=serial + 1000,
            nameserver="ns.example.net", admin="other@example.org")
        reloaded(server, dns={"nsid": "here", "edns_size": 1400, "identity": {"version": "one", "hostname": "two",
                                                                           "id": "three"}})
        assert addresses(server) == ["192.0.2.2"]
        assert addresses(server, "new") == ["192.0.2.3"]
        soa = server.dns("", "SOA").answer[0][0]
        assert (soa.serial, soa.mname.to_text(), soa.rname.to_text()) == (
            serial + 1000, "ns.example.net.", "other.example.org.")
        assert server.dns(account["subdomain"]).answer[0].ttl == 77
        assert server.txt(account["subdomain"]) == [value]
        assert server.dns("nobody").authority[0].ttl == 88
        answer = server.dns("", "SOA", use_edns=0, payload=4096, options=[dns.edns.GenericOption(dns.edns.NSID, b"")])
        assert answer.payload == 1400
        assert [option.data if hasattr(option, "data") else option.nsid for option in answer.options
                if option.otype == dns.edns.NSID] == [b"here"]
        assert chaos(server, "version.bind.") == ["one"]
        assert chaos(server, "id.server.") == ["three"]
        # And back: what a reload brought can go with the next.
        server.configuration["dns"].update(nsid="", identity={})
        reloaded(server, zone={"records": records()})
        assert server.dns("www", "A").rcode() == dns.rcode.NXDOMAIN
        assert chaos(server, "version.bind.") == []
        assert server.txt(account["subdomain"]) == [value]


def cookie(server, peer, bytes_):
    """The server's cookie for a client's, from one address."""
    query = server.question("", "SOA", use_edns=0, options=[dns.edns.GenericOption(10, bytes_)])
    peer.send(query.to_wire())
    answer = dns.message.from_wire(peer.recv(4096))
    return answer.rcode(), next((option.to_wire() for option in answer.options if option.otype == 10), b"")


def test_cookies(folder):
    with Server(folder) as server, server.udp_socket() as peer:
        client = b"12345678"
        _, first = cookie(server, peer, client)
        reloaded(server)
        # Random secrets live on: what a client has is still believed.
        assert cookie(server, peer, first)[0] == dns.rcode.NOERROR
        reloaded(server, dns={"cookies": {"secrets": ["00" * 16]}})
        _, second = cookie(server, peer, client)
        assert len(second) == len(first) == 24
        reloaded(server, dns={"cookies": {"enabled": False}})
        assert cookie(server, peer, client)[1] == b""


def test_rate_limit(folder):
    def answered(server, count=60, patience=2):
        with server.udp_socket() as peer:
            for _ in range(count):
                peer.send(server.question("", "SOA").to_wire())
            peer.settimeout(patience)
            got = 0
            try:
                while got < count:
                    got += not dns.message.from_wire(peer.recv(4096)).flags & dns.flags.TC
            except TimeoutError:
                pass
            return got
    with Server(folder, dns={"rate_limit": {"responses_per_second": 0}}) as server:
        assert answered(server, patience=DEADLINE) == 60
        reloaded(server, dns={"rate_limit": {"responses_per_second": 4, "slip": 0, "exempt": []}})
        assert answered(server) < 60
        # The same rate, and other networks: the accounts stay, and are not looked at.
        reloaded(server, dns={"rate_limit": {"responses_per_second": 4, "slip": 0, "exempt": ["127.0.0.0/8"]}})
        assert answered(server, patience=DEADLINE) == 60
        reloaded(server, dns={"rate_limit": {"responses_per_second": 4, "slip": 0, "exempt": []}})
        assert answered(server) < 60
        reloaded(server, dns={"rate_limit": {"responses_per_second": 0}})
        assert answered(server, patience=DEADLINE) == 60


def test_what_store_and_apid_allow(folder):
    with Server(folder) as server:
        account = server.register()
        long = "x" * 100
        assert server.update(account, long).status_code == 400
        assert server.update(account, "").status_code == 400
        reloaded(server, zone={"txt_max": 200, "values_per_name": 3},
                 api={"registration": "closed", "empty_txt_clears": True, "cors_origins": ["https://a.example"],
                      "limits": {"failures_per_minute": 2, "exempt": []}})
        assert server.http("POST", "/register").status_code == 403
        assert server.update(account, long).status_code == 200
        for _ in range(2):
            server.set_value(account)
        assert len(server.txt(account["subdomain"])) == 3
        assert server.update(account, "").status_code == 200
        assert server.txt(account["subdomain"]) == []
        origin = {"Origin": "https://a.example"}
        assert server.http("GET", "/health", headers=origin).headers["Access-Control-Allow-Origin"] == origin["Origin"]
        wrong = dict(account, password="a" * 40)
        assert [server.update(wrong).status_code for _ in range(3)] == [401, 401, 429]
        server.configuration["zone"].update(txt_max=43, values_per_name=2)
        reloaded(server, api={"registration": "open", "base_url": "https://auth.example", "cors_origins": [],
                              "empty_txt_clears": False, "limits": {"failures_per_minute": 0}})
        assert server.update(account, long).status_code == 400
        assert [server.update(wrong).status_code for _ in range(3)] == [401, 401, 401]
        assert "Access-Control-Allow-Origin" not in server.http("GET", "/health", headers=origin).headers
        assert server.register()["server_url"] == "https://auth.example"


def test_trusted_proxies(folder):
    def update(server, account):
        return server.http("POST", "/update", json={"subdomain": account["subdomain"], "txt": random_txt()},
                           headers=credentials(account) | {"X-Forwarded-For": "192.0.2.7"}).status_code
    with Server(folder) as server:
        account = server.register(allowfrom=["192.0.2.0/24"])
        assert update(server, account) == 401
        reloaded(server, api={"trusted_proxies": ["127.0.0.0/8"]})
        assert update(server, account) == 200
        reloaded(server, api={"trusted_proxies": []})
        assert update(server, account) == 401


def test_an_answer_under_way_outlives_its_configuration(folder):
    """What a request was judged by is gone when store answers it: apid waits for a store that stands still."""
    origin = "https://" + "a" * 200 + ".example"
    with Server(folder, api={"cors_origins": [origin]}) as server:
        server.deaths_expected = True
        account = server.register()
        body = b'{"subdomain": "%s", "txt": "%s"}' % (account["subdomain"].encode(), random_txt().encode())
        heads = [*credentials(account).items(), ("Origin", origin), ("Content-Length", str(len(body))), ("Host", "x")]
        store = server.pids()["store"]
        with server.http_connection() as connection:
            os.kill(store, signal.SIGSTOP)
            connection.send(b"POST /update HTTP/1.1\r\n" + b"".join(
                f"{name}: {value}\r\n".encode() for name, value in heads) + b"\r\n" + body)
            change(server, api={"cors_origins": ["https://b.example"]})
            # store is asked first, and has all of its time to answer.
            reload = subprocess.Popen([SALLYPORT, "reload", "-c", server.file], stdout=subprocess.DEVNULL)
            os.kill(store, signal.SIGCONT)
            assert connection.answer().status == 200
            assert reload.wait(DEADLINE) == 0


def test_value_lifetime_is_told_anew(folder):
    with Server(folder) as server:
        accounts = [server.register() for _ in range(5)]
        for account in accounts:
            server.set_value(account)
        reloaded(server, zone={"value_lifetime": 100000, "txt_ttl": 50000})
        for account in accounts:
            assert server.dns(account["subdomain"]).answer[0].ttl == 50000
        # dnsd tells no longer TTL than is left.
        reloaded(server, zone={"value_lifetime": 20000})
        for account in accounts:
            wait_until(lambda account=account: server.dns(account["subdomain"]).answer[0].ttl <= 20000,
                       "the new end of a value")
        reloaded(server, zone={"value_lifetime": 0})
        for account in accounts:
            wait_until(lambda account=account: server.dns(account["subdomain"]).answer[0].ttl == 50000,
                       "a value without end")


def test_log_level(folder):
    with Server(folder, log={"level": "error"}) as server:
        assert "info" not in server.log()
        reloaded(server, log={"level": "info", "format": "json"})
        for role in ROLES:
            server.wait_log(f'"process":"{role}"')


# --- what has to wait ---

def test_what_needs_a_restart_is_named(folder):
    with Server(folder, records=records()) as server:
        server.configuration["zone"]["records"] = records("www A 192.0.2.9")
        server.configuration["dns"].update(listen=[f"127.0.0.1:{server.dns_port}"], workers=1, socket_buffer=0,
                                           tcp={"connections": 600, "idle_timeout": 20})
        server.configuration["control"] = {"group": "root"}
        listen = server.configuration["api"]["listen"]
        change(server, api={"listen": listen[:1]})
        for _ in range(2):  # each time anew, until it is done
            done = server.command("reload")
            assert done.returncode == 0
            assert done.stdout.splitlines() == [
                "store uses the new configuration from now on, but for control.group: that needs a restart of "
                "sallyport-store",
                "dnsd uses the new configuration from now on, but for dns.listen, dns.workers, dns.socket_buffer, "
                "dns.tcp.connections: that needs a restart of sallyport-dnsd",
                "apid uses the new configuration from now on, but for api.listen: that needs a restart of "
                "sallyport-apid"]
        assert addresses(server) == ["192.0.2.9"]
        server.dns("", "SOA", address="::1")
    # And then it is what was asked for.
    with server:
        done = server.command("reload")
        assert done.stdout == IN_USE


def test_zone_name_is_refused(folder):
    with Server(folder, records=records("www A 192.0.2.1")) as server:
        before = server.file.read_text()
        server.file.write_text(before.replace(ZONE, "elsewhere.example.org"))
        done = server.command("reload")
        assert (done.returncode, done.stdout) == (1, "")
        assert (f"zone.name is {ZONE}. and would become elsewhere.example.org.: that moves every name, and needs a "
                "restart of all three processes\n") in done.stderr
        assert done.stderr.endswith("sallyport: nothing was changed\n")
        assert addresses(server) == ["192.0.2.1"]


# --- mistakes ---

def test_ten_mistakes(folder):
    with Server(folder, records=records("www A 192.0.2.1")) as server:
        text = to_yaml(server.configuration).replace("192.0.2.1", "192.0.2.2")
        server.file.write_text(text.replace("  txt_ttl: 1\n", "  txt_ttl: -1\n  txt_tl: 2\n  serial: 0\n"
                                            "  values_per_name: 1\n  txt_max: 1\n")
                               .replace("  workers: 2\n", "  workers: 0\n  edns_size: 1\n  nsid: [1]\n")
                               .replace("  level: \"info\"", "  level: \"loud\"").replace("\"text\"", "\"prose\""))
        log = len(server.log())
        done = server.command("reload")
        assert (done.returncode, done.stdout) == (78, "")
        assert done.stderr.count(": error: ") == 10, done.stderr
        assert server.log()[log:] == ""  # nobody was asked
        assert addresses(server) == ["192.0.2.1"]


@pytest.mark.parametrize("record", ["www.example.net. A 192.0.2.2", "www A 192.0.2.256", "www CNAME"])
def test_a_record_that_is_wrong(folder, record):
    with Server(folder, records=records("www A 192.0.2.1")) as server:
        done = reload(server, zone={"records": records("www A 192.0.2.2", record)})
        assert (done.returncode, done.stdout) == (78, "")
        assert done.stderr.count(": error: ") == 1 and "zone.records" in done.stderr
        assert addresses(server) == ["192.0.2.1"]


def test_a_certificate_that_does_not_fit_holds_everything_back(folder):
    with Server(folder, records=records("www A 192.0.2.1"), tls=True) as server:
        _, other = make_certificate(folder, "other")
        os.replace(other, server.certificate.with_suffix(".key"))
        done = reload(server, zone={"records": records("www A 192.0.2.2")})
        assert (done.returncode, done.stdout) == (78, "")
        assert "is not the key of" in done.stderr
        assert addresses(server) == ["192.0.2.1"]


@pytest.mark.root
def test_one_that_refuses_holds_all_back(folder):
    """apid is asked last: store and dnsd have said yes by then, and forget it again."""
    daemons = separately(folder, ("store", "dnsd"), records=records("www A 192.0.2.1"))
    front = FalseFront(daemons["store"], "apid")

    def refuse():
        while True:
            guest = front.accept()
            with guest:
                if guest.recv(1000)[:2] == b"\0\x32":
                    guest.send(message(RELOAD_ANSWER, b"\0\x08no, \x1b[m!\0\0"))
                    return
    refusing = threading.Thread(target=refuse)
    refusing.start()
    try:
        done = reload(daemons["store"], zone={"records": records("www A 192.0.2.2")})
    finally:
        refusing.join(DEADLINE)
        front.close()
    assert (done.returncode, done.stdout) == (1, "")
    # What apid says is not shown as it came.
    assert done.stderr == "sallyport: refused by apid: no, \\x1b[m!\nsallyport: nothing was changed\n"
    for daemon in daemons.values():
        daemon.wait_log("the new configuration is not to be used: the old one stays")
        assert "is in use" not in daemon.log()
    assert addresses(daemons["dnsd"]) == ["192.0.2.1"]
    stop(daemons)


@pytest.mark.root
def test_only_root_can_reload(folder):
    with Server(folder) as server:
        done = server.command("reload", uid=64199)
        assert (done.returncode, done.stdout) == (1, "")
        assert "only root can reload" in done.stderr


# --- daemons that come and go ---

def separately(folder, roles, **overrides):
    """Daemons without a parent, as units start them: {role: Daemon}."""
    daemons = {}
    for role in roles:
        daemon = Daemon(folder, role, **overrides)
        if daemons:
            first = next(iter(daemons.values()))
            daemon.configuration, daemon.dns_port, daemon.api_port = first.configuration, first.dns_port, first.api_port
            daemon.write_configuration()
        daemons[role] = daemon
    for daemon in daemons.values():
        daemon.start()
    return daemons


def stop(daemons):
    for daemon in daemons.values():
        assert daemon.terminate() == 0


def test_daemons_started_separately(folder):
    daemons = separately(folder, ROLES, records=records())
    reloaded(daemons["dnsd"], zone={"records": records("www A 192.0.2.2")})
    assert addresses(daemons["dnsd"]) == ["192.0.2.2"]
    # One that does not run reads it when it starts.
    assert daemons.pop("apid").terminate() == 0
    done = reload(daemons["dnsd"], zone={"records": records("www A 192.0.2.3")})
    assert done.returncode == 0
    assert done.stdout == IN_USE.replace("apid uses the new configuration from now on\n", "")
    assert done.stderr == "sallyport: apid does not run; it will start with the new configuration\n"
    assert addresses(daemons["dnsd"]) == ["192.0.2.3"]
    stop(daemons)


def test_without_a_server(folder):
    server = Server(folder)
    done = server.command("reload")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is the server running?" in done.stderr


@pytest.mark.parametrize("role", ROLES)
def test_while_a_daemon_restarts(folder, role):
    with Server(folder, records=records()) as server:
        server.deaths_expected = True
        for number in range(5):
            pid = server.kill(role)
            done = reload(server, zone={"records": records(f"www A 192.0.2.{number}")})
            # Its connection may just have been the one that was killed.
            if done.returncode != 0:
                assert "nothing was changed" in done.stderr or "gone away" in done.stderr, done.stderr
                wait_until(lambda: server.command("reload").returncode == 0, "a reload", pause=0.1)
            wait_until(lambda: not process_runs(pid), "the end of a daemon")
            wait_until(lambda number=number: addresses(server) == [f"192.0.2.{number}"], "the new record")
        server.wait_ready()


def test_many_at_once(folder):
    with Server(folder, records=records()) as server:
        change(server, zone={"records": records("www A 192.0.2.5")})
        all_of_them = [subprocess.Popen([SALLYPORT, "reload", "-c", server.file], text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE) for _ in range(6)]
        for one in all_of_them:
            out, errors = one.communicate(timeout=DEADLINE)
            assert (one.returncode, out, errors) == (0, IN_USE, "")
        assert addresses(server) == ["192.0.2.5"]


def test_sighup(folder):
    with Server(folder, records=records("www A 192.0.2.1")) as server:
        change(server, zone={"records": records("www A 192.0.2.2")})
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: addresses(server) == ["192.0.2.2"], "the new record")
        for role in ROLES:
            server.wait_log(f"reload: {role} uses the new configuration from now on")
        change(server, zone={"txt_ttl": "soon"})
        os.kill(server.pid, signal.SIGHUP)
        server.wait_log("reload: failed (status 78); what was in use stays in use")
        assert f"reload: {server.file}:" in server.log() and "zone.txt_ttl" in server.log()
        # However many arrive: what the file says at last is in force at last.
        server.configuration["zone"]["txt_ttl"] = 5
        for number in range(20):
            change(server, zone={"records": records(f"www A 192.0.2.{number}")})
            os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: addresses(server) == ["192.0.2.19"], "the last record")


# --- not a query lost ---

GENERATIONS = {  # one answer's parts belong together
    "one": records("www 111 A 192.0.2.1", "www 111 A 192.0.2.11", "one A 192.0.2.111"),
    "two": records("www 222 A 192.0.2.2", "www 222 A 192.0.2.22", "two A 192.0.2.222"),
}
WWW = {(111, ("192.0.2.1", "192.0.2.11")), (222, ("192.0.2.2", "192.0.2.22"))}


class Asker(threading.Thread):
    """Asks one question after the other and expects an answer to each, which is never asked for twice."""

    def __init__(self, server, account, value, transport):
        super().__init__()
        self.server, self.account, self.value, self.transport = server, account, value, transport
        self.over = threading.Event()
        self.asked, self.problems, self.seen = 0, [], set()

    def ask(self, peer, name, rdtype):
        query = self.server.question(name, rdtype)
        wire = query.to_wire()
        if self.transport == "tcp":
            peer.sendall(len(wire).to_bytes(2, "big") + wire)
            length = int.from_bytes(peer.recv(2, socket.MSG_WAITALL), "big")
            answer = dns.message.from_wire(peer.recv(length, socket.MSG_WAITALL), one_rr_per_rrset=False)
        else:
            peer.send(wire)
            answer = dns.message.from_wire(peer.recv(4096))
        assert answer.id == query.id, "an answer to another question"
        self.asked += 1
        return answer

    def once(self, peer):
        answer = self.ask(peer, "www", "A")
        found = (answer.answer[0].ttl, tuple(sorted(rdata.to_text() for rdata in answer.answer[0])))
        assert found in WWW, f"of no zone: {answer}"
        self.seen.add(found)
        answer = self.ask(peer, self.account["subdomain"], "TXT")
        assert [rdata.strings[0].decode() for rdata in answer.answer[0]] == [self.value], answer
        answer = self.ask(peer, "one", "A")
        assert answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN), answer
        assert (answer.rcode() == dns.rcode.NOERROR) == bool(answer.answer), answer

    def run(self):
        try:
            with self.server.udp_socket() if self.transport == "udp" else self.server.tcp_socket() as peer:
                while not self.over.is_set():
                    self.once(peer)
        except Exception as problem:  # pylint: disable=broad-except
            self.problems.append(repr(problem))


def test_no_query_is_lost_in_fifty_reloads(folder):
    with Server(folder, records=GENERATIONS["two"]) as server:
        account = server.register()
        value = server.set_value(account)
        askers = [Asker(server, account, value, transport) for transport in ("udp", "udp", "udp", "tcp")]
        for asker in askers:
            asker.start()
        try:
            for number in range(50):
                reloaded(server, zone={"records": GENERATIONS["one" if number % 2 == 0 else "two"]})
        finally:
            for asker in askers:
                asker.over.set()
            for asker in askers:
                asker.join(DEADLINE)
        for asker in askers:
            assert asker.problems == []
            assert asker.seen == WWW, "the reloads were not seen"
        assert server.log().count("dnsd: a new configuration is in use") == 50
