"""A control group of processes whose memory the kernel bounds, of either version; root makes it, and it is gone afterwards."""

import contextlib
import errno
import os
import tempfile
import time
from pathlib import Path

from sallyport import wait_until

STEP = 256 * 1024  # bytes by which the limit comes down
UNLIMITED = -1

# Where the controller is mounted; its limit, what is used, swap off, where kills are counted; how no limit is written.
VERSIONS = (
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", ("memory.swappiness", "0"), "memory.oom_control", "-1"),
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current", ("memory.swap.max", "0"), "memory.events", "max"),
)


def make():
    """A MemoryGroup, or None: this machine has none that may be written."""
    for place, *names in VERSIONS:
        with contextlib.suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix="sallyport-", dir=place))
            if (folder / names[0]).exists():
                return MemoryGroup(folder, *names)
            folder.rmdir()
    return None


class MemoryGroup:
    def __init__(self, folder, limit, usage, swap, events, none):
        self.folder = folder
        self.limit, self.usage, self.events, self.none = folder / limit, folder / usage, folder / events, none
        with contextlib.suppress(OSError):  # not every kernel has it
            (folder / swap[0]).write_text(swap[1])

    def enclose(self, program):
        """Of a program that is not started yet: it and all that it starts will be in the group."""
        program.arguments = ["/bin/sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.folder / "cgroup.procs"), *program.arguments]

    @property
    def killed(self):
        """How often the kernel has ended a process of the group."""
        return next(int(line.split()[1]) for line in self.events.read_text().splitlines() if line.startswith("oom_kill "))

    def squeeze(self, seconds):
        """The limit comes down until the kernel has ended one of them."""
        before, end = self.killed, time.monotonic() + seconds
        limit = int(self.usage.read_text())
        while self.killed == before:
            assert time.monotonic() < end, f"nobody needs more than {limit} bytes"
            try:
                self.limit.write_text(str(limit))
                limit -= STEP
            except OSError as busy:  # version 1 leaves it as it was
                if busy.errno != errno.EBUSY:
                    raise
            time.sleep(0.02)

    def release(self):
        self.limit.write_text(self.none)

    def remove(self):
        """When all of them have ended."""
        wait_until(lambda: not (self.folder / "cgroup.procs").read_text(), "the end of a group's processes")
        wait_until(self._removed, "the end of a group")

    def _removed(self):
        with contextlib.suppress(OSError):
            os.rmdir(self.folder)
        return not self.folder.exists()
