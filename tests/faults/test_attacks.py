"""
Clients and resolvers are served while others attack from ten thousand addresses. How much of their load is held is a figure, side by side with
times without the attack in the same run; what they are told has to be right.
"""

import contextlib
import socket
import statistics
import time

import pytest

import attackers
import figures
from attackers import Attack
from fault import Fault, seeded
from oracle import UNAVAILABLE, Oracle
from sallyport import Server, process_status

ROUNDS = 5 if figures.LONG else 1
SECONDS = 10 if figures.LONG else 1  # of each time with and without
FLOOD = 20_000  # questions a second
CONNECTIONS = 10_000
WRONG_KEYS = 1_000  # a second
PAUSE = 0.01
# Those who attack are not exempt from any limit; who is served asks more than one address may. What belongs to the attacker is told
# apart by the address alone.
LIMITS = {"dns": {"rate_limit": {"exempt": ["127.0.0.1/32"]}}, "api": {"limits": {"exempt": ["127.0.0.1/32"]}},
          "log": {"level": "warning", "format": "text"}}


@contextlib.contextmanager
def sink():
    """A port to which the same flood does nothing: what the flood itself costs on shared processors."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        yield peer.getsockname()[1]


def load(oracle, seconds):
    """Updates and answers a second, and the median of the seconds that each took."""
    updates, answers = oracle.updates(), oracle.answers()
    marks = [(one.latencies, len(one.latencies)) for one in [*oracle.clients, *oracle.resolvers]]
    time.sleep(seconds)
    took = [seen[mark:] for seen, mark in marks]
    clients = sum(took[:len(oracle.clients)], [])
    resolvers = sum(took[len(oracle.clients):], [])
    return {"updates": (oracle.updates() - updates) / seconds, "answers": (oracle.answers() - answers) / seconds,
            "update": statistics.median(clients or [seconds]), "answer": statistics.median(resolvers or [seconds])}


def memory(server):
    return {role: int(process_status(pid)["RssAnon"].split()[0]) * 1024 for role, pid in server.pids().items()}


# A new key has to be looked at, and a hash made for a new account: where wrong ones queue for that, these may have to come again.
REFUSALS = {"flooded": (), "idle_dns": (), "idle_api": (), "wrong_keys": UNAVAILABLE}


@pytest.mark.parametrize("name", REFUSALS)
def test_attack(folder, name):
    _, seed = seeded(name)
    with Server(folder, **LIMITS) as server, sink() as nobody:
        pids = server.pids()
        with Oracle(server, seed, pause=PAUSE, refusals=REFUSALS[name], accounts=10) as oracle, Fault(name, oracle) as fault:
            users = [account.answer["username"] for account in oracle.accounts[:20]]
            make = {
                "flooded": lambda: Attack(attackers.flood, server.dns_port, FLOOD, server.zone),
                "idle_dns": lambda: Attack(attackers.idle, server.dns_port, CONNECTIONS),
                "idle_api": lambda: Attack(attackers.idle, server.api_port, CONNECTIONS),
                "wrong_keys": lambda: Attack(attackers.wrong_keys, server.api_port, WRONG_KEYS, users),
            }[name]
            without = contextlib.nullcontext if name != "flooded" else lambda: Attack(attackers.flood, nobody, FLOOD, server.zone)
            rounds, counts = [], {}
            for _ in range(ROUNDS):
                with without():
                    calm = load(oracle, SECONDS)
                with fault.round(noticed=False):
                    with make() as attack:
                        attacked = load(oracle, SECONDS)
                    for what, count in attack.counts.items():
                        counts[what] = counts.get(what, 0) + count
                assert attacked["updates"] > 0 and attacked["answers"] > 0
                rounds.append({what: attacked[what] / calm[what] for what in calm})
            fault.remarks = {"held": {what: round(statistics.median(one[what] for one in rounds), 3) for what in rounds[0]},
                             "counts": counts, "memory": memory(server), "seconds": SECONDS}
            print(name, fault.remarks)
        assert server.pids() == pids
