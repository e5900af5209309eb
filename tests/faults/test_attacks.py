"""
Clients and resolvers are served while others attack from ten thousand addresses. How much of their load is held is a figure, side by side with
times without the attack in the same run; what they are told has to be right.
"""

import contextlib
import socket
import statistics
import time
from pathlib import Path

import pytest

import attackers
import figures
from attackers import Attack
from fault import Fault, seeded
from oracle import Oracle
from sallyport import DEADLINE, Server, process_status, random_txt, update_request, wait_until

ROUNDS = 5 if figures.LONG else 1
SECONDS = 10 if figures.LONG else 1  # of each time with and without
FLOOD = 20_000  # questions a second
CONNECTIONS = 10_000
WRONG_KEYS = 1_000  # a second
GUESSERS = 500 if figures.LONG else 50  # addresses from which these come
PAUSE = 0.01
NETWORKS = 200  # not more than 245: of /16 within 127.0.0.0/8, without those of clients, resolvers and newcomers
# The limits of the configuration as it comes, for those who attack and for those who are served. What the oracle asks when all is quiet
# is more than one address may.
LIMITS = {"dns": {"rate_limit": {"exempt": ["127.0.0.1/32"]}}, "api": {"limits": {"exempt": ["127.0.0.1/32"]}},
          "log": {"level": "warning", "format": "text"}}
MEMORY = 32 * 1024 * 1024  # of one process at most
DESCRIPTORS = 4096  # more than their bounds on connections allow


@contextlib.contextmanager
def sink():
    """A port to which the same flood does nothing: what the flood itself costs on shared processors."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        yield peer.getsockname()[1]


def load(oracle, seconds):
    """Updates and answers a second, and the median of the seconds that each took. There are some of both, or it waits for them."""
    began = time.monotonic()
    clients, resolvers = ([(one.latencies, len(one.latencies)) for one in some] for some in (oracle.clients, oracle.resolvers))

    def took(marks):
        return [latency for latencies, mark in marks for latency in latencies[mark:]]

    time.sleep(seconds)
    wait_until(lambda: took(clients) and took(resolvers), "clients and resolvers to be served")
    updates, answers, seconds = took(clients), took(resolvers), time.monotonic() - began
    return {"updates": len(updates) / seconds, "answers": len(answers) / seconds,
            "update": statistics.median(updates), "answer": statistics.median(answers)}


def sizes(server):
    """Memory and descriptors of each process, which have bounds whatever is going on."""
    memory = {role: int(process_status(pid)["RssAnon"].split()[0]) * 1024 for role, pid in server.pids().items()}
    descriptors = {role: len(list(Path(f"/proc/{pid}/fd").iterdir())) for role, pid in server.pids().items()}
    assert max(memory.values()) < MEMORY and max(descriptors.values()) < DESCRIPTORS, (memory, descriptors)
    return {"memory": memory, "descriptors": descriptors}


def newcomer(server, accounts, number):
    """Somebody from elsewhere uses a key for the first time since the start: seconds until that is done."""
    account, began = accounts[number], time.monotonic()

    def served():
        with server.http_connection(source=f"127.3.{number}.1") as connection:
            return connection.ask(update_request(account, random_txt())).status == 200

    wait_until(served, "somebody new", 2 * DEADLINE, pause=0.2)
    return time.monotonic() - began


def guessers(number, networks=1):
    """Addresses of so many networks that no round before has used: each has one key looked at before anything tells it from others."""
    if networks == 1:
        return [attackers.address(number * GUESSERS + one) for one in range(GUESSERS)]
    return [f"127.{10 + one % networks}.{number}.{one // networks + 1}" for one in range(GUESSERS)]


@pytest.mark.parametrize("name", ("flooded", "idle_dns", "idle_api", "wrong_keys", "wrong_keys_spread"))
def test_attack(folder, name):
    _, seed = seeded(name)
    with Server(folder, **LIMITS) as server:
        newcomers = [server.register() for _ in range(2 * ROUNDS)]
    with server, sink() as nobody:  # which remembers no key
        pids = server.pids()
        with (Oracle(server, seed, pause=PAUSE, refusals=(), accounts=10, others=len(newcomers), apart=True) as oracle,
              Fault(name, oracle) as fault):
            users = [account.answer["username"] for account in oracle.accounts[:20]]
            make = {
                "flooded": lambda _: Attack(attackers.flood, server.dns_port, FLOOD, server.zone),
                "idle_dns": lambda _: Attack(attackers.idle, server.dns_port, CONNECTIONS),
                "idle_api": lambda _: Attack(attackers.idle, server.api_port, CONNECTIONS),
                "wrong_keys": lambda number: Attack(attackers.wrong_keys, server.api_port, WRONG_KEYS, users, guessers(number)),
                "wrong_keys_spread": lambda number: Attack(attackers.wrong_keys, server.api_port, WRONG_KEYS, users,
                                                           guessers(number, NETWORKS)),
            }[name]
            without = contextlib.nullcontext if name != "flooded" else lambda: Attack(attackers.flood, nobody, FLOOD, server.zone)
            rounds, counts = [], {}
            for number in range(ROUNDS):
                with without():
                    waited = newcomer(server, newcomers, 2 * number)
                    calm = {**load(oracle, SECONDS), "new": waited}
                with fault.round(noticed=False):
                    with make(number) as attack:
                        waited = newcomer(server, newcomers, 2 * number + 1)
                        attacked = {**load(oracle, SECONDS), "new": waited}
                        bounds = sizes(server)
                    for what, count in attack.counts.items():
                        counts[what] = counts.get(what, 0) + count
                rounds.append((attacked, calm))
            fault.remarks = {"held": {what: round(statistics.median(attacked[what] / calm[what] for attacked, calm in rounds), 3)
                                      for what in ("updates", "answers", "update", "answer")},
                             "new": [round(statistics.median(one["new"] for one in side), 3) for side in zip(*rounds)],
                             "counts": counts, **bounds, "seconds": SECONDS}
            print(name, fault.remarks)
        assert server.pids() == pids
