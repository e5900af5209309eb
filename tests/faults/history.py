"""
What one account's name may say: every update in the order in which its client made them, by which each answer of DNS is judged. Pure, but
for a lock: one client writes while resolvers judge.

A name keeps the last two values that were committed. An update that was answered with 200 was committed; one whose answer never came
may have been, whole, or not at all.
"""

import threading

KEPT = 2  # values of a name
# store waits so long for dnsd before it answers (docs/architecture.md): what took longer may be served later.
PATIENCE = 1.0


class Calm:
    """When faults were going on. Times are monotonic seconds."""

    def __init__(self):
        self.opened = None  # since when one is going on
        self.closed = float("-inf")  # when the last one was over

    def open(self, now):
        self.opened = now

    def close(self, now):
        self.opened, self.closed = None, now

    def disturbed(self, since):
        """Whether a fault was going on at any time since."""
        return self.opened is not None or self.closed >= since


class Change:
    """A registration or an update: when it was first sent, and when it was answered as done."""

    def __init__(self, sent):
        self.sent, self.answered = sent, None

    def is_served(self, asked, calm):
        """
        Whether a question asked then has to see it: dnsd had acknowledged it, or all of it has been well since. While a fault goes on,
        store answers without waiting for dnsd.
        """
        if self.answered is None or self.answered >= asked:
            return False
        in_time = self.answered - self.sent < PATIENCE and (calm.opened is None or self.answered < calm.opened)
        return in_time or self.answered < calm.closed


class Update(Change):
    def __init__(self, value, place, sent):
        super().__init__(sent)
        self.value, self.place = value, place


class History:
    def __init__(self, registered):
        self.registered = registered  # a Change
        self.updates = []
        self.places = {}  # of values
        self.said = -1  # place of the newest update that DNS has shown
        self.existed = False  # DNS has shown the name
        self.lock = threading.Lock()

    def begin(self, value, now):
        with self.lock:
            update = Update(value, len(self.updates), now)
            self.updates.append(update)
            self.places[value] = update.place
            return update

    def acknowledged(self):
        with self.lock:
            return sum(update.answered is not None for update in self.updates)

    def bound(self, asked, calm):
        """
        The place that the newest value of an answer must have at least, and whether the name must exist, for a question that is
        asked now. -1: it may be empty.
        """
        with self.lock:
            served = next((update.place for update in reversed(self.updates) if update.place > self.said and
                           update.is_served(asked, calm)), -1)
            return max(self.said, served), self.existed or self.registered.is_served(asked, calm)

    def bound_when_quiet(self):
        """The same where nothing is under way and everything is well."""
        with self.lock:
            return max((update.place for update in self.updates if update.answered is not None), default=-1), True

    def objection(self, values, bound):
        """What is wrong with an answer, None where nothing is; values: None for a name that does not exist."""
        least, must_exist = bound
        with self.lock:
            if values is None:
                return "NXDOMAIN for a name that exists" if must_exist else None
            unknown = [value for value in values if value not in self.places]
            if unknown:
                return f"values that nobody has set: {unknown}"
            places = sorted(self.places[value] for value in values)
            if len(set(places)) != len(places) or len(places) > KEPT:
                return f"updates {places} at once"
            newest = places[-1] if places else -1
            if newest < least:
                return f"updates {places}, though {least} had been acknowledged or shown before"
            others = self.updates[places[0] + 1 if len(places) == KEPT else 0:max(newest, 0)]
            missing = [update.place for update in others if update.answered is not None]
            if missing:
                return f"updates {places} without {missing}, which were acknowledged"
            self.said, self.existed = max(self.said, newest), True
            return None
