"""GET /metrics on a listener of its own: what is there, that Prometheus takes it, and that the numbers are true."""

import re
import subprocess
import time
from pathlib import Path

import pytest
import requests

from sallyport import DEADLINE, SALLYPORT, Daemon, Server, free_port, make_certificate, wait_until

DOCUMENT = Path(__file__).parents[2] / "docs/monitoring.md"


def fetch(port, path="/metrics", **options):
    return requests.get(f"http://127.0.0.1:{port}{path}", timeout=DEADLINE, **options)


def samples(text):
    """{'name{labels}': number} of all samples."""
    return {name: float(value) for name, value in
            (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))}


@pytest.fixture(name="port")
def fixture_port():
    return free_port()


@pytest.fixture(name="server")
def fixture_server(folder, port):
    with Server(folder, metrics={"listen": [f"127.0.0.1:{port}", f"[::1]:{port}"]}) as server:
        yield server


def test_prometheus_finds_nothing_to_complain_of(server, port):
    account = server.register()
    server.set_value(account, "a" * 43)
    answer = fetch(port)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    checked = subprocess.run(["promtool", "check", "metrics"], input=answer.text, capture_output=True, text=True,
                             timeout=DEADLINE, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_there_is_nothing_else(server, port):
    for path in ("/", "/health", "/register", "/update", "/account", "/metrics/x", "/metricsx"):
        assert fetch(port, path).status_code == 404
        assert requests.post(f"http://127.0.0.1:{port}{path}", json={}, timeout=DEADLINE).status_code == 404
    assert server.http("GET", "/metrics").status_code == 404
    refused = requests.post(f"http://127.0.0.1:{port}/metrics", json={}, timeout=DEADLINE)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    head = requests.head(f"http://[::1]:{port}/metrics", timeout=DEADLINE)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) > 10000


def test_the_numbers_are_true(server, port):
    account = server.register()
    for txt in ("a" * 43, "b" * 43, "c" * 43):
        server.set_value(account, txt)
    server.dns(account["subdomain"], "TXT")
    server.dns("", "A", "tcp")
    before = samples(fetch(port).text)
    wrong = dict(account, password="x" * 40)
    assert server.update(wrong, "d" * 43).status_code == 401

    def counted():
        found = samples(fetch(port).text)
        return found if found['sallyport_dns_queries_total{transport="tcp",family="4"}'] > 0 else None

    found = wait_until(counted, "dnsd's report")
    assert found['sallyport_dns_answers_total{rcode="NOERROR"}'] >= 2
    assert found['sallyport_store_changes_total{kind="register"}'] == 1
    assert found['sallyport_store_changes_total{kind="set"}'] == 3
    assert found['sallyport_http_requests_total{route="update",status="2xx"}'] == 3
    # What apid counts is of this moment.
    errors = 'sallyport_http_errors_total{error="forbidden"}'
    assert found[errors] - before[errors] == 1
    times = "sallyport_http_request_duration_seconds"
    assert found[f'{times}_count{{route="update"}}'] >= 4
    assert found[f'{times}_bucket{{le="+Inf",route="update"}}'] == found[f'{times}_count{{route="update"}}']
    assert found[f'{times}_sum{{route="register"}}'] > 0.001
    assert found["sallyport_store_commit_changes_sum"] == 4
    assert found["sallyport_store_commit_duration_seconds_count"] == sum(
        found[f'sallyport_store_commits_total{{result="{result}"}}'] for result in ("ok", "failed"))
    assert found["sallyport_store_delta_duration_seconds_count"] >= 1
    assert found["sallyport_store_accounts"] == found["sallyport_store_names"] == 1
    assert found["sallyport_store_credentials"] == 1
    assert found["sallyport_store_map_bytes"] >= 64 * 1024 * 1024 > found["sallyport_store_map_used_bytes"] > 0
    assert found["sallyport_store_disk_free_bytes"] > 0
    assert found["sallyport_dns_names"] == found["sallyport_dns_synchronised"] == 1
    assert found['sallyport_store_linked{front="dnsd"}'] == found['sallyport_store_linked{front="apid"}'] == 1
    for process in ("dns", "http", "store"):
        assert 0 <= time.time() - found[f"sallyport_{process}_start_time_seconds"] < DEADLINE
    version = subprocess.run([SALLYPORT, "--version"], capture_output=True, text=True, timeout=DEADLINE, check=True)
    number, commit = re.match(r"sallyport (\S+) \(commit (\S+)\)", version.stdout).groups()
    assert found[f'sallyport_build_info{{version="{number}",commit="{commit}"}}'] == 1


# For "openssl ca", which alone makes a certificate of the past.
AUTHORITY = """
[ca]
default_ca = own
[own]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def make_expired_certificate(folder):
    certificate, key_file = make_certificate(folder)
    for name, content in {"authority.conf": AUTHORITY, "index": "", "serial": "01\n"}.items():
        (folder / name).write_text(content)
    for command in (["req", "-new", "-batch", "-subj", "/CN=sallyport.test", "-key", key_file, "-out", "request"],
                    ["ca", "-config", "authority.conf", "-selfsign", "-batch", "-notext", "-in", "request", "-keyfile",
                     key_file, "-startdate", "20240101000000Z", "-enddate", "20240201000000Z", "-out", certificate]):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True, timeout=DEADLINE)
    return certificate, key_file


def test_an_expired_certificate_is_a_time_of_the_past(folder, port):
    with Server(folder, tls=True, metrics={"listen": [f"127.0.0.1:{port}"]}) as server:
        server.use_certificate(*make_expired_certificate(folder))
        server.write_configuration()
        reloaded = server.command("reload")
        assert reloaded.returncode == 0, reloaded.stderr
        assert "ended at 2024-02-01 00:00:00 UTC; clients refuse it: renew it now" in reloaded.stderr
        assert samples(fetch(port).text)["sallyport_tls_certificate_end_timestamp_seconds"] == 1706745600
        assert server.log().count("the API's certificate ended at 2024-02-01 00:00:00 UTC") == 1


def test_buckets_add_up(server, port):
    for _ in range(20):
        assert server.http("GET", "/health").status_code == 200
    series = {}
    for line in fetch(port).text.splitlines():
        bucket = re.match(r'(\w+)_bucket\{le="([^"]+)",?(.*)\} (\d+)$', line)
        if bucket:
            series.setdefault((bucket[1], bucket[3]), []).append((float(bucket[2]), int(bucket[4])))
    assert len(series) == 8
    for buckets in series.values():
        assert buckets == sorted(buckets)
        assert [count for _, count in buckets] == sorted(count for _, count in buckets)
    assert series["sallyport_http_request_duration_seconds", 'route="health"'][-1] == (float("inf"), 20)


def test_without_store_there_are_those_of_the_api(folder, port):
    apid = Daemon(folder, "apid", metrics={"listen": [f"127.0.0.1:{port}"]}).start()
    found = samples(fetch(port).text)
    assert found["sallyport_http_store_linked"] == 0
    assert found["sallyport_http_start_time_seconds"] > 0
    assert not any(name.startswith(("sallyport_store_", "sallyport_dns_")) for name in found)
    assert apid.terminate() == 0


def test_a_restart_begins_at_zero(server, port):
    queries = 'sallyport_dns_queries_total{transport="udp",family="4"}'
    server.dns("", "A")
    wait_until(lambda: samples(fetch(port).text)[queries] > 0, "dnsd's report")
    server.deaths_expected = True
    server.kill("dnsd")
    wait_until(lambda: samples(fetch(port).text)[queries] == 0, "the new dnsd's report")
    assert samples(fetch(port).text)['sallyport_store_links_total{front="dnsd"}'] == 2
    assert samples(fetch(port).text)['sallyport_store_linked{front="dnsd"}'] == 1


def test_off_by_default(folder):
    with Server(folder) as server:
        assert "serving metrics" not in server.log()


def rows_of_document():
    """{metric: (type, labels, meaning)} of the tables in docs/monitoring.md."""
    return {cells[0].strip("` "): tuple(cell.strip() for cell in cells[1:])
            for cells in (line.strip("|").split("|") for line in DOCUMENT.read_text().splitlines()
                          if line.startswith("| `sallyport_"))}


def rows_of(text):
    """The same of what the server says of itself."""
    labels, kinds, meanings = {}, {}, {}
    for line in text.splitlines():
        words = line.split(" ", 3)
        if words[:2] == ["#", "HELP"]:
            meanings[words[2]] = words[3]
        elif words[:2] == ["#", "TYPE"]:
            kinds[words[2]] = words[3]
        else:
            name, pairs = re.match(r"(\w+)(?:\{(.*)\})? ", line).groups()
            name = name if name in kinds else re.sub("_(bucket|sum|count)$", "", name)
            labels.setdefault(name, dict.fromkeys(key for key in re.findall(r'(\w+)="', pairs or "") if key != "le"))
    return {name: (kinds[name], " ".join(f"`{label}`" for label in labels[name]), meanings[name]) for name in kinds}


def test_the_document_has_them_all(server, port):
    assert rows_of_document() == rows_of(fetch(port).text)
