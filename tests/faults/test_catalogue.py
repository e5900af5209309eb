"""The page that tells of the faults agrees with the catalogue and with the kept figures, and all of those are good."""

import re
import sys
from pathlib import Path

import pytest
from catalogue import BY_NAME, ENTRIES

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import fault_table  # noqa: E402

ROUNDS_OF_KILLS = 500


def test_the_page_is_what_the_figures_give():
    text = fault_table.DOCUMENT.read_text()
    assert fault_table.place(text, fault_table.render(fault_table.read())) == text, "run tools/fault_table.py --write"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_fault_was_brought_about_and_survived(entry):
    assert fault_table.faults_of(entry, fault_table.read().get(entry.name)) == []


def test_no_figures_of_a_fault_that_is_not_there():
    assert [name for name in fault_table.read() if name not in BY_NAME] == []


def test_the_kills_are_as_many_as_promised():
    results = fault_table.read()
    kills = [name for name in BY_NAME if re.fullmatch("(store|dnsd|apid|parent)_(killed|stopped)", name)]
    assert len(kills) == 8
    assert sum(results[name]["rounds"] for name in kills) >= ROUNDS_OF_KILLS


def test_what_is_bad_is_marked():
    entry = BY_NAME["store_killed"]
    found = fault_table.read()["store_killed"]
    bad = dict(found, lost=3, worst=entry.within + 1)
    assert len(fault_table.faults_of(entry, bad)) == 2
    table = fault_table.render({"store_killed": bad})
    assert "**3**" in table and "never brought about" in table
    assert f"{entry.within + 1:.2f} s**" in table
