#!/usr/bin/python3
"""House rules of CONTRIBUTING.md that no compiler knows: check_sources.py FOLDER...

Prints one line per breach and exits 1 if there is any. Comments and strings are blanked before
the code is looked at, so that text may name what code must not call.
"""
import re
import sys
from pathlib import Path

# What must not be called, and what to use instead.
BANNED = {
    "alloca": "malloc with a bound",
    "asctime": "strftime",
    "atof": "strtod with its checks",
    "atoi": "strtol with its checks",
    "atol": "strtol with its checks",
    "atoll": "strtoll with its checks",
    "ctime": "strftime",
    "gethostbyname": "an address from the configuration",
    "getaddrinfo": "an address from the configuration",
    "gets": "fgets",
    "gmtime": "gmtime_r",
    "inet_addr": "inet_pton",
    "inet_ntoa": "inet_ntop",
    "localtime": "gmtime_r",
    "mktemp": "mkstemp",
    "popen": "posix_spawn",
    "rand": "getrandom",
    "random": "getrandom",
    "readdir_r": "readdir",
    "scanf": "a parser with bounds",
    "sscanf": "a parser with bounds",
    "fscanf": "a parser with bounds",
    "sprintf": "snprintf",
    "strcat": "buf_append",
    "strcpy": "memcpy with a checked length",
    "strncat": "buf_append",
    "strncpy": "memcpy with a checked length",
    "strtok": "strchr or strspn",
    "system": "posix_spawn",
    "tmpnam": "mkstemp",
    "vfork": "posix_spawn",
    "vsprintf": "vsnprintf",
    "uv_queue_work": "a thread of one's own: the shared pool would mix slow work with commits",
    "uv_fs_open": "opening before confinement",
}
# Only outside tests, which have a framework of their own for it.
BANNED_IN_PROGRAMS = {
    "assert": "an error return, or fatal() for a broken invariant",
    "abort": "fatal()",
}
PROGRAMS = ("apid", "dnsd", "sallyport", "store")

TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)
CALL = re.compile(r"(?<![\w.>])([a-z_]\w*)\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")


def blank(match):
    """The same text without its content: lines stay where they are."""
    return re.sub(r"[^\n]", " ", match.group())


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def check_calls(path, code):
    banned = dict(BANNED)
    if path.parts[0] != "tests":
        banned.update(BANNED_IN_PROGRAMS)
    for match in CALL.finditer(code):
        if match.group(1) in banned:
            yield line_of(code, match.start()), f"{match.group(1)}(): use {banned[match.group(1)]}"


def check_includes(path, text):
    """A program's folder includes its own headers and common's, nobody else's."""
    folder = path.parts[0]
    if folder not in PROGRAMS and folder != "common":
        return
    for match in INCLUDE.finditer(text):
        name = match.group(1)
        if name.endswith("_data.h"):  # made by the build
            continue
        if not any((Path(place) / name).is_file() for place in {folder, "common"}):
            yield line_of(text, match.start()), f'"{name}" is neither in {folder}/ nor in common/'


def check_file(path):
    text = path.read_text(encoding="utf-8")
    code = TOKEN.sub(blank, text)
    if not text.startswith("/*") and not path.name.startswith(("test_", "fuzz_")):
        if path.suffix == ".h" or not path.with_suffix(".h").is_file():
            yield 1, "the first comment must say what belongs in this file"
    for match in UNFINISHED.finditer(text):
        yield line_of(text, match.start()), f"{match.group()}: finish it, or open an issue"
    if "//" in TOKEN.sub(lambda m: m.group() if m.group().startswith("//") else blank(m), text):
        yield 1, "comments are /* */"
    yield from check_calls(path, code)
    yield from check_includes(path, text)


def main(folders):
    breaches = files = 0
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.[ch]")):
            files += 1
            for line, what in check_file(path):
                print(f"{path}:{line}: {what}")
                breaches += 1
    if files == 0:
        print("no sources found")
    return 1 if breaches or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
