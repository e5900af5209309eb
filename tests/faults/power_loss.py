"""
What a disk may hold after the power failed: made of a record of everything that was written to it and synced (failing_disk.c).

A write that was not synced may be there or not, whole or torn at any of its sectors, before or after its neighbours; a file that
was made or renamed may have its new name or not until its folder was synced.
"""

import random
from bisect import bisect_right

import disk

SECTOR = 512
# How what was not synced fares: all of it lost, all of it there, only the last of it, each write by itself, each sector by itself.
FATES = ("lost", "kept", "last", "reordered", "torn")


class File:
    def __init__(self):
        self.durable = bytearray()
        self.pending = []  # (offset, bytes), oldest first

    def sync(self):
        for offset, data in self.pending:
            put(self.durable, offset, data)
        self.pending = []

    def image(self, begun, fate, dice):
        """Its bytes after a power failure; `begun`: what was being written."""
        image = bytearray(self.durable)
        for offset, data in survivors(self.pending + begun, fate, dice):
            put(image, offset, data)
        return bytes(image)


def put(image, offset, data):
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset:offset + len(data)] = data


def survivors(writes, fate, dice):
    if fate == "lost":
        return []
    if fate == "kept":
        return writes
    if fate == "last":
        return writes[-1:]
    if fate == "torn":
        writes = [piece for offset, data in writes for piece in sectors(offset, data)]
    kept = [write for write in writes if dice.random() < 0.5]
    dice.shuffle(kept)
    return kept


def sectors(offset, data):
    """A write as the sectors that it touches."""
    start = 0
    while start < len(data):
        length = SECTOR - (offset + start) % SECTOR
        yield offset + start, data[start:start + length]
        start += length


class Replay:
    """The database's folder after the first so many events."""

    def __init__(self, events):
        self.events = list(events)
        self.done = 0
        self.names = {}  # of the moment: file's number to File
        self.durable_names = {}

    def advance(self, count):
        """To the moment after `count` events, which is not before the present one."""
        for event in self.events[self.done:count]:
            self._apply(event)
        self.done = count

    def _apply(self, event):
        if event.kind == disk.OPENED:
            if event.file != disk.FOLDER:
                self.names.setdefault(event.file, File())
        elif event.kind == disk.WRITTEN:
            file = self.names[event.file]
            if event.synced:
                put(file.durable, event.offset, event.data)
            else:
                file.pending.append((event.offset, event.data))
        elif event.kind == disk.SYNCED and event.file == disk.FOLDER:
            self.durable_names = dict(self.names)
        elif event.kind == disk.SYNCED:
            self.names[event.file].sync()
        elif event.kind == disk.RENAMED:
            self.names[event.offset] = self.names.pop(event.file)
        else:
            raise AssertionError(f"no model of {event}")

    def image(self, fate, dice):
        """What a start after the power failure finds as the database: its bytes, or None."""
        names = dice.choice((self.names, self.durable_names)) if fate not in ("lost", "kept") else \
            self.durable_names if fate == "lost" else self.names
        file = names.get(disk.DATA)
        if file is None:
            return None
        begun = self.events[self.done] if self.done < len(self.events) else None
        if begun is None or begun.kind != disk.WRITTEN or self.names.get(begun.file) is not file:
            return file.image([], fate, dice)
        return file.image([(begun.offset, begun.data)], fate, dice)

    @property
    def moment(self):
        """(bytes of the record that were complete, bytes of it that were begun)"""
        if self.done == len(self.events):
            return self.events[-1].end, self.events[-1].end
        return self.events[self.done - 1].end if self.done > 0 else 0, self.events[self.done].end


class History:
    """One account: the states it was to be in, one after the other, and when each was asked for and answered."""

    def __init__(self, failing):
        self.failing = failing
        self.states = [None]  # None: there is no such account; or its values, oldest first
        self.begun = [0]  # bytes of the record when each was asked for
        self.answered = [0]  # and when it was answered

    def ask(self, state, request):
        """`request` leads to that state, and returns when it was acknowledged."""
        begun = self.failing.recorded
        result = request()
        self.add(state, begun)
        return result

    def add(self, state, begun):
        """It was asked for when the record was `begun` bytes long, and has been answered."""
        self.states.append(state)
        self.begun.append(begun)
        self.answered.append(self.failing.recorded)

    def possible(self, complete, begun):
        """The states that it may be in when the record was as long: no older than what was answered, no newer than what was asked."""
        oldest = bisect_right(self.answered, complete) - 1
        newest = bisect_right(self.begun, begun) - 1
        return self.states[oldest:max(oldest, newest) + 1]


def choices(count, seed):
    """`count` moments and fates, of all there are: [(fraction of the events, fate, dice)], by moment."""
    dice = random.Random(seed)
    picked = [(dice.random(), FATES[number % len(FATES)], random.Random(dice.random())) for number in range(count)]
    return sorted(picked, key=lambda choice: choice[0])
