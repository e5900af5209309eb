#!/usr/bin/python3
"""
tests/attack/table.txt, read and rendered: attack_table.py [--write] shows the tables of docs/security.md, or puts them there.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
TABLE = HERE / "tests" / "attack" / "table.txt"
DOCUMENT = HERE / "docs" / "security.md"
BEGIN, END = "<!-- attack table -->\n", "<!-- end of attack table -->\n"
ROLES = ("store", "dnsd", "apid")


class Row:
    def __init__(self, section, name, what, cells, remark):
        self.section, self.name, self.what, self.remark = section, name, what, remark
        # {role: (as root, without root)}
        self.outcomes = {role: tuple((cell.split(" / ") * 2)[:2]) for role, cell in zip(ROLES, cells)}

    def expected(self, role, as_root):
        return self.outcomes[role][0 if as_root else 1]


def read(text=None):
    """Every attempt's row, by name."""
    rows, section = {}, None

    def add(name, what, cells, remark):
        assert name not in rows, f"{name} is there twice"
        rows[name] = Row(section, name, what, cells, remark)
    for line in (text or TABLE.read_text()).splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("["):
            section = line.strip("[]")
        elif line.startswith("killed: "):
            for name in line.split()[1:]:
                add(name, None, ["killed"] * 3, "")
        else:
            name, what, *cells, remark = [part.strip() for part in line.split("|")]
            assert len(cells) == 3, line
            add(name, what, cells, remark)
    return rows


def cell(outcome):
    as_root, without = outcome
    return as_root if as_root == without else f"{as_root} (without root: {without})"


def render(rows):
    out = []
    for section in dict.fromkeys(row.section for row in rows.values()):
        mine = [row for row in rows.values() if row.section == section]
        out += [f"### {section}", "", "| what is tried | store | dnsd | apid | |", "|---|---|---|---|---|"]
        for row in mine:
            if row.what is not None:
                out.append("| " + " | ".join([row.what, *(cell(row.outcomes[role]) for role in ROLES), row.remark]).strip()
                           + " |")
        killed = ", ".join(row.name.replace("_", " ") for row in mine if row.what is None)
        if killed:
            out.append(f"| {killed} | killed | killed | killed | each of them |")
        out.append("")
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
