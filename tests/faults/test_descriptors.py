"""
Connections come until a process has no descriptor left: who is connected goes on, nobody turns in circles, and all is well when the
connections end.
"""

import contextlib
import os
import socket
import time
from pathlib import Path

import pytest

import figures
from fault import Fault
from oracle import Oracle
from sallyport import BUILD, Server, wait_until

pytestmark = pytest.mark.root  # who else may count them

# With those that the oracle's clients and resolvers have there are a few more than they are at rest.
DESCRIPTORS = {"apid": 26, "dnsd": 40, "store": 24}
# Administrators' are closed only after a while without a greeting, and those who do not fit into the queue wait here.
COMERS = {"apid": 40, "dnsd": 40, "store": 10}
LASTING = 2.0  # seconds of load while none is left
ROUNDS = 10 if figures.LONG else 1


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def processor_seconds(pid, role):
    """Used by the threads that take connections: in store and apid the first one, while others of store hash keys."""
    place = f"/proc/{pid}" if role == "dnsd" else f"/proc/{pid}/task/{pid}"
    fields = Path(f"{place}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def control_socket(server):
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer.connect(str(server.runtime / "control"))
    return peer


COMING = {
    "apid": lambda server: server.api_socket(),
    "dnsd": lambda server: server.tcp_socket(),
    "store": control_socket,
}


@pytest.mark.parametrize("role", COMING)
def test_no_descriptor_is_left(folder, role):
    server = Server(folder)
    server.environment.update({"LD_PRELOAD": str(BUILD / "faults" / "few_descriptors.so"),
                               "SALLYPORT_FAULTS_PROGRAM": f"sallyport-{role}", "SALLYPORT_FAULTS_DESCRIPTORS": str(DESCRIPTORS[role])})
    with server:
        pid = server.pids()[role]
        with Oracle(server) as oracle, Fault(f"no_descriptors_{role}", oracle) as fault:
            for _ in range(ROUNDS):
                with fault.round(), contextlib.ExitStack() as comers:
                    for _ in range(COMERS[role]):
                        comers.enter_context(COMING[role](server))
                    wait_until(lambda: descriptors(pid) >= DESCRIPTORS[role] - 1, "no descriptor to be left")
                    updates, answers, used = oracle.updates(), oracle.answers(), processor_seconds(pid, role)
                    time.sleep(LASTING)
                    used = processor_seconds(pid, role) - used
                    assert used < LASTING / 2, f"{role} turns in circles"
                    wait_until(lambda: oracle.updates() > updates and oracle.answers() > answers + 50,
                               "those who are connected to go on")
                assert oracle.complaints == []
