"""Memory that runs out in one program: the test's side of failing_memory.c."""

import mmap
import struct

from sallyport import BUILD

LIBRARY = BUILD / "faults" / "failing_memory.so"
WORD = 8
CALLERS = 1024  # bytes
COUNT, SPARED, FAILURES, FAILED = range(4)


class FailingMemory:
    """Before it is started: `program.environment.update(memory.environment)`. `role`: one of the three, or "parent"."""

    def __init__(self, folder, role):
        path = folder / f"memory-{role}"
        self.environment = {"LD_PRELOAD": str(LIBRARY), "SALLYPORT_FAULTS_PROGRAM": "sallyport" if role == "parent" else f"sallyport-{role}",
                            "SALLYPORT_FAULTS_MEMORY": str(path)}
        with open(path, "w+b") as file:
            file.truncate(mmap.PAGESIZE)
            self.plan = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    def _get(self, word):
        return struct.unpack_from("=Q", self.plan, word * WORD)[0]

    def _set(self, word, value):
        struct.pack_into("=Q", self.plan, word * WORD, value)

    @property
    def count(self):
        """Allocations there were."""
        return self._get(COUNT)

    @property
    def failed(self):
        return self._get(FAILED)

    @property
    def callers(self):
        """In which the last one failed, the innermost first: "libc.so.6:strdup", without the function where that is not exported."""
        begin = (FAILED + 1) * WORD
        return self.plan[begin:begin + CALLERS].split(b"\0")[0].decode().split()

    def fail(self, spared=0, failures=1):
        """After `spared` more, so many allocations fail."""
        self._set(FAILURES, 0)
        self._set(SPARED, spared)
        self._set(FAILURES, failures)

    def heal(self):
        self._set(FAILURES, 0)
