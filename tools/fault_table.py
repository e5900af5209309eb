#!/usr/bin/python3
"""
The faults of tests/faults/ and what came of them: fault_table.py [--write] shows the tables of docs/reliability.md, made from the kept
figures, or puts them there.
"""

import datetime
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
FAULTS = HERE / "tests" / "faults"
RESULTS = FAULTS / "results"
DOCUMENT = HERE / "docs" / "reliability.md"
BEGIN, END = "<!-- fault table -->\n", "<!-- end of fault table -->\n"
sys.path.insert(0, str(FAULTS))

from catalogue import ENTRIES, SECTIONS  # noqa: E402

HEAD = ("what happens", "what comes of it", "times", "updates acknowledged", "of these lost", "answers of DNS", "of these wrong",
        "well again after (median, longest), or load held (updates, answers)", "on")


def read():
    return {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}


def faults_of(entry, found):
    """What is red in the figures of an entry; empty: nothing."""
    if found is None:
        return ["never brought about"]
    red = [f"{found[what]} {what}" for what in ("lost", "wrong") if found.get(what)]
    if entry.within and found["worst"] > entry.within:
        red.append(f"well again after {found['worst']} s instead of {entry.within:g}")
    return red


def number(found, what, red_if_any=False):
    value = found.get(what)
    if value is None:
        return ""
    return f"**{value:,}**" if red_if_any and value else f"{value:,}"


def recovery(entry, found):
    if "processes" in found:
        grown = max(last / first - 1 for first, last in (seen["memory"] for seen in found["processes"].values()))
        return f"memory {grown:+.1%}"
    if "held" in found:
        attacked, calm = found["new"]
        return ", ".join(f"{found['held'][what]:.0%}" for what in ("updates", "answers")) + f"; {attacked:.2f} s ({calm:.2f} s)"
    if not entry.within:
        return ""
    text = f"{found['median']:.2f} s, {found['worst']:.2f} s"
    return text if found["worst"] <= entry.within else f"**{text}**"


def render(results):
    out = []
    for section in SECTIONS:
        out += [f"### {section}", "", "| " + " | ".join(HEAD) + " |", "|---|---|" + "---:|" * 6 + "---|"]
        for entry in ENTRIES:
            if entry.section != section:
                continue
            found = results.get(entry.name)
            if found is None:
                out.append(f"| {entry.what} | **never brought about** |" + " |" * 7)
                continue
            day = datetime.date.fromisoformat(found["date"])
            out.append("| " + " | ".join((
                entry.what, entry.outcome, number(found, "rounds"), number(found, "updates"), number(found, "lost", True),
                number(found, "answers"), number(found, "wrong", True), recovery(entry, found),
                f"{day:%B} {day.day}, {day.year}")) + " |")
        out.append("")
    out += ["Machines: " + "; ".join(sorted({found["machine"] for found in results.values()})) + ".", ""]
    return "\n".join(out)


def place(document, table):
    """The document with this table in it."""
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    assert pattern.search(document), "the marks of the table are missing"
    return pattern.sub(lambda _: BEGIN + "\n" + table + END, document)


def main(arguments):
    table = render(read())
    if arguments == ["--write"]:
        DOCUMENT.write_text(place(DOCUMENT.read_text(), table))
    else:
        print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
