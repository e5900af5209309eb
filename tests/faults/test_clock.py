"""The clock jumps under load, to and fro: nobody notices."""

import time

import pytest

import figures
from clock import JumpingClock
from fault import Fault, seeded
from oracle import Oracle
from sallyport import Server, wait_until

HOUR, DAY, YEAR = 3600, 86400, 365 * 86400
# An hour is what summer time moves a badly set clock by; a machine without a battery starts in 1970; 32 bits end in 2038 and 2106.
JUMPS = (HOUR, -HOUR, DAY, -DAY, 0, 20 * YEAR, -20 * YEAR, 0, 100 * YEAR, -50 * YEAR, 0)
ROUNDS = 40 if figures.LONG else len(JUMPS)


@pytest.fixture
def clock(folder):
    return JumpingClock(folder)


def test_jumping(folder, clock):
    dice, seed = seeded("clock")
    server = Server(folder / "server")
    server.environment.update(clock.environment)
    with server:
        pids = server.pids()
        with Oracle(server, seed, refusals=()) as oracle, Fault("clock_jumped", oracle) as fault:
            for number in range(ROUNDS):
                offset = JUMPS[number] if number < len(JUMPS) else dice.randrange(-50 * YEAR, 100 * YEAR)
                with fault.round(noticed=False):
                    asked, updates = clock.asked, oracle.updates()
                    clock.jump(offset)
                    wait_until(lambda: clock.asked > asked + 20 and oracle.updates() > updates + 20, "the jump to be seen")
                    time.sleep(dice.uniform(0, 0.5))
        assert server.pids() == pids
        clock.jump(0)
