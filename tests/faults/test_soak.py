"""
Mixed load for long: memory, descriptors and threads of each process stay what they were after the warm-up. An hour with --long, or
SALLYPORT_SOAK seconds.
"""

import concurrent.futures
import contextlib
import os
import random
import statistics
import threading
import time
from pathlib import Path

import dns.rcode

import figures
from fault import Fault, seeded
from oracle import Oracle
from sallyport import (ROLES, Server, credentials, http_request, process_status, random_txt, update_request)

SECONDS = int(os.environ.get("SALLYPORT_SOAK", 0)) or (3600 if figures.LONG else 8)
WARM = SECONDS / 4
PAUSE = 0.05
EVERY = max(SECONDS / 360, 0.1)  # seconds between two looks
SETTLES = SECONDS >= 600  # in less a process gets no further than its warm-up
FLAT = 0.01
LIVES = 8000  # accounts of the warm-up, by which every page of store's table of remembered keys has been touched
# Memory is given in pages: a few of them are more than 1 % of a small process. The connection of one who passes may be open, or not.
SLACK = {"memory": 64 * 1024, "descriptors": 1, "threads": 0}
QUESTIONS = ("", "nobody", "www", "_acme-challenge", "a.b.c.d")
TYPES = ("A", "AAAA", "TXT", "NS", "SOA", "CAA", "ANY", "MX", "SVCB")


class Passers(threading.Thread):
    """Those who come, do one thing or a wrong one, and go: each with a connection of its own."""

    def __init__(self, oracle, seed):
        super().__init__(daemon=True)
        self.oracle, self.server = oracle, oracle.server
        self.dice = random.Random(f"{seed}-passers")
        self.ending = threading.Event()
        self.failure = None
        self.done = 0

    def run(self):
        deeds = (self.wrong_key, self.no_json, self.no_path, self.not_http, self.silent, self.name_that_is_not, self.over_tcp,
                 self.no_query)
        try:
            while not self.ending.is_set():
                self.dice.choice(deeds)()
                if self.done % 100 == 0:
                    self.whole_life()
                self.done += 1
                time.sleep(PAUSE)
        except BaseException as failure:
            self.failure = failure

    def one(self, request, *statuses):
        with contextlib.closing(self.server.http_connection()) as connection:
            found = connection.ask(request).status
            assert found in statuses, (request, found)

    def wrong_key(self):
        account = dict(self.dice.choice(self.oracle.accounts).answer, password="x" * 40)
        self.one(update_request(account, random_txt()), 401)

    def no_json(self):
        account = self.dice.choice(self.oracle.accounts).answer
        self.one(http_request("POST", "/update", b"{", credentials(account).items()), 401)

    def no_path(self):
        self.one(http_request("GET", f"/{random_txt()}"), 404)

    def not_http(self):
        self.one(self.dice.randbytes(100), 400, 501, 505)

    def silent(self):
        self.server.http_connection().close()

    def name_that_is_not(self):
        self.server.dns(self.dice.choice(QUESTIONS), self.dice.choice(TYPES))

    def over_tcp(self):
        self.server.dns(self.dice.choice(QUESTIONS), self.dice.choice(TYPES), transport="tcp")

    def no_query(self):
        with self.server.udp_socket() as peer:
            peer.send(self.dice.randbytes(self.dice.randrange(1, 600)))

    def whole_life(self):
        """An account from its registration to its end."""
        account = self.server.register()
        self.server.set_value(account)
        answer = self.server.http("DELETE", "/account", headers=credentials(account))
        assert answer.status_code in (200, 204), answer.text
        assert self.server.dns(account["subdomain"], "TXT").rcode() == dns.rcode.NXDOMAIN


def fill(oracle, seed):
    """
    Accounts come and go until store remembers as many keys as it ever will: its table has a fixed size, but the kernel gives a page of it
    only when the first key falls there.
    """
    passers = [Passers(oracle, f"{seed}-{number}") for number in range(4)]

    def live(passer):
        for _ in range(LIVES // len(passers)):
            passer.whole_life()

    with concurrent.futures.ThreadPoolExecutor(len(passers)) as pool:
        list(pool.map(live, passers))


def look(pid):
    status = process_status(pid)
    size = {field: int(status[field].split()[0]) * 1024 for field in ("RssAnon", "RssFile", "RssShmem", "VmRSS")}
    return {"memory": size["RssAnon"] + size["RssShmem"], "mapped": size["RssFile"],
            "descriptors": len(list(Path(f"/proc/{pid}/fd").iterdir())), "threads": int(status["Threads"])}


def begin_and_end(looks, what):
    """Medians of the first and of the last tenth after the warm-up."""
    warm = [found[what] for when, found in looks if when >= WARM]
    tenth = max(len(warm) // 10, 3)
    return statistics.median_low(warm[:tenth]), statistics.median_low(warm[-tenth:])


def test_soak(folder):
    _, seed = seeded("soak")
    with Server(folder) as server, Oracle(server, seed, pause=PAUSE, accounts=4) as oracle:
        processes = dict(server.pids(), parent=server.pid)
        looks = {who: [] for who in processes}
        if SETTLES:
            fill(oracle, seed)
        passers = Passers(oracle, seed)
        passers.start()
        began, told = time.monotonic(), 0
        try:
            while (now := time.monotonic() - began) < SECONDS:
                for who, pid in processes.items():
                    looks[who].append((now, look(pid)))
                if oracle.broken() or passers.failure is not None or oracle.complaints:
                    break
                if now > told * SECONDS / 10:
                    told += 1
                    print(f"{now:.0f} s:", ", ".join(f"{who} {found[-1][1]}" for who, found in looks.items()), flush=True)
                time.sleep(EVERY)
        finally:
            passers.ending.set()
            passers.join()
        if passers.failure is not None:
            raise passers.failure
        oracle.raise_failures()
        assert oracle.complaints == [], "\n".join(oracle.complaints[:20])
        fault = Fault("soak", oracle)
        fault.lost = oracle.check()
        found, grown = {}, []
        for who in (*ROLES, "parent"):
            found[who] = {what: begin_and_end(looks[who], what) for what in ("memory", "mapped", "descriptors", "threads")}
            grown += [f"{who}: {what} went from {first} to {last}" for what, (first, last) in found[who].items()
                      if what in SLACK and abs(last - first) > max(first * FLAT, SLACK[what])]
        fault.updates, fault.answers = oracle.updates(), oracle.answers()
        fault.remarks = {"rounds": 1, "seconds": SECONDS, "passers": passers.done, "processes": found}
        fault.write()
        print(found)
        assert [line for line in grown if SETTLES or "memory" not in line] == []
