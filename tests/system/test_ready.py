"""GET /health/ready: whether all that an update needs is there, and by name what is not."""

from sallyport import TLS, Daemon, Server, wait_until

CERTIFICATE = "ok" if TLS else "none"
WELL = {"ready": True, "store": "ok", "dnsd": "ok", "disk": "ok", "certificate": CERTIFICATE}


def ready(server):
    answer = server.http("GET", "/health/ready")
    assert answer.status_code == (200 if answer.json()["ready"] else 503)
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def wait_ready(server, **parts):
    expected = WELL | parts
    wait_until(lambda: ready(server) == expected, f"{expected}")


def test_all_is_ready(folder):
    with Server(folder) as server:
        wait_ready(server)
        assert server.http("HEAD", "/health/ready").status_code == 200
        assert server.http("POST", "/health/ready").status_code == 405
        assert server.http("GET", "/health").content == b""


def test_each_process_that_is_missing_is_named(folder):
    apid = Daemon(folder, "apid").start()
    assert ready(apid) == WELL | {"ready": False, "store": "does not answer", "dnsd": "unknown", "disk": "unknown"}
    assert apid.http("GET", "/health").status_code == 200
    store = Daemon(folder, "store", api=apid.configuration["api"]).start()
    wait_ready(apid, ready=False, dnsd="not linked")
    dnsd = Daemon(folder, "dnsd", api=apid.configuration["api"]).start()
    wait_ready(apid)
    for process in (dnsd, store, apid):
        assert process.terminate() == 0


def test_a_disk_that_is_short(folder):
    with Server(folder, store={"path": "lib", "reserve": "1TiB"}) as server:
        wait_ready(server, ready=False, disk="store.reserve is reached")
        failed = server.command("health")
        assert failed.returncode == 1 and ": not ready: disk: store.reserve is reached\n" in failed.stdout


def test_the_certificate_is_looked_at(folder):
    with Server(folder, tls=True) as server:
        wait_ready(server, certificate="ok")
