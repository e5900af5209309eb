"""A relay in front of the server's DNS port that keeps what a resolver and the server said."""

import socket
import struct
import threading

import dns.flags
import dns.message

from sallyport import DEADLINE, free_port, tcp_answer, udp_exchange

DATAGRAM = 65535


class Relay:
    """Listens on `port`, passes each query on to `server_port`, and the answer back.

    One datagram and one TCP connection at a time are in hand, which a resolver asking for one test
    never notices. With `truncating` set it answers datagrams by itself: the question, no records, TC.
    """

    def __init__(self, server_port):
        self.server = ("127.0.0.1", server_port)
        self.truncating = False
        self.exchanges = []  # (transport, query, answer), the messages as they were on the wire

    def __enter__(self):
        self.port = free_port()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        self._threads = [threading.Thread(target=serve, daemon=True)
                         for serve in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        # Closing a socket does not wake its reader; an empty datagram does, and a shutdown.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self._tcp.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(DEADLINE)
        self._udp.close()
        self._tcp.close()

    def questions(self):
        """The names asked for, as they were spelt on the wire, with what was spelt in the answer."""
        return [(_qname(query), _qname(answer)) for _, query, answer in self.exchanges]

    def transports(self):
        return {transport for transport, _, _ in self.exchanges}

    def _serve_udp(self):
        while True:
            query, client = self._udp.recvfrom(DATAGRAM)
            if not query:
                return
            answer = _truncated(query) if self.truncating else self._ask_udp(query)
            self.exchanges.append(("udp", query, answer))
            self._udp.sendto(answer, client)

    def _ask_udp(self, query):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
            upstream.connect(self.server)
            return udp_exchange(upstream, query)

    def _serve_tcp(self):
        while True:
            try:
                client, _ = self._tcp.accept()
            except OSError:
                return
            with client, socket.create_connection(self.server, DEADLINE) as upstream:
                client.settimeout(DEADLINE)
                try:
                    self._pass_stream(client, upstream)
                except OSError:
                    continue  # The resolver has what it wanted, and hung up.

    def _pass_stream(self, client, upstream):
        while query := tcp_answer(client):
            upstream.sendall(_framed(query))
            answer = tcp_answer(upstream)
            self.exchanges.append(("tcp", query, answer))
            client.sendall(_framed(answer))


def _framed(message):
    return struct.pack("!H", len(message)) + message


def _truncated(query):
    answer = dns.message.make_response(dns.message.from_wire(query))
    answer.flags |= dns.flags.AA | dns.flags.TC
    return answer.to_wire()


def _qname(wire):
    return dns.message.from_wire(wire).question[0].name.to_text(omit_final_dot=True)
