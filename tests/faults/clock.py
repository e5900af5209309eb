"""The time of day of a server's processes, which jumps: the test's side of jumping_clock.c."""

import mmap
import struct

from sallyport import BUILD

LIBRARY = BUILD / "faults" / "jumping_clock.so"


class JumpingClock:
    """Before a server is started: `server.environment.update(clock.environment)`."""

    def __init__(self, folder):
        path = folder / "clock"
        self.environment = {"LD_PRELOAD": str(LIBRARY), "SALLYPORT_FAULTS_CLOCK": str(path)}
        with open(path, "w+b") as file:
            file.truncate(mmap.PAGESIZE)
            self.plan = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    def jump(self, seconds):
        """The time of day is so many seconds ahead from now on; negative: behind."""
        struct.pack_into("=q", self.plan, 0, seconds)

    @property
    def asked(self):
        """How often the time was asked for."""
        return struct.unpack_from("=Q", self.plan, 8)[0]
