"""The API over TLS: what clients of many kinds get, what is refused, and what happens to slow or strange ones."""

import concurrent.futures
import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from protocol import RELOAD, RELOAD_APPLY, RELOAD_PAIR, being, dial, message, reload_answer
from sallyport import (DEADLINE, NOBODY, ROOT, SALLYPORT, UIDS, HttpConnection, Server, TlsPeer, credentials, free_port,
                       http_request, make_certificate, random_txt, update_body, update_request, wait_closed)

HEALTH = http_request("GET", "/health")


@pytest.fixture(scope="module")
def server(module_folder):
    """Every TCP address speaks TLS, but for the last, and one Unix socket speaks it, too."""
    running = Server(module_folder, tls=True)
    plain = free_port()
    running.configuration["api"]["listen"] += [
        {"address": f"127.0.0.1:{plain}", "tls": False},
        {"address": f"unix:{module_folder}/api.sock", "tls": True}]
    running.configuration["api"]["hsts"] = 31536000
    running.write_configuration()
    running.plain_port = plain
    with running:
        yield running


def client_context(server, **changes):
    context = ssl.create_default_context(cafile=str(server.certificate))
    for name, value in changes.items():
        setattr(context, name, value)
    return context


def connect(server, context=None, **options):
    return TlsPeer(server.api_socket(), context or client_context(server), **options)


def ask(peer, request=HEALTH):
    return HttpConnection(peer).ask(request)


# --- clients ---

def test_curl(server, account):
    value = random_txt()
    options = [word for name, content in credentials(account).items() for word in ("-H", f"{name}: {content}")]
    shown = subprocess.run(
        ["curl", "-sS", "--fail-with-body", "-v", "--noproxy", "*", "--cacert", server.certificate, *options,
         "-d", update_body(account, value), f"{server.url}/update"],
        capture_output=True, timeout=DEADLINE, text=True)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == f'{{"txt": "{value}"}}'
    assert "TLSv1.3" in shown.stderr
    assert re.search("ALPN.*http/1.1", shown.stderr)
    assert server.txt(account["subdomain"]) == [value]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions(server, version):
    with connect(server, client_context(server, minimum_version=version, maximum_version=version)) as peer:
        assert ask(peer).status == 200
        assert peer.tls.version() == version.name.replace("_", ".")
        assert peer.tls.compression() is None


def s_client(server, *options, send=b""):
    return subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.api_port}", "-CAfile", server.certificate,
         *options], input=send, capture_output=True, timeout=DEADLINE)


@pytest.mark.parametrize("options", [
    ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"], ["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
    ["-alpn", "h2"], ["-alpn", "acme-tls/1"],
], ids=" ".join)
def test_what_openssl_is_refused(server, options):
    shown = s_client(server, *options)
    assert shown.returncode != 0
    assert b"alert" in shown.stderr, shown.stderr


def test_what_openssl_sees(server):
    shown = s_client(server, "-alpn", "h2,http/1.1", "-tls1_3").stdout.decode()
    assert "ALPN protocol: http/1.1" in shown
    assert "Verify return code: 0 (ok)" in shown
    shown = s_client(server, "-tls1_2").stdout.decode()
    assert "Secure Renegotiation IS supported" in shown
    assert "Compression: NONE" in shown


def test_renegotiation_is_refused(server):
    """s_client takes a line with R for the wish to renegotiate."""
    with subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.api_port}", "-tls1_2"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        client.stdin.write(b"R\n")
        client.stdin.flush()
        shown = client.stdout.read()
    assert b"RENEGOTIATING" in shown and b"no renegotiation" in shown, shown


@pytest.mark.parametrize("name", ["sallyport.test", "127.0.0.1", None])
def test_server_name_is_not_looked_at(server, name):
    context = client_context(server, check_hostname=False)
    with connect(server, context, name=name) as peer:
        assert ask(peer).status == 200


@pytest.mark.parametrize("offered, chosen", [
    (None, None), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1")])
def test_alpn(server, offered, chosen):
    context = client_context(server)
    if offered:
        context.set_alpn_protocols(offered)
    with connect(server, context) as peer:
        assert peer.tls.selected_alpn_protocol() == chosen
        assert ask(peer).status == 200


def test_alpn_without_a_common_protocol(server):
    """RFC 7301, 3.2."""
    context = client_context(server)
    context.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        connect(server, context)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed(server, version):
    context = client_context(server, minimum_version=version, maximum_version=version)
    with connect(server, context) as peer:
        assert ask(peer).status == 200
        assert not peer.tls.session_reused
        session = peer.tls.session
        assert session.has_ticket
        peer.close_tls()
    for _ in range(2):
        with connect(server, context, session=session) as peer:
            assert ask(peer).status == 200
            assert peer.tls.session_reused
            peer.close_tls()


def test_hsts_only_over_tls(server):
    answer = server.http("GET", "/health")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    with HttpConnection(socket.create_connection(("127.0.0.1", server.plain_port), DEADLINE)) as plain:
        answer = plain.ask(HEALTH)
        assert answer.status == 200
        assert "strict-transport-security" not in answer.headers


def test_unix_socket_may_speak_tls(server):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(DEADLINE)
    peer.connect(f"{server.folder}/api.sock")
    with TlsPeer(peer, client_context(server)) as tls:
        assert ask(tls).status == 200


def test_the_log_says_where_it_is(server):
    assert f"serving the API on 127.0.0.1:{server.api_port} over TLS\n" in server.log()
    assert f"serving the API on 127.0.0.1:{server.plain_port}\n" in server.log()


# --- how it ends ---

def test_the_end_is_announced(server):
    """TlsPeer raises at an end without close_notify, which could be anybody's (RFC 8446, 6.1)."""
    with connect(server) as peer:
        assert ask(peer, http_request("GET", "/health", headers=[("Connection", "close")])).status == 200
        assert peer.recv(1) == b""


def test_answers_after_the_clients_close_notify(server, account):
    value = random_txt()
    with connect(server) as peer:
        connection = HttpConnection(peer)
        connection.send(update_request(account, value) + HEALTH)
        peer.close_tls()
        assert connection.answer().body == b'{"txt": "%s"}' % value.encode()
        assert connection.answer().status == 200
        assert connection.closed()


def test_a_forged_record_ends_the_connection(server):
    with connect(server) as peer:
        assert ask(peer).status == 200
        peer.peer.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
        with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):
            peer.recv(1)
    server.register()


# --- what is no TLS ---

def test_plain_http_is_told(server):
    with HttpConnection(server.api_socket()) as connection:
        answer = connection.ask(HEALTH)
        assert (answer.status, answer.error) == (400, "https_required")
        assert connection.closed()


GARBAGE = {
    "zeroes": bytes(100),
    "text": b"nonsense\r\n\r\n",
    "hello_cut": b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
    "hello_huge": b"\x16\x03\x01\xff\xff" + bytes(100),
    "alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "data_first": b"\x17\x03\x03\x00\x01\x00",
    "random": bytes(range(128, 256)),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_is_closed(server, case):
    with server.api_socket() as peer:
        peer.sendall(GARBAGE[case])
        said = wait_closed(peer)
    # An alert, or nothing.
    assert said == b"" or said[0] == 0x15
    assert server.http("GET", "/health").status_code == 200


def test_every_prefix_of_a_handshake_and_then_the_end(server):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context(server).wrap_bio(incoming, outgoing, server_hostname="sallyport.test")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outgoing.read()
    for length in range(len(hello)):
        with server.api_socket() as peer:
            peer.sendall(hello[:length])
            peer.shutdown(socket.SHUT_WR)
            said = wait_closed(peer)
            assert said == b"" or said[0] == 0x15, (length, said)
    server.register()


def test_a_slow_handshake_is_closed(server):
    """Nothing at all, half a hello, and a hello byte by byte."""
    def wait(case):
        with server.api_socket() as peer:
            if case == "half":
                peer.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
            peer.settimeout(0.5 if case == "drip" else DEADLINE)
            if case == "drip":
                peer.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            while True:
                try:
                    return wait_closed(peer)
                except TimeoutError:
                    try:
                        peer.sendall(b"\0")
                    except OSError:
                        return b""
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert list(pool.map(wait, ["nothing", "half", "drip"])) == [b""] * 3


# --- many ---

def test_handshakes_side_by_side(server):
    """Each client with a context of its own, so that none resumes."""
    def once(_):
        with connect(server, client_context(server)) as peer:
            return ask(peer).status
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert list(pool.map(once, range(64))) == [200] * 64


def test_stop_with_open_connections(folder):
    server = Server(folder, tls=True).start()
    with connect(server) as idle, server.api_socket() as half:
        half.sendall(b"\x16\x03\x01\x02\x00")
        server.stop()
        assert idle.recv(1) == b""
        assert wait_closed(half) == b""


# --- what is wrong with the files ---

def check(folder, certificate, key_file):
    server = Server(folder, tls=False)
    server.use_certificate(certificate, key_file)
    server.write_configuration()
    return server, subprocess.run([SALLYPORT, "check-config", "-c", server.file], capture_output=True, text=True,
                                  timeout=DEADLINE)


def test_check_config_looks_at_the_files(folder):
    certificate, key_file = make_certificate(folder)
    server, done = check(folder, certificate, key_file)
    assert (done.returncode, done.stderr) == (0, "")
    assert f'certificate: "{certificate}"' in done.stdout
    other = make_certificate(folder, "other", key="rsa:2048")
    for wrong, key, word in [(certificate, "api", "No such file"), (certificate, other[1], "is not the key of"),
                             (key_file, key_file, "no certificate"), (certificate, certificate, "open to every user")]:
        server, done = check(folder, wrong, folder / key)
        assert done.returncode == 78
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert re.match(rf"{re.escape(str(server.file))}:\d+:\d+: error: api\.tls\.(key|certificate): ", done.stderr)
        assert word in done.stderr


def test_a_server_with_a_wrong_pair_does_not_start(folder):
    certificate, _ = make_certificate(folder)
    _, key_file = make_certificate(folder, "other")
    server, _ = check(folder, certificate, key_file)
    server.launch()
    assert server.wait_exit() == 78
    assert f": error: api.tls.key: {key_file} is not the key of" in server.log()


def test_a_certificate_that_ends_soon_is_told_of(folder):
    server, done = check(folder, *make_certificate(folder, days=5))
    assert done.returncode == 0
    assert re.search(r": warning: api\.tls\.certificate: .* ends at .* UTC, in [45] days; renew it\n", done.stderr)
    with server:
        server.wait_log("the API's certificate ends at ")
        assert server.http("GET", "/health").status_code == 200


# --- a new certificate ---

def reload(server, as_whom=()):
    return subprocess.run([*as_whom, SALLYPORT, "reload", "-c", server.file], capture_output=True, text=True,
                          timeout=DEADLINE)


def replace_pair(server, name="next", **how):
    """Puts another certificate where the configuration points; clients trust it from then on."""
    certificate, key_file = make_certificate(server.folder, name, **how)
    os.replace(key_file, server.certificate.with_suffix(".key"))
    os.replace(certificate, server.certificate)


def served(server):
    """The certificate that a new client gets."""
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    with connect(server, trusting) as peer:
        return peer.tls.getpeercert(binary_form=True)


def on_disk(server):
    return ssl.PEM_cert_to_DER_cert(server.certificate.read_text())


def test_reload(folder):
    with Server(folder, tls=True) as server:
        before = on_disk(server)
        context = client_context(server)
        with connect(server, context) as old:
            assert ask(old).status == 200
            session = old.tls.session
            replace_pair(server)
            assert served(server) == before != on_disk(server)
            done = reload(server)
            assert (done.returncode, done.stderr) == (0, "")
            assert "from now on" in done.stdout
            assert served(server) == on_disk(server)
            # What is open goes on with what it began with.
            assert ask(old).status == 200
            assert old.tls.getpeercert(binary_form=True) == before
        # A session of before is not gone on with: its client would not see the new certificate.
        context.load_verify_locations(cafile=str(server.certificate))
        with connect(server, context, session=session) as again:
            assert ask(again).status == 200
            assert not again.tls.session_reused
        assert server.http("GET", "/health").status_code == 200
        assert reload(server).returncode == 0
        assert server.log().count("a new certificate is in use") == 2


def broken_pairs():
    def other_key(server):
        _, key_file = make_certificate(server.folder, "other")
        os.replace(key_file, server.certificate.with_suffix(".key"))
    return {
        "other_key": (other_key, "is not the key of"),
        "no_key": (lambda server: server.certificate.with_suffix(".key").unlink(), "No such file"),
        "open_key": (lambda server: server.certificate.with_suffix(".key").chmod(0o644), "open to every user"),
        "empty": (lambda server: server.certificate.write_text(""), "no certificate"),
        "cut": (lambda server: server.certificate.write_text(server.certificate.read_text()[:300]), "no certificate"),
        "short": (lambda server: replace_pair(server, key="rsa:1024"), "too small"),
    }


@pytest.mark.parametrize("case", broken_pairs())
def test_a_broken_pair_changes_nothing(folder, case):
    change, words = broken_pairs()[case]
    with Server(folder, tls=True) as server:
        before = served(server)
        change(server)
        done = reload(server)
        assert done.returncode == 78
        assert done.stderr.count("\n") == 1 and words in done.stderr, done.stderr
        assert str(server.file) in done.stderr
        assert served(server) == before


def hand_in(server, certificate, key_file):
    """What `sallyport reload` does with apid, without the checks of its own: why it was refused, if it was."""
    server.role = "apid"
    with dial(server, 0) as door, open(server.file) as configuration, open(certificate) as one, open(key_file) as other:
        socket.send_fds(door, [message(RELOAD, bytes(8))], [configuration.fileno()])
        assert reload_answer(door.recv(2000))[:2] == (0, "")
        socket.send_fds(door, [message(RELOAD_PAIR)], [one.fileno(), other.fileno()])
        _, reason, _ = reload_answer(door.recv(2000))
        if not reason:
            door.send(message(RELOAD_APPLY))
            assert reload_answer(door.recv(2000)) == (0, "", "")
    return reason


def test_apid_looks_for_itself(folder):
    """Whatever root hands in: a pair that does not work is refused in one line and with an answer."""
    with Server(folder, tls=True) as server:
        before = served(server)
        key_file = server.certificate.with_suffix(".key")
        _, other = make_certificate(folder, "other")
        os.mkfifo(folder / "fifo")
        pipe = os.open(folder / "fifo", os.O_RDWR)
        for pair, words in [((server.certificate, other), "the new key is not the key of"),
                            ((key_file, key_file), "the new certificate has no certificate"),
                            ((server.certificate, server.certificate), "the new key has no private key"),
                            ((f"/proc/self/fd/{pipe}", key_file), "is not a regular file"),
                            (("/dev/zero", key_file), "is not a regular file")]:
            log = len(server.log())
            assert words in hand_in(server, *pair)
            assert server.log()[log:].count("was refused:") == 1 and words in server.log()[log:]
            assert served(server) == before
            server.wait_log("the new configuration is not to be used", server.log().count("was refused:"))
        os.close(pipe)
        assert hand_in(server, server.certificate, key_file) == ""


def test_reload_without_a_server(folder):
    server = Server(folder, tls=True)
    (folder / "run").mkdir()
    done = reload(server)
    assert done.returncode == 1
    assert "is the server running?" in done.stderr


def test_reload_of_a_server_that_was_started_without_tls(folder):
    with Server(folder, tls=False) as server:
        certificate, key_file = make_certificate(folder)
        server.configuration["api"]["tls"] = {"certificate": str(certificate), "key": str(key_file)}
        server.write_configuration()
        done = reload(server)
        assert done.returncode == 0
        assert "but for api.tls: that needs a restart of sallyport-apid" in done.stdout
        assert server.http("GET", "/health").status_code == 200


@pytest.mark.root
def test_only_root_can_reload(folder):
    """The configuration can be read by all here, and the files, too: it is the door that is shut."""
    with Server(folder, tls=True) as server:
        server.certificate.with_suffix(".key").chmod(0o640)
        os.chown(server.certificate.with_suffix(".key"), -1, 64199)
        done = reload(server, ["setpriv", "--reuid", "64199", "--regid", "64199", "--clear-groups", "--"])
        assert done.returncode == 1
        assert "only root can reload" in done.stderr


def test_reload_without_root(folder):
    """A server of somebody else's takes a certificate from him, and from no other user."""
    own = NOBODY if ROOT else None
    server = Server(folder, tls=True, as_uid=own)
    with server:
        before = on_disk(server)
        replace_pair(server)
        if ROOT:
            server.certificate.with_suffix(".key").chmod(0o640)
            os.chown(server.certificate.with_suffix(".key"), own, 64199)
            done = reload(server, ["setpriv", "--reuid", "64199", "--regid", "64199", "--clear-groups", "--"])
            assert done.returncode == 1 and served(server) == before, done
        as_owner = ["setpriv", "--reuid", str(own), "--regid", str(own), "--clear-groups", "--"] if ROOT else []
        done = reload(server, as_owner)
        assert (done.returncode, done.stderr) == (0, "")
        assert served(server) == on_disk(server) != before


@pytest.mark.root
def test_the_key_is_handed_to_apid_alone(folder):
    """A door whose listener is somebody else: the kernel says so, and he gets nothing."""
    server = Server(folder, tls=True)
    (folder / "run").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.bind(os.fspath(folder / "run" / "apid.door"))
        with being(UIDS["dnsd"]):
            door.listen(4)
        done = reload(server)
        assert done.returncode == 1
        assert "is not apid's user" in done.stderr
        guest, _ = door.accept()
        with guest:
            assert guest.recv(100) == b""


def test_reload_under_load(folder):
    """Clients with new connections, with resumed ones and with lasting ones: none is dropped."""
    with Server(folder, tls=True) as server:
        pairs = [make_certificate(folder, f"pair{number}") for number in range(2)]
        trust = ssl.create_default_context()
        for certificate in (server.certificate, *(certificate for certificate, _ in pairs)):
            trust.load_verify_locations(cafile=str(certificate))
        done = threading.Event()
        counts = []

        def lasting():
            count = 0
            with connect(server, trust) as peer:
                connection = HttpConnection(peer)
                while not done.is_set():
                    assert connection.ask(HEALTH).status == 200
                    count += 1
            return count

        def fresh():
            count, session = 0, None
            while not done.is_set():
                with connect(server, trust, session=session if count % 2 else None) as peer:
                    assert ask(peer).status == 200
                    session = peer.tls.session
                    peer.close_tls()
                count += 1
            return count
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            clients = [pool.submit(client) for client in (lasting, fresh) * 3]
            try:
                for number in range(20):
                    for source, target in zip(pairs[number % 2], (server.certificate,
                                                                  server.certificate.with_suffix(".key"))):
                        shutil.copyfile(source, target)
                    assert reload(server).returncode == 0
                    assert served(server) == on_disk(server)
            finally:
                done.set()
            counts = [client.result(DEADLINE) for client in clients]
        assert min(counts) > 0
        assert server.log().count("a new certificate is in use") == 20


# --- who can reach the key ---

@pytest.mark.root
def test_the_key_is_for_root_alone(folder):
    """apid has read it before it gave up being root, and holds no descriptor of it."""
    with Server(folder, tls=True) as server:
        for entry in Path(f"/proc/{server.pids()['apid']}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # a connection of before
                assert not os.readlink(entry).endswith((".key", ".pem"))
