"""The dashboard and the alerts of contrib/grafana, asked of a real Prometheus that watches a server with something to do."""

import json
import subprocess
import time
from pathlib import Path

import pytest
import requests

from sallyport import DEADLINE, Program, Server, free_port, make_folder, remove_folder, wait_until

CONTRIB = Path(__file__).parents[2] / "contrib/grafana"
DASHBOARD = json.loads((CONTRIB / "sallyport.json").read_text())
QUERIES = [(panel["title"], target["refId"], target["expr"]) for panel in DASHBOARD["panels"]
           for target in panel.get("targets", ())]
SECONDS = 12  # of load: rates want two scrapes of what has begun, and Prometheus scrapes once a second


class Prometheus(Program):
    def __init__(self, folder, target):
        self.port = free_port()
        folder = Path(folder)
        (folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(CONTRIB / "*.rules.yaml")],
            "scrape_configs": [{"job_name": "sallyport", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}]}))
        super().__init__(folder, ["prometheus", f"--config.file={folder}/prometheus.yml",
                                  f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{self.port}"],
                         "prometheus.log")

    def get(self, path, **parameters):
        answer = requests.get(f"http://127.0.0.1:{self.port}/api/v1/{path}", params=parameters, timeout=DEADLINE,
                              proxies={"http": "", "https": ""})
        answer.raise_for_status()  # 503 until it is ready
        return answer.json()["data"]

    def ask(self, expression):
        """The numbers that it comes to."""
        expression = expression.replace("$__rate_interval", "10s").replace("$job", "sallyport")
        return [float(found["value"][1]) for found in self.get("query", query=expression)["result"]]

    def scrapes(self):
        try:
            return self.ask('count_over_time(up{job="$job"}[1h])') != []
        except requests.RequestException:
            return False


def keep_busy(server, seconds):
    """Clients, right and wrong, over each transport."""
    account, end = server.register(), time.monotonic() + seconds
    while time.monotonic() < end:
        server.set_value(account)
        server.update(account, "short")
        server.http("GET", "/account", headers={"X-Api-User": account["username"], "X-Api-Key": account["password"]})
        server.http("GET", "/health")
        for transport in ("udp", "tcp"):
            for address in ("127.0.0.1", "::1"):
                server.dns(account["subdomain"], "TXT", transport, address)
        server.dns("nobody", "AAAA")
        server.register()
        time.sleep(0.05)


@pytest.fixture(scope="module", name="prometheus")
def fixture_prometheus():
    folder, port = make_folder(), free_port()
    prometheus = Prometheus(folder, port)
    try:
        with Server(folder, metrics={"listen": [f"127.0.0.1:{port}"]}) as server:
            prometheus.launch()
            wait_until(prometheus.scrapes, "a scrape")
            keep_busy(server, SECONDS)
            yield prometheus
    finally:
        prometheus.destroy()
        remove_folder(folder)


@pytest.mark.parametrize("title, letter, expression", QUERIES, ids=[f"{title} {letter}" for title, letter, _ in QUERIES])
def test_each_query_returns_data(prometheus, title, letter, expression):
    numbers = prometheus.ask(expression)
    assert numbers, f"{title} {letter} returns nothing: {expression}"
    assert any(number == number for number in numbers), "not a number"  # NaN is unlike itself


def test_each_metric_is_on_the_dashboard(prometheus):
    """What nobody looks at need not be counted; those left out are of no use as a graph."""
    names = {name for name in prometheus.get("label/__name__/values") if name.startswith("sallyport_")}
    shown = " ".join(expression for _, _, expression in QUERIES)
    unseen = {name for name in names if name.removesuffix("_sum").removesuffix("_count") not in shown}
    assert unseen == {"sallyport_dns_edns_total", "sallyport_dns_snapshots_total", "sallyport_dns_start_time_seconds",
                      "sallyport_dns_table_full_total", "sallyport_http_connections_total", "sallyport_store_linked",
                      "sallyport_store_snapshot_damaged",
                      "sallyport_store_start_time_seconds", "sallyport_tls_reloads_total"}


def test_the_alerts_are_silent_while_all_is_well(prometheus):
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == 11
    wait_until(lambda: all(rule["health"] == "ok" for group in prometheus.get("rules")["groups"]
                           for rule in group["rules"]), "an evaluation")
    for rule in rules:
        prometheus.ask(rule["query"])
    assert [alert["labels"]["alertname"] for alert in prometheus.get("alerts")["alerts"]
            if alert["labels"]["alertname"] != "SallyportDiskFull"] == []


def test_promtool_takes_the_rules():
    done = subprocess.run(["promtool", "check", "rules", CONTRIB / "sallyport.rules.yaml"], capture_output=True,
                          text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
