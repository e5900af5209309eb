"""What whoever administers a server does by mistake, under load: it is refused in clear lines, and the clients do not notice."""

import figures
from fault import Fault, seeded
from oracle import Oracle
from sallyport import SALLYPORT, Configured, Server, to_yaml

ROUNDS = 20 if figures.LONG else 2


def test_a_second_store_on_one_database(folder):
    _, seed = seeded("second")
    with Server(folder / "first") as first:
        pids = first.pids()
        with Oracle(first, seed, refusals=()) as oracle, Fault("second_store", oracle) as fault:
            for number in range(ROUNDS):
                second = Configured(folder / f"second-{number}", [SALLYPORT, "run"], store={"path": str(first.database)})
                with fault.round(noticed=False):
                    second.launch()
                    try:
                        second.wait_log("another store has it open, and only one can: stop that server first")
                    finally:
                        second.destroy()
        assert first.pids() == pids


# What stands in the place of what; each is found without anybody being asked.
MISTAKES = (
    ("txt_ttl: 1", "txt_ttl: -1"),
    ("txt_ttl: 1", "txt_tl: 1"),
    ('"udp", "tcp"', '"udp", "tpc"'),
    ("workers: 2", "workers: two"),
    (".1:", ".256:"),
    ("zone:", "zone: {"),
    ("198.51.100.1", "198.51.100"),
    ("api:", "\tapi:"),
)


def test_a_reload_with_a_mistake(folder):
    _, seed = seeded("mistake")
    with Server(folder) as server:
        pids, good = server.pids(), to_yaml(server.configuration)
        with Oracle(server, seed, refusals=()) as oracle, Fault("reload_mistake", oracle) as fault:
            for number in range(ROUNDS):
                old, new = MISTAKES[number % len(MISTAKES)]
                wrong = good.replace(old, new, 1)
                assert wrong != good
                with fault.round(noticed=False):
                    server.write_configuration(wrong)
                    done = server.command("reload")
                    assert done.returncode == 78 and f"{server.file}:" in done.stderr and ": error: " in done.stderr, done
                    server.write_configuration(good)
                assert [address.to_text() for rrset in server.dns("", "A").answer for address in rrset] == ["198.51.100.1"]
        assert server.pids() == pids
