"""
A fault of the catalogue, brought about again and again: what it cost and how soon all was well goes to its figures.

    with Fault("store_killed", oracle) as fault:
        with fault.round():
            server.kill("store")
"""

import contextlib
import os
import random
import statistics
import time

import figures
from catalogue import BY_NAME


def seeded(what):
    """Dice whose seed is shown, and may be given: SALLYPORT_SEED."""
    seed = os.environ.get("SALLYPORT_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"{what}: SALLYPORT_SEED={seed}", flush=True)
    return random.Random(f"{seed}-{what}"), seed


class Fault:
    def __init__(self, name, oracle=None):
        self.entry = BY_NAME[name]
        self.oracle = oracle
        self.recoveries = []  # seconds
        self.updates = self.answers = self.lost = self.wrong = 0
        self.remarks = {}  # further figures, by what they are

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            assert self.lost == self.wrong == 0, "\n".join(self.oracle.complaints[:20])
            self.write()

    @contextlib.contextmanager
    def round(self, noticed=True):
        """
        Within, the fault comes, and at the end of it has gone, or is left behind: recovery is counted from there. Then every account is
        looked at. `noticed`: clients and resolvers may see it.
        """
        oracle = self.oracle
        with oracle.fault() if noticed else contextlib.nullcontext():
            yield
            over = time.monotonic()
            oracle.wait_well()
            self.recoveries.append(time.monotonic() - over)
        self.lost += oracle.check()
        updates, answers, wrong = oracle.since_last_told()
        self.updates += updates
        self.answers += answers
        self.wrong += wrong

    def write(self, **more):
        found = {"rounds": len(self.recoveries), "updates": self.updates, "answers": self.answers, "lost": self.lost,
                 "wrong": self.wrong}
        if self.recoveries:
            found["median"] = round(statistics.median(self.recoveries), 3)
            found["worst"] = round(max(self.recoveries), 3)
        figures.write(self.entry.name, **{**found, **self.remarks, **more})
