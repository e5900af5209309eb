"""What passes over a server's DNS port, as tshark sees it. Needs root."""

import subprocess

from sallyport import Program, wait_until

# The right answer to a message of DNS Stateful Operations is a header, or header and question, alone where
# they are not known (RFC 8490, 5.1.1); tshark, going by the opcode, looks for their data behind it.
KNOWN = "(dns.flags.opcode == 6 && dns.flags.rcode == 4)"


class Capture(Program):
    """What passes while this is entered."""

    def __init__(self, folder, server):
        self.server = server
        self.path = folder / "capture.pcapng"
        super().__init__(folder, ["tshark", "-n", "-i", "lo", "-w", self.path,
                                  "-f", f"port {server.dns_port}"], "tshark.log")

    def __enter__(self):
        self.launch()
        self.wait_log("Capturing on")
        wait_until(self._grows, "a query in the capture")
        return self

    def __exit__(self, *_):
        before = self.size()
        wait_until(lambda: self._grows(before), "the last queries in the capture")
        self.terminate()

    def size(self):
        return self.path.stat().st_size if self.path.exists() else 0

    def _grows(self, before=None):
        before = self.size() if before is None else before
        self.server.dns("")
        return before and self.size() > before

    def count(self, condition):
        """How many packets of the capture meet a condition in tshark's language."""
        port = self.server.dns_port
        shown = subprocess.run(
            ["tshark", "-n", "-r", self.path, "-d", f"udp.port=={port},dns",
             "-d", f"tcp.port=={port},dns", "-Y", condition], capture_output=True, text=True, check=True).stdout
        print(f"{condition}:\n{shown[:4000]}")
        return len(shown.splitlines())

    def check_answers(self, least):
        """At least so many packets with answers, and no malformed one."""
        from_server = f"(udp.srcport == {self.server.dns_port} || tcp.srcport == {self.server.dns_port})"
        assert self.count(f"{from_server} && dns.flags.response == 1") >= least
        assert self.count(f"{from_server} && dns && _ws.malformed && !{KNOWN}") == 0
