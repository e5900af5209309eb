"""
Sallyport beside NSD and Knot DNS: the same zone, the same generated questions, every difference on the
list in differences.py or a failure.

SALLYPORT_LONG=1 asks ten times as many, under the eyes of tshark; SALLYPORT_SEED=N asks others.
"""

import collections
import contextlib
import os
import time
import uuid

import answers
import differences
import exchange
import pytest
import questions
from capture import Capture
from differences import AA, RD, TC
from sallyport import ROOT
from zone import ZONE

LONG = bool(os.environ.get("SALLYPORT_LONG"))
COUNT = 24000 if LONG else 2400
SEED = int(os.environ.get("SALLYPORT_SEED", "1"))
OWN_SIZE = 1232
SHOWN = 20  # failures that are written out

used = collections.Counter()


def breaches(query, ours):
    """What is wrong with our answer whatever others say."""
    if isinstance(ours, answers.Broken):
        return ["is malformed"]
    if len(query.wire) < 12 or query.flags & 0x8000:
        return ["answers what is no query"] if ours is not None else []
    if ours is None:
        return ["is silent"]
    found = []
    limit = min(query.size if query.opts else 512, OWN_SIZE) if query.transport == "udp" else 65535
    if len(ours.wire) > limit and not query.fault:
        found.append(f"is longer than {limit} bytes")
    if ours.flags & ~(AA | TC) != 0x8000 | query.flags & (RD | 0x7800):
        found.append(f"has flags {ours.flags:04x}")
    if differences.failed(ours) and (ours.flags & (AA | TC) or ours.answer or ours.authority):
        found.append("is an error with more than that")
    if ours.flags & TC and query.transport == "tcp":
        found.append("is truncated over TCP")
    if query.signed and not query.fault and query.opcode == 0 and not query.version and (
            ours.rcode != differences.NOTAUTH or [record[1] for record in ours.additional] != [differences.TSIG]):
        found.append("does not name an unknown key")
    if query.counts[0] == 1 and ours.question != query.question:
        found.append("does not repeat the question")
    if ours.edns is not None:
        if not query.fault and not query.opts:
            found.append("has an OPT record nobody asked for")
        if ours.edns[:2] != (OWN_SIZE, 0) or ours.edns[2] & 0x7fff:
            found.append(f"has EDNS {ours.edns}")
    elif query.opts == 1 and not query.fault and query.opcode == 0:
        found.append("has no OPT record")
    if query.fault and query.opcode == 0 and not query.cookie_alone \
            and ours.rcode != differences.FORMERR:
        found.append("is not FORMERR")
    return found


def ask_nsd(ask, port, wires, ours):
    """NSD answers only so many errors a second: what it is silent on is asked again as long as that helps."""
    theirs = ask(port, exchange.Fence(ZONE), wires)
    while True:
        silent = [wire for wire in wires if wire[:2] not in theirs and wire[:2] in ours]
        time.sleep(1.05 if silent else 0)
        more = ask(port, exchange.Fence(ZONE), silent)
        theirs.update(more)
        if not more:
            return theirs


@contextlib.contextmanager
def captured(trio, folder):
    """In a long run tshark looks at Sallyport's answers, too."""
    if not (ROOT and LONG):
        yield
        return
    folder.mkdir()
    with Capture(folder, trio.server) as capture:
        yield
    capture.check_answers(COUNT // 100)  # packets, and over TCP many answers fit into one


def read(wire):
    try:
        return answers.read_answer(wire)
    except answers.Malformed as error:
        return answers.Broken(wire, str(error))


def judge(transport, kind, wire, replies):
    """The problems of one question's answers, {name: bytes or None}."""
    query = differences.read_query(wire, transport)
    read_replies = {name: read(reply) for name, reply in replies.items()}
    ours = read_replies.pop("Sallyport")
    problems = [f"Sallyport {breach}" for breach in breaches(query, ours)]
    for peer, theirs in read_replies.items():
        applied, left = differences.explain(peer, query, ours, theirs)
        used.update((peer, difference.name) for difference in applied)
        if left:
            problems.append(f"differs from {peer} in {', '.join(sorted(left))}")
    if problems:
        problems = [f"--- {kind} over {transport}: {wire.hex()}", *problems]
        for name, answer in [("Sallyport", ours), *read_replies.items()]:
            problems.append(f"{name}: {answer.text() if answer else 'silence'}")
    return problems


def test_questions_repeat(trio):
    """The seed decides all but the labels that the API made up."""
    names, owned = trio.zone.names(), trio.zone.owned()
    others = names[:-len(trio.zone.dynamic)]
    others += [f"{uuid.uuid4()}.{ZONE}." for _ in trio.zone.dynamic]
    first, second = (questions.generate(SEED, 1000, ZONE, some, owned) for some in (names, others))
    assert [(kind, len(wire)) for kind, wire in first] == [(kind, len(wire)) for kind, wire in second]
    assert first == questions.generate(SEED, 1000, ZONE, names, owned)
    assert first != questions.generate(SEED + 1, 1000, ZONE, names, owned)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("manner", ["plain", "named"])
def test_same_answers(trios, manner, transport):
    trio = trios(manner)
    ask = {"udp": exchange.ask_udp, "tcp": exchange.ask_tcp}[transport]
    asked = [(kind, wire) for kind, wire in questions.generate(
        SEED, COUNT, ZONE, trio.zone.names(), trio.zone.owned())
             if len(wire) > 2]
    wires = [wire for _, wire in asked]
    with captured(trio, trio.folder / transport):
        replies = {"Sallyport": ask(trio.ports["Sallyport"], exchange.Fence(ZONE), wires)}
    replies["NSD"] = ask_nsd(ask, trio.ports["NSD"], wires, replies["Sallyport"])
    replies["Knot"] = ask(trio.ports["Knot"], exchange.Fence(ZONE), wires)
    ids = {wire[:2] for wire in wires}
    assert not set(replies["Sallyport"]) - ids, "an answer with an id that nobody used"
    failures = []
    for kind, wire in asked:
        problems = judge(transport, kind, wire,
                         {name: reply.get(wire[:2]) for name, reply in replies.items()})
        if problems:
            failures.append("\n".join(problems))
    print(f"{len(asked)} questions over {transport}, seed {SEED}; answered: " + ", ".join(
        f"{name} {len(reply)}" for name, reply in replies.items()))
    assert not failures, (f"{len(failures)} of {len(asked)} questions, seed {SEED}:\n\n"
                          + "\n\n".join(failures[:SHOWN]))


@pytest.mark.parametrize("maker", ["Sallyport", "NSD", "Knot"])
def test_cookies_are_common_property(trio, maker):
    """With one secret a cookie of one server is right for all (RFC 9018, 3); Knot says so aloud."""
    apex = questions.question(questions.wire_labels(ZONE.encode().split(b".")), differences.SOA)

    def ask(name, cookie):
        option = questions.option(differences.COOKIE, cookie)
        wire = b"\0\1" + questions.message(apex + questions.opt(options=option), counts=(1, 0, 0, 1))
        got = exchange.ask_udp(trio.ports[name], exchange.Fence(ZONE), [wire])
        return answers.read_answer(got[wire[:2]])

    client = os.urandom(8)
    made = ask(maker, client).cookie
    assert made[:8] == client and len(made) == 24
    for name in trio.ports:
        assert ask(name, made).rcode == 0, name
    wrong = made[:-1] + bytes([made[-1] ^ 1])
    assert ask("Knot", wrong).rcode == differences.BADCOOKIE
    assert ask("Sallyport", wrong).cookie not in (None, wrong)


def test_every_difference_is_needed():
    """Runs last: an entry of the list that no question of a long run needs is to be taken out."""
    for (peer, name), count in sorted(used.items()):
        print(f"{count:6} {peer}: {name}")
    unused = [f"{difference.peer}: {difference.name}" for difference in differences.INTENDED
              if not used[difference.peer, difference.name]]
    assert used, "no answers were compared"
    assert not LONG or not unused, unused
