"""
The lists of system calls and what was measured of them (tools/syscalls.py) agree: every row was counted, and every row that was never seen
says why it is there.
"""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import syscalls  # noqa: E402

# A process may end itself so (confine.c); its id stands on no list that could be read beforehand.
ABORT = re.compile(r"/tgkill\(0x(\w+), 0x\w+, 0x6\) ")
MEASURED = syscalls.results()


def test_something_was_measured():
    assert "debian-12" in MEASURED


@pytest.mark.parametrize("release", MEASURED)
def test_every_row_was_counted(release):
    _, found, _ = MEASURED[release]
    for name, rows in syscalls.texts().items():
        assert {row for row, _ in rows} - set(found[name]) == set(), f"{name}: run ./dev syscalls"


@pytest.mark.parametrize("release", MEASURED)
def test_nothing_was_called_that_is_on_no_list(release):
    _, _, strangers = MEASURED[release]
    assert [one for one in strangers if ", serving: " in one and not ABORT.search(one)] == []


def test_what_was_never_seen_says_why_it_is_there():
    """A reason of its own: what stands above a group of calls is about those that are made."""
    for name, rows in syscalls.texts().items():
        seen = {row: any(syscalls.is_seen(found, name, row) for _, found, _ in MEASURED.values()) for row, _ in rows}
        reasons = {why for row, why in rows if seen[row]}
        assert [row for row, why in rows if not seen[row] and (not why or why in reasons)] == [], name


def test_the_page_is_what_was_measured():
    text = syscalls.DOCUMENT.read_text()
    assert syscalls.place(text, syscalls.render(MEASURED)) == text, "run tools/syscalls.py render --write"
