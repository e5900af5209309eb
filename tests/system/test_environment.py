"""The configuration in the environment: over the file, without one, and when a server that was started so is reloaded."""

import os
import re
import signal
import subprocess

import pytest
import yaml

from sallyport import DEADLINE, ROLES, SALLYPORT, UIDS, ZONE, Server, complaints, wait_until

EXIT_CONFIG = 78


def check(server, *words, **variables):
    return server.command("check-config", *words, environment=variables)


def txt_ttl(server, account):
    return server.dns_message(server.question(account["subdomain"], "TXT")).answer[0].ttl


def test_a_server_configured_by_its_environment(folder):
    """The file has other values; every process follows the environment, also one that is started again."""
    server = Server(folder)
    server.environment = {
        "SALLYPORT_ZONE_TXT_TTL": "7", "SALLYPORT_API_REGISTRATION": "token",
        "SALLYPORT_DNS_LISTEN": f"[127.0.0.1:{server.dns_port}]", "SALLYPORT_STORE_PATH": str(folder / "elsewhere")}
    server.configuration["dns"]["listen"] = ["192.0.2.1:53"]
    server.write_configuration()
    server.launch()
    server.wait_log("serving")
    server.wait_log("configured by the environment: SALLYPORT_ZONE_TXT_TTL, SALLYPORT_DNS_LISTEN, SALLYPORT_API_REGISTRATION, "
                    "SALLYPORT_STORE_PATH")
    server.wait_ready()
    added = server.command("accounts", "add", "--json", environment=server.environment)
    account = yaml.safe_load(added.stdout)
    assert server.http("POST", "/register").status_code == 401 or server.http("POST", "/register").status_code == 403
    server.set_value(account)
    assert txt_ttl(server, account) == 7
    assert (folder / "elsewhere").exists() and not (folder / "lib").exists()
    server.deaths_expected = True
    for role in ROLES:
        old = server.kill(role)
        wait_until(lambda: server.pids().get(role, old) != old, f"a new {role}")
        server.wait_ready()
    assert txt_ttl(server, account) == 7
    assert server.terminate() == 0


def test_reload_keeps_what_the_environment_has_set(folder):
    with Server(folder) as server:
        server.terminate()
        server.environment = {"SALLYPORT_ZONE_TXT_TTL": "7"}
        server.start()
        account = server.register()
        server.set_value(account)
        server.configuration["zone"].update(negative_ttl=99, txt_ttl=5)
        server.write_configuration()

        # From a shell that knows nothing of it, or something else, nothing is changed.
        for others in ({}, {"SALLYPORT_ZONE_TXT_TTL": "8"}, {"SALLYPORT_ZONE_TXT_TTL": "7", "SALLYPORT_LOG_LEVEL": "debug"}):
            done = server.command("reload", environment=others)
            assert done.returncode == 1 and "sallyport: nothing was changed" in done.stderr, done
            assert ("refused by store: it was started with SALLYPORT_ZONE_TXT_TTL, and this command with something else: "
                    "give it the same, or send SIGHUP to sallyport run") in done.stderr
            assert server.dns("no-such-name", "TXT").authority[0].ttl == 60

        # With the same, or from the parent, which has it, the file's changes come in beside it.
        assert server.command("reload", environment=server.environment).returncode == 0
        assert (txt_ttl(server, account), server.dns("no-such-name", "TXT").authority[0].ttl) == (7, 99)
        server.configuration["zone"]["negative_ttl"] = 50
        server.write_configuration()
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: server.dns("no-such-name", "TXT").authority[0].ttl == 50, "the new TTL")
        assert txt_ttl(server, account) == 7


def test_a_caller_with_variables_of_its_own_does_not_change_the_server(folder):
    with Server(folder) as server:
        done = server.command("reload", environment={"SALLYPORT_ZONE_NEGATIVE_TTL": "7"})
        assert done.returncode == 1
        assert "it was started with no variable of the configuration, and this command with something else" in done.stderr
        assert server.dns("no-such-name", "TXT").authority[0].ttl == 60


@pytest.mark.parametrize("variables, words", [
    ({"SALLYPORT_ZONE_TXT_TTL": "soon"}, "environment SALLYPORT_ZONE_TXT_TTL: error: zone.txt_ttl must be a whole number"),
    ({"SALLYPORT_API_LISTEN": "127.0.0.1:80"}, 'environment SALLYPORT_API_LISTEN: error: api.listen must be a list; did you mean ["127.0.0.1:80"]?'),
    ({"SALLYPORT_ZONE_NAM": ZONE}, "environment: error: unknown variable SALLYPORT_ZONE_NAM; did you mean SALLYPORT_ZONE_NAME?"),
    ({"SALLYPORT_API_TLS_CERTIFICATE": "/nowhere", "SALLYPORT_API_TLS_KEY": "/nowhere"},
     "environment SALLYPORT_API_TLS_CERTIFICATE: error: api.tls.certificate: /nowhere cannot be"),
])
def test_mistakes(folder, variables, words):
    server = Server(folder, tls=False)
    for verb in ("check-config", "run"):
        done = server.command(verb, environment=variables)
        assert done.returncode != 0 and done.stdout == ""
        assert words in done.stderr, done.stderr


def test_where_each_value_comes_from(folder):
    server = Server(folder, tls=False)
    text = server.file.read_text()
    line = 1 + next(i for i, words in enumerate(text.splitlines()) if "negative_ttl" in words)
    plain, told = (check(server, *words, SALLYPORT_ZONE_TXT_TTL="7", SALLYPORT_DNS_TCP_LIFETIME="9",
                         SALLYPORT_DNS_LISTEN="[127.0.0.1:53]") for words in ((), ("--origin",)))
    assert (told.returncode, complaints(told)) == (0, [])
    for words in ("txt_ttl: 7 # environment SALLYPORT_ZONE_TXT_TTL", f"negative_ttl: 60 # line {line}",
                  "lifetime: 9 # environment SALLYPORT_DNS_TCP_LIFETIME", "idle_timeout: 10 # default",
                  "listen: # environment SALLYPORT_DNS_LISTEN", "secrets: [] # default"):
        assert re.search(rf"^ +{re.escape(words)}$", told.stdout, re.M), (words, told.stdout)
    # A word for each key, and nothing else.
    assert "#" not in plain.stdout and re.sub(r" # .*", "", told.stdout) == plain.stdout
    keys = [found for found in re.findall(r"^ +[a-z_]+:.*", told.stdout, re.M)]
    groups = [key for key in keys if not re.search(r" # (default|line \d+|environment SALLYPORT_[A-Z_]+)$", key)]
    assert {group.strip() for group in groups} == {"rate_limit:", "tcp:", "cookies:", "identity:", "limits:", "users:"}


@pytest.mark.root
def test_no_file_at_all(folder):
    """Where everybody's file would be, and nowhere else; without a zone the missing file is what is told."""
    def run(*words, **variables):
        # /etc is empty for this one process.
        return subprocess.run(["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /etc && exec "$@"', "-", SALLYPORT, *words],
                              capture_output=True, text=True, timeout=DEADLINE,
                              env={"PATH": os.environ["PATH"], "ASAN_OPTIONS": "detect_leaks=0", **variables})
    users = {f"SALLYPORT_PRIVSEP_USERS_{role.upper()}": str(uid) for role, uid in UIDS.items()}
    done = run("check-config", SALLYPORT_ZONE_NAME=ZONE, **users)
    assert done.returncode == 0 and f'name: "{ZONE}."' in done.stdout, done
    done = run("check-config", **users)
    assert done.returncode == EXIT_CONFIG
    assert done.stderr == "/etc/sallyport/sallyport.yaml: error: the configuration cannot be read: No such file or directory\n"
    done = run("check-config", "-c", str(folder / "other.yaml"), SALLYPORT_ZONE_NAME=ZONE, **users)
    assert done.returncode == EXIT_CONFIG and "other.yaml: error: the configuration cannot be read" in done.stderr
