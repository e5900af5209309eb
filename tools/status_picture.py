#!/usr/bin/python3
"""
Makes docs/pictures/status.png: `sallyport status --watch` in a terminal, of a server under load: status_picture.py FILE

Needs the build (SALLYPORT_BUILD as for the system tests), python3-pyte, chromium and two and a half minutes; as root, for the
confinement to be complete. What the terminal holds in the end is drawn by the browser, character by character.
"""

import contextlib
import fcntl
import html
import math
import os
import pty
import random
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

import pyte
import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "system"))

from sallyport import SALLYPORT, Server, make_certificate, make_folder, random_txt  # noqa: E402

COLUMNS, LINES, SECONDS = 100, 33, 150
# The colours of a terminal with a dark background.
COLOURS = {"default": "#d8dee9", "red": "#ff6b6b", "green": "#8fd18f", "brown": "#f0c674", "cyan": "#7cc7d8",
           "black": "#7b8494"}
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #1d2129; }}
pre {{ margin: 0; padding: 16px 20px; color: {default}; font: 15px/1.25 "DejaVu Sans Mono", monospace; }}
b {{ font-weight: bold; }}
</style><pre>{text}</pre>"""


class Load:
    """Clients as there are many: questions in waves, updates, registrations, and some who have no right to what they ask."""

    def __init__(self, server):
        self.server = server
        self.accounts = [server.register() for _ in range(40)]
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(n,)) for n in range(2)]
        self.threads += [threading.Thread(target=self.update, args=(n,)) for n in range(3)]
        self.threads += [threading.Thread(target=self.intrude), threading.Thread(target=self.register)]

    def wave(self, seconds, phase=0.0):
        """0.1 to 1."""
        return 0.55 + 0.45 * math.sin(time.monotonic() * 2 * math.pi / seconds + phase)

    def ask(self, number):
        wires = [self.server.question(account["subdomain"], "TXT").to_wire() for account in self.accounts]
        with self.server.udp_socket() as peer:
            while not self.stop.is_set():
                for _ in range(int(60 * self.wave(53, number)) + 1):
                    peer.send(random.choice(wires))
                    with contextlib.suppress(OSError):
                        peer.recv(4096)
                time.sleep(0.02)

    def session(self, address):
        """Whoever asks comes from an address of his own on the loopback interface."""
        class Adapter(requests.adapters.HTTPAdapter):
            def init_poolmanager(self, *arguments, **options):
                super().init_poolmanager(*arguments, source_address=(address, 0), **options)
        session = requests.Session()
        session.trust_env = False  # nor is any proxy asked
        session.verify = str(self.server.certificate)
        session.mount("https://", Adapter())
        return session

    def post(self, session, account, txt):
        return session.post(f"{self.server.url}/update", json={"subdomain": account["subdomain"], "txt": txt},
                            headers={"X-Api-User": account["username"], "X-Api-Key": account["password"]})

    def update(self, number):
        session = self.session(f"127.0.1.{10 + number}")
        while not self.stop.is_set():
            self.post(session, random.choice(self.accounts), random_txt())
            time.sleep(0.05 / self.wave(37, number))

    def intrude(self):
        sessions = {address: self.session(address) for address in ("127.0.7.66", "127.0.9.12", "127.0.3.5")}
        while not self.stop.is_set():
            stranger = dict(self.accounts[0], password="0" * 40)
            self.post(sessions["127.0.7.66"], stranger, random_txt())
            if random.random() < 0.4:
                self.post(sessions["127.0.9.12"], self.accounts[1], "not a challenge")
            if random.random() < 0.1:
                sessions["127.0.3.5"].post(f"{self.server.url}/register", json={"allowfrom": ["nowhere"]})
            time.sleep(0.4 / self.wave(61, 2))

    def register(self):
        session = self.session("127.0.2.20")
        while not self.stop.is_set():
            session.post(f"{self.server.url}/register")
            time.sleep(random.random() * 3)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def watch(server, seconds):
    """What stands on the terminal after so long."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        os.execve(SALLYPORT, [str(SALLYPORT), "status", "--watch", "-c", str(server.file)],
                  {"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            # Faint text, which pyte does not know, as the grey that it calls a bold black.
            stream.feed(os.read(terminal, 65536).replace(b"\033[2m", b"\033[90m"))
    lines = [[screen.buffer[line][column] for column in range(COLUMNS)] for line in range(LINES)]
    os.write(terminal, b"q")
    os.waitpid(pid, 0)
    os.close(terminal)
    return lines


def page(lines):
    text = []
    for line in lines:
        for cell in line:
            shown = html.escape(cell.data)
            if cell.fg != "default":
                shown = f'<span style="color: {COLOURS.get(cell.fg, cell.fg)}">{shown}</span>'
            text.append(f"<b>{shown}</b>" if cell.bold and cell.fg != "black" else shown)
        text.append("\n")
    return PAGE.format(text="".join(text).rstrip(), **COLOURS)


def draw(lines, path):
    folder = Path(tempfile.mkdtemp(prefix="sallyport-"))
    try:
        (folder / "page.html").write_text(page(lines))
        used = max(number for number, line in enumerate(lines) if any(cell.data != " " for cell in line)) + 1
        subprocess.run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                        f"--user-data-dir={folder}/browser", "--force-device-scale-factor=1.5",
                        f"--window-size={round(COLUMNS * 9.03) + 42},{round(used * 18.75) + 34}",
                        f"--screenshot={folder}/status.png", f"file://{folder}/page.html"],
                       check=True, capture_output=True, timeout=120)
        shutil.copy(folder / "status.png", path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    folder = make_folder()
    try:
        # For the network that all of this comes from, so that the limits show.
        server = Server(folder / "server", tls=True, dns={"rate_limit": {"responses_per_second": 3000, "exempt": []}})
        server.use_certificate(*make_certificate(folder / "server", days=64))
        server.write_configuration()
        with server, Load(server):
            lines = watch(server, SECONDS)
        draw(lines, sys.argv[1])
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
