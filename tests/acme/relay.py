"""A relay in front of the server's UDP port that keeps what a resolver and the server said."""

import socket
import threading

import dns.message

ANSWER_SECONDS = 5
DATAGRAM = 65535


class Relay:
    """Listens on `port`, passes each query on to `server_port`, and the answer back.

    One query is in hand at a time, which a resolver asking for one test never notices.
    """

    def __init__(self, server_port):
        self.server = ("127.0.0.1", server_port)
        self.exchanges = []

    def __enter__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        # Closing a socket does not wake its reader; an empty datagram does.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def questions(self):
        """The names asked for, as they were spelt on the wire, with what was spelt in the answer."""
        return [(_qname(query), _qname(answer)) for query, answer in self.exchanges]

    def _serve(self):
        while True:
            query, client = self._socket.recvfrom(DATAGRAM)
            if not query:
                return
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
                upstream.settimeout(ANSWER_SECONDS)
                upstream.connect(self.server)
                upstream.send(query)
                try:
                    answer = upstream.recv(DATAGRAM)
                except OSError:
                    continue
            self.exchanges.append((query, answer))
            self._socket.sendto(answer, client)


def _qname(wire):
    return dns.message.from_wire(wire).question[0].name.to_text(omit_final_dot=True)
