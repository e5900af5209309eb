"""
Each process and the parent, killed and stopped at random moments under load: nothing that was acknowledged is lost, DNS says nothing wrong,
and all is well again by itself.
"""

import contextlib
import os
import signal
import time

import figures
from fault import Fault, seeded
from oracle import Oracle
from sallyport import ROLES, Server, process_runs, wait_until

ROUNDS = int(os.environ.get("SALLYPORT_ROUNDS", 0)) or (500 if figures.LONG else 8)
BEFORE = 0.5  # seconds of load, at most, before the next one
STOPPED = 2.0  # seconds at most
WHO = (*ROLES, "parent")


def kill(server, who):
    if who != "parent":
        server.kill(who)
        return
    pids = server.pids().values()
    server.process.kill()
    server.wait_exit()
    wait_until(lambda: not any(process_runs(pid) for pid in pids), "the end of the three")
    server.launch()


def stop(server, who, seconds):
    pid = server.pid if who == "parent" else wait_until(lambda: server.pids().get(who), f"a running {who}")
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def test_killed_and_stopped_at_random(folder):
    dice, seed = seeded("kills")
    with Server(folder) as server:
        server.deaths_expected = True
        with Oracle(server, seed, clients=8) as oracle:
            faults = {(who, how): Fault(f"{who}_{how}", oracle) for who in WHO for how in ("killed", "stopped")}
            deck = []
            for number in range(ROUNDS):
                if not deck:  # each as often as the others
                    deck = dice.sample(list(faults), len(faults))
                who, how = deck.pop()
                time.sleep(dice.uniform(0, BEFORE))
                with faults[who, how].round(noticed=(who, how) != ("parent", "stopped")):
                    if how == "killed":
                        kill(server, who)
                    else:
                        stop(server, who, dice.uniform(0, STOPPED))
                assert oracle.complaints == [], f"round {number}, {who} {how}: " + "\n".join(oracle.complaints[:10])
                if number % 50 == 49:
                    print(f"{number + 1} rounds, {oracle.updates()} updates acknowledged, {oracle.answers()} answers", flush=True)
            oracle.raise_failures()
        done = server.command("verify")
        assert done.returncode == 0, done.stdout + done.stderr
        for fault in faults.values():
            fault.write()
