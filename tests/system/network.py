"""A network of one's own: only loopback, with every port free and any address one likes. Needs root."""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
IFF_UP = 1
LOOPBACK_INDEX = 1


@contextlib.contextmanager
def network_of_our_own(*addresses):
    """For this thread and what it starts; `addresses` are those that loopback has as well."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as before:
        _must(libc.unshare(CLONE_NEWNET))
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
            for number, address in enumerate(addresses):
                _add_address(number, address)
            yield
        finally:
            _must(libc.setns(before.fileno(), CLONE_NEWNET))


def _add_address(number, address):
    """To loopback: an address of IPv4 gets a label of its own, because the old calls know one for each name."""
    if ":" in address:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFADDR, struct.pack(
                "16sIi", socket.inet_pton(socket.AF_INET6, address), 128, LOOPBACK_INDEX))
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for call, value in ((SIOCSIFADDR, address), (SIOCSIFNETMASK, "255.255.255.255")):
            fcntl.ioctl(any_socket, call, struct.pack(
                "16sHH4s8x", f"lo:{number}".encode(), socket.AF_INET, 0, socket.inet_aton(value)))


def _must(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
