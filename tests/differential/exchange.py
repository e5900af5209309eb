"""
Many questions and their answers, without a clock.

Every server here has one worker and reads one socket in order. So once a question sent last (the
fence) has its answer, whatever was sent before it has been answered or never will be.
"""

import socket
import struct

import dns.message
import sallyport

BATCH = 32
FENCE_IDS = range(0xff00, 0x10000)  # no question has one of these
PATIENCE = 5.0


class Fence:
    """A harmless question with an id of its own each time."""

    def __init__(self, zone):
        self.wire = dns.message.make_query(f"{zone}.", "SOA").to_wire()[2:]
        self.turn = 0

    def __next__(self):
        self.turn = (self.turn + 1) % len(FENCE_IDS)
        number = struct.pack("!H", FENCE_IDS[self.turn])
        return number, number + self.wire


def ask_udp(port, fence, questions):
    """{id: answer} of the questions (bytes) that have one."""
    answers = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.connect(("127.0.0.1", port))
        for start in range(0, len(questions), BATCH):
            _udp_batch(peer, fence, questions[start:start + BATCH], answers)
        # Loopback loses what does not fit; silence counts only when it is repeated.
        for question in questions:
            if question[:2] not in answers:
                _udp_batch(peer, fence, [question], answers)
    return answers


def _udp_batch(peer, fence, questions, answers):
    for question in questions:
        peer.send(question)
    peer.settimeout(PATIENCE)
    for _ in range(5):
        number, wire = next(fence)
        peer.send(wire)
        try:
            while True:
                answer = peer.recv(65535)
                if answer[:2] == number:
                    return
                answers[answer[:2]] = answer
        except TimeoutError:
            continue
    raise sallyport.Late("no answer to a plain question over UDP")


def ask_tcp(port, fence, questions):
    """The same over TCP; a server may close where it has no answer."""
    answers = {}
    for start in range(0, len(questions), BATCH):
        batch = questions[start:start + BATCH]
        while batch:
            got = _tcp_batch(port, fence, batch)
            answers.update(got)
            left = [question for question in batch if question[:2] not in got]
            if len(left) == len(batch):
                # The first is what the server ends connections about, or is silent on; alone it
                # shows that no earlier answer was lost with its connection.
                answers.update(_tcp_batch(port, fence, batch[:1]))
                left = left[1:]
            batch = left
    return answers


def _tcp_batch(port, fence, questions):
    answers = {}
    number, last = next(fence)
    stream = b"".join(struct.pack("!H", len(wire)) + wire for wire in [*questions, last])
    with socket.create_connection(("127.0.0.1", port), sallyport.DEADLINE) as peer:
        try:
            peer.sendall(stream)
            while True:
                answer = sallyport.tcp_answer(peer)
                if answer == b"" or answer[:2] == number:
                    return answers
                answers[answer[:2]] = answer
        except (ConnectionError, AssertionError):
            return answers
