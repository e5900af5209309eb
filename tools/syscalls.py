#!/usr/bin/python3
"""
Which rows of the system call filters are needed: syscalls.py measure BUILD [FILE...] runs the system tests with the daemons under
strace and counts, for each row of the lists in the built programs, the calls that it let through; syscalls.py render
[--write] shows what was counted on each release, or puts it into docs/syscalls.md.

Counted is what a process calls after it has loaded its filter. strace stands outside, so what is seen is what the kernel was asked, with the
filter in force. Left out are the tests that break in (their programs are other ones).
"""

import concurrent.futures
import ctypes
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
RESULTS = HERE / "tests" / "syscalls"
DOCUMENT = HERE / "docs" / "syscalls.md"
BEGIN, END = "<!-- measured -->\n", "<!-- end of what was measured -->\n"

# Process: the program, and the symbol and source of the list that it has besides everybody's.
PROCESSES = {
    "store": ("store", "filter_calls", "store/filter.c"),
    "store's tasks": ("store", "filter_task_calls", "store/filter.c"),
    "dnsd": ("dnsd", "filter_calls", "dnsd/filter.c"),
    "apid": ("apid", "filter_calls", "apid/filter.c"),
}
EVERYBODY = "every daemon"
LISTS = [EVERYBODY, *PROCESSES]

# They run what has a back door, or look at the built files alone.
LEFT_OUT = {"attack", "taken_over", "hardening", "install", "manual", "completions"}

OVER = [("clients", {"SALLYPORT_TLS": "1"}), ("http", {"SALLYPORT_TLS": "1"}),
        ("clients", {"SALLYPORT_UNIX": "1"}), ("clients", {"SALLYPORT_NGINX": "1"})]

# What asks the kernel on our behalf.
LIBRARIES = ("libc6", "libuv1-dev", "liblmdb0", "libssl-dev", "libcrypt1")

DEADLINE = 3600  # seconds for one file of tests: each call of a daemon stops twice under strace


# --- the rows, as they are in the programs ---

ROW = struct.Struct("@ii" + 2 * "I4xLL")  # struct confine_call


def call_name(number):
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_syscall_resolve_num_arch.restype = ctypes.c_char_p
    return library.seccomp_syscall_resolve_num_arch(0, number).decode()


def rows_of(program, symbol):
    """[{call, refuse, conditions: [[argument, mask, value]]}] of a list in a program that was built."""
    from elftools.elf.elffile import ELFFile
    with open(program, "rb") as file:
        elf = ELFFile(file)
        found = elf.get_section_by_name(".symtab").get_symbol_by_name(symbol)[0]
        section = elf.get_section(found["st_shndx"])
        start = found["st_value"] - section["sh_addr"]
        content = section.data()[start:start + found["st_size"]]
    rows = []
    for number, refuse, *conditions in ROW.iter_unpack(content):
        conditions = [conditions[0:3], conditions[3:6]]
        rows.append({"call": call_name(number) if number >= 0 else None, "refuse": refuse,
                     "conditions": [condition for condition in conditions if condition[1] != 0]})
    return rows


def lists_of(programs):
    """{list: rows}; `programs` is the folder of the daemons."""
    lists = {EVERYBODY: rows_of(programs / "sallyport-store", "every_daemon")}
    for process, (role, symbol, _) in PROCESSES.items():
        lists[process] = rows_of(programs / f"sallyport-{role}", symbol)
    return lists


def texts():
    """{list: [(row as the source has it, the comment that it stands under)]}, in the order of the rows."""
    found = {EVERYBODY: texts_of("common/confine.c", "every_daemon")}
    for process, (_, symbol, source) in PROCESSES.items():
        found[process] = texts_of(source, symbol)
    return found


def texts_of(source, symbol):
    body = re.search(rf"\b{symbol}\[\] = {{\n(.*?)\n}};", (HERE / source).read_text(), re.DOTALL)[1]
    rows, above, at = [], "", 0
    token = re.compile(r"/\*(.*?)\*/|CONFINE_(?:ALLOW_IF|ALLOW|REFUSE)(?=\()", re.DOTALL)
    while found := token.search(body, at):
        at = found.end()
        if found[1] is None:
            start, depth = at, 0
            while True:
                depth += {"(": 1, ")": -1}.get(body[at], 0)
                at += 1
                if depth == 0:
                    break
            rows.append((" ".join(body[start + 1:at - 1].split()), above))
            continue
        comment = " ".join(found[1].split())
        if "\n" in body[body.rfind(")", 0, found.start()) + 1:found.start()] or not rows:
            above = comment
        else:  # beside a row: about that row alone
            rows[-1] = (rows[-1][0], comment)
    return rows


# --- counting, beside each strace ---

LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?:\((.*?)(?:\)| <unfinished \.\.\.>)| resumed>.*?\))?(?:\s+= (-?\w+)(?: (\w+))?)?")
CLONE_THREAD = 0x10000
SECCOMP_SET_MODE_FILTER = 1


class Counter:
    """What one run of a daemon called since it has its filter."""

    def __init__(self, lists, process):
        self.rows = [(name, index, row) for name in (EVERYBODY, process) for index, row in enumerate(lists[name])]
        self.by_call = {}
        for name, index, row in self.rows:
            self.by_call.setdefault(row["call"], []).append((f"{name}/{index}", row["conditions"]))
        self.tasks = {}  # thread: {"own": has a filter, "copy": is the rehearsal's, "seen": {row: [calls, {errno: calls}]}}
        self.pending = {}  # thread: row of a call that has not returned

    def task(self, number):
        return self.tasks.setdefault(number, {"filtered": False, "copy": False, "seen": {}})

    def child(self, parent, number, flags):
        child = self.task(number)
        child["filtered"] = parent["filtered"]
        child["copy"] = parent["copy"] or not flags & CLONE_THREAD

    def row_of(self, call, arguments):
        for row, conditions in self.by_call.get(call, ()):
            if all(len(arguments) > argument and arguments[argument] & mask == value for argument, mask, value in conditions):
                return row
        return f"killed/{call}({', '.join(f'{argument:#x}' for argument in arguments)})"

    def line(self, text):
        found = LINE.match(text)
        if found is None:
            return
        number, call, arguments, result, error = int(found[1]), found[2], found[3], found[4], found[5]
        task = self.task(number)
        if arguments is not None:
            arguments = [int(word, 16) if word.startswith("0x") else int(word) for word in arguments.split(", ") if word]
            if call == "seccomp" and arguments[0] == SECCOMP_SET_MODE_FILTER and arguments[2] != 0:
                task.update(filtered=True, seen={})
                return
            if not task["filtered"]:
                self.pending[number] = (None, arguments)
            else:
                row = self.row_of(call, arguments)
                task["seen"].setdefault(row, [0, {}])[0] += 1
                self.pending[number] = (row, arguments)
        if result is None or number not in self.pending:
            return
        row, arguments = self.pending.pop(number)
        if call in ("clone", "fork", "vfork") and not error:
            self.child(task, int(result, 0), arguments[0] if call == "clone" else 0)
        if row is not None and error:
            errors = task["seen"][row][1]
            errors[error] = errors.get(error, 0) + 1

    def result(self):
        """{"serving" or "rehearsal": {row: [calls, {errno: calls}]}}"""
        sums = {"serving": {}, "rehearsal": {}}
        for task in self.tasks.values():
            if not task["filtered"]:
                continue
            add(sums["rehearsal" if task["copy"] else "serving"], task["seen"])
        return sums


def add(total, more):
    for row, (calls, errors) in more.items():
        mine = total.setdefault(row, [0, {}])
        mine[0] += calls
        for error, count in errors.items():
            mine[1][error] = mine[1].get(error, 0) + count


def collect(folder, role, fifo, arguments):
    os.unlink(fifo)
    process = "store's tasks" if "--task" in arguments else role
    counter = Counter(json.loads((folder / "rows.json").read_text()), process)
    for line in sys.stdin:
        counter.line(line)
    handle, path = tempfile.mkstemp(dir=folder / "counts")
    with os.fdopen(handle, "w") as file:
        json.dump({"process": process, **counter.result()}, file)
    os.rename(path, f"{path}.json")


# --- running the tests ---

WRAPPER = """#!/bin/sh
# The daemon keeps the process that it was started as; strace and what counts are nobody's children.
fifo=$(mktemp -u {folder}/fifos/XXXXXXXXXX)
mkfifo -m 600 "$fifo"
(exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- >/dev/null 2>>{folder}/errors
 setsid /usr/bin/python3 -I -S {folder}/syscalls.py collect {folder} {role} "$fifo" "$@" <"$fifo" &)
exec strace -DDD -f -qq -e raw=all -e signal=none -o "$fifo" -- {folder}/programs/sallyport-{role} "$@"
"""


def prepare(build):
    """A folder with the programs, but what stands in a daemon's place starts it under strace."""
    folder = Path(tempfile.mkdtemp(prefix="sallyport-syscalls-"))
    folder.chmod(0o755)
    shutil.copytree(build / "libexec" / "sallyport", folder / "programs")
    shutil.copy(__file__, folder / "syscalls.py")
    (folder / "rows.json").write_text(json.dumps(lists_of(folder / "programs")))
    for name in ("fifos", "counts"):
        (folder / name).mkdir()
        (folder / name).chmod(0o1777)
    (folder / "errors").touch()
    (folder / "errors").chmod(0o666)
    traced = folder / "build"
    (traced / "libexec" / "sallyport").mkdir(parents=True)
    for entry in build.iterdir():
        if entry.name == "bin":
            shutil.copytree(entry, traced / "bin")
        elif entry.name != "libexec":
            (traced / entry.name).symlink_to(entry)
    for role in ("store", "dnsd", "apid"):
        wrapper = traced / "libexec" / "sallyport" / f"sallyport-{role}"
        wrapper.write_text(WRAPPER.format(folder=folder, role=role))
        wrapper.chmod(0o755)
    return folder


def test_names():
    listing = (HERE / "tests" / "system" / "CMakeLists.txt").read_text()
    there = {path.stem[len("test_"):] for path in (HERE / "tests" / "system").glob("test_*.py")}
    return sorted(name for name in there & set(re.findall(r"\w+", listing)) if name not in LEFT_OUT)


def run_tests(folder, files):
    """The titles of the files that failed. They may: a test that looks who traces a daemon, or what its descriptors are, sees strace."""
    failed = []

    def run(name, variables):
        started = time.monotonic()
        environment = dict(os.environ, SALLYPORT_BUILD=str(folder / "build"), SALLYPORT_FLAVOUR="release", **variables)
        done = subprocess.run(["/usr/bin/python3", "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=line",
                               HERE / "tests" / "system" / f"test_{name}.py"], env=environment, cwd=HERE, timeout=DEADLINE,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        title = " ".join([name, *(variable.replace("SALLYPORT_", "over ") for variable in variables)])
        last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1]
        print(f"{title}: {last} ({time.monotonic() - started:.0f} s)", flush=True)
        if done.returncode != 0:
            failed.append(title)
            print(done.stdout[-3000:], flush=True)

    # Most tests wait, for deadlines of the server above all.
    with concurrent.futures.ThreadPoolExecutor(2 * os.cpu_count()) as pool:
        runs = [(name, {}) for name in files or test_names()] + ([] if files else OVER)
        list(pool.map(lambda one: run(*one), runs))
    return sorted(failed)


def wait_for_counts(folder):
    """Each strace ends with its daemon; what counts may have some lines to read yet."""
    end = time.monotonic() + 120
    while any((folder / "fifos").iterdir()) and time.monotonic() < end:
        time.sleep(0.1)


def totals_of(folder):
    """({process: {"serving" or "rehearsal": sums}}, how many daemons)"""
    totals, daemons = {process: {"serving": {}, "rehearsal": {}} for process in PROCESSES}, 0
    for path in (folder / "counts").glob("*.json"):
        counted = json.loads(path.read_text())
        daemons += 1
        for kind, sums in totals[counted["process"]].items():
            add(sums, counted[kind])
    return totals, daemons


def version_of(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return done.stdout or "?"


def row_line(key, row, processes, totals):
    """A row's line in the file of results."""
    calls = [totals[process]["serving"].get(key, [0, {}]) for process in processes]
    rehearsed = any(totals[process]["rehearsal"].get(key) for process in processes)
    errors = {}
    for _, mine in calls:
        for error, count in mine.items():
            errors[error] = errors.get(error, 0) + count
    return " | ".join([row, *(str(count) for count, _ in calls), "yes" if rehearsed else "no",
                       " ".join(f"{error} {errors[error]}" for error in sorted(errors))]).rstrip()


def write_results(release, totals, daemons, failed):
    """One line for each row, or for each call that was on no list."""
    libraries = ", ".join(f"{package} {version_of(package)}" for package in LIBRARIES)
    lines = [f"# Debian {release}, Linux {os.uname().release}, {os.uname().machine}, {time.strftime('%Y-%m-%d')}: {daemons} daemons.",
             f"# {libraries}",
             f"# Tests that fail under strace: {', '.join(failed) or 'none'}.",
             "# row | calls of each process | rehearsed at the start | errors answered"]
    for name, rows in texts().items():
        processes = list(PROCESSES) if name == EVERYBODY else [name]
        lines += ["", f"[{name}]", f"# {' | '.join(processes)}"]
        lines += [row_line(f"{name}/{index}", row, processes, totals) for index, (row, _) in enumerate(rows)]
    for process, sums in totals.items():
        for kind, rows in sums.items():
            lines += [f"on no list: {process}, {kind}: {row} {count}" for row, (count, _) in rows.items() if row.startswith("killed")]
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"debian-{release}.txt"
    path.write_text("\n".join(lines) + "\n")
    print(f"written: {path}")


def measure(build, files):
    folder = prepare(build)
    release = re.search(r'(?m)^VERSION_ID="?(\d+)', Path("/etc/os-release").read_text())[1]
    try:
        failed = run_tests(folder, files)
        wait_for_counts(folder)
        totals, daemons = totals_of(folder)
        print((folder / "errors").read_text(), end="")
        write_results(release, totals, daemons, failed)
    finally:
        shutil.rmtree(folder)
    return 0


# --- what was measured, read and rendered ---

RESULT = re.compile(r"(.+?)((?: \| \d+)+) \| (yes|no) \|(.*)")


def read(path):
    """The head of a file of results, {list: {row: (calls of each process, rehearsed, errors)}}, and what was called that is on no list."""
    head, found, strangers, name = [], {}, [], None
    for line in path.read_text().splitlines():
        if line.startswith("on no list: "):
            strangers.append(line[len("on no list: "):])
        elif line.startswith("["):
            name = line.strip("[]")
        elif line.startswith("# "):
            head += [line[2:]] if name is None else []
        elif line:
            row, calls, rehearsed, errors = RESULT.fullmatch(line).groups()
            found.setdefault(name, {})[row] = ([int(count) for count in re.findall(r"\d+", calls)], rehearsed == "yes", errors.strip())
    return head, found, strangers


def results():
    """{release: what read() gives}"""
    return {path.stem: read(path) for path in sorted(RESULTS.glob("debian-*.txt"))}


def is_seen(found, name, row):
    calls, rehearsed, _ = found.get(name, {}).get(row, ([], False, ""))
    return any(calls) or rehearsed


def cell_of(found, name, row):
    calls, rehearsed, _ = found.get(name, {}).get(row, ([], False, ""))
    if any(calls):
        return f"{sum(calls):,}"
    return "at the start" if rehearsed else "never"


def render(measured):
    out = []
    for release, (head, _, _) in measured.items():
        out += [f"- {head[0]}", f"  {head[1]}. {head[2]}"]
    for name, rows in texts().items():
        out += ["", f"### {name[0].upper()}{name[1:]}", "",
                f"| call | why | {' | '.join(release.replace('debian-', 'Debian ') for release in measured)} |",
                "|---|---|" + "---:|" * len(measured)]
        for row, why in rows:
            cells = " | ".join(cell_of(found, name, row) for _, found, _ in measured.values())
            out.append(f"| `{row.replace('|', chr(92) + '|')}` | {why} | {cells} |")
    return "\n".join([*out, ""])


def place(document, table):
    """The document with this in it."""
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    assert pattern.search(document), "the marks are missing"
    return pattern.sub(lambda _: BEGIN + "\n" + table + END, document)


def main(arguments):
    if arguments == ["render"]:
        print(render(results()))
        return 0
    if arguments == ["render", "--write"]:
        DOCUMENT.write_text(place(DOCUMENT.read_text(), render(results())))
        return 0
    if arguments[:1] == ["collect"]:
        return collect(Path(arguments[1]), arguments[2], arguments[3], arguments[4:])
    if arguments[:1] == ["measure"] and len(arguments) > 1:
        return measure(Path(arguments[1]).resolve(), arguments[2:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
