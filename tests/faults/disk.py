"""The disk of a server's database, where that breaks or remembers what was written to it: the test's side of failing_disk.c."""

import mmap
import struct
from dataclasses import dataclass

from sallyport import BUILD

LIBRARY = BUILD / "faults" / "failing_disk.so"
RECORD = 256 * 1024 * 1024  # at most; the file is as large as what is in it
WORD = 8
WRITE, SYNC, RESIZE = CALLS = range(3)
COUNT, SPARED, FAILURES, ERROR = (place * len(CALLS) for place in range(4))
SYNC_DELAY, RECORDED = 4 * len(CALLS), 4 * len(CALLS) + 1
EVER = 2**63

OTHER, DATA, NEW_DATA, FOLDER = range(4)
OPENED, WRITTEN, SYNCED, RESIZED, RENAMED = range(1, 6)
EVENT = struct.Struct("=IIQII")


@dataclass
class Event:
    kind: int
    file: int
    offset: int  # RESIZED: the new size; RENAMED: what it is then
    synced: bool  # a write that is on the disk when it returns
    data: bytes
    end: int  # bytes of the record up to here


class FailingDisk:
    """
    Before a server is started: `server.environment.update(disk.environment)`. What is set afterwards counts from the next call on,
    also in a store that was started anew.
    """

    def __init__(self, folder, recording=False):
        self.environment = {"LD_PRELOAD": str(LIBRARY), "SALLYPORT_FAULTS_PROGRAM": "sallyport-store"}
        self.plan = self._share(folder / "plan", mmap.PAGESIZE, "SALLYPORT_FAULTS_PLAN")
        self.record = self._share(folder / "record", RECORD, "SALLYPORT_FAULTS_RECORD") if recording else None

    def _share(self, path, size, variable):
        with open(path, "w+b") as file:
            file.truncate(size)
            self.environment[variable] = str(path)
            return mmap.mmap(file.fileno(), size)

    def _get(self, word):
        return struct.unpack_from("=Q", self.plan, word * WORD)[0]

    def _set(self, word, value):
        struct.pack_into("=Q", self.plan, word * WORD, value)

    def fail(self, call, error, spared=0, failures=EVER):
        """After `spared` more, so many of these calls fail; error 0: a write takes only a half."""
        self._set(FAILURES + call, 0)
        self._set(SPARED + call, spared)
        self._set(ERROR + call, error)
        self._set(FAILURES + call, failures)

    def heal(self):
        for call in CALLS:
            self._set(FAILURES + call, 0)
        self.delay_syncs(0)

    def delay_syncs(self, seconds):
        self._set(SYNC_DELAY, int(seconds * 1000))

    def count(self, call):
        """Calls there were."""
        return self._get(COUNT + call)

    @property
    def recorded(self):
        """Bytes of the record so far: what was written before this moment lies before."""
        return self._get(RECORDED)

    def events(self):
        at, end = 0, self.recorded
        while at < end:
            kind, file, offset, length, synced = EVENT.unpack_from(self.record, at)
            data = self.record[at + EVENT.size:at + EVENT.size + length]
            at += EVENT.size + (length + 7) // 8 * 8
            yield Event(kind, file, offset, bool(synced), data, at)
