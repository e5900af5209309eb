"""The completions that the build makes, in the shells that they are for."""

import os
import pty
import re
import select
import subprocess
import time

import pytest

from sallyport import BUILD, DEADLINE, SALLYPORT

COMPLETIONS = BUILD / "completions"
NOUNS = {"list", "show", "add", "delete", "rotate", "allow", "values"}

# What stands on the line: some of what must be offered, and some of what must not.
LINES = [
    ("sallyport ", {"run", "check-config", "accounts", "stats", "status", "health", "help"}, {"list", "completions"}),
    ("sallyport che", {"check-config"}, {"run"}),
    ("sallyport accounts ", NOUNS, {"run", "accounts"}),
    ("sallyport accounts sh", {"show"}, {"list"}),
    ("sallyport accounts list --", {"--json"}, {"--yes", "--subdomain"}),
    ("sallyport accounts add --s", {"--subdomain"}, {"--json", "--set"}),
    ("sallyport accounts add --subdomain x --", {"--allow-from", "--json"}, {"--yes"}),
    ("sallyport accounts delete x --", {"--yes"}, {"--json"}),
    ("sallyport stats --j", {"--json"}, {"--yes"}),
    ("sallyport status --", {"--json", "--watch"}, {"--yes"}),
    ("sallyport help acc", {"accounts"}, {"run"}),
]


@pytest.fixture
def home(folder):
    """A folder with one file, for shells that leave things at home."""
    (folder / "dump.sql").touch()
    return folder


def run(home, *command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, cwd=home,
                          env={"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def in_bash(home, line):
    words = line.split(" ")
    return set(run(home, "bash", "--norc", "-c", """
        . "$0"
        complete -p sallyport | grep -q -- '-F _sallyport' || exit 1
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _sallyport
        printf '%s\\n' "${COMPREPLY[@]}" """, str(COMPLETIONS / "sallyport.bash"), *words).split())


def in_fish(home, line):
    text = run(home, "fish", "--no-config", "-c", f"source {COMPLETIONS / 'sallyport.fish'}; complete -C '{line}'")
    # Later versions of fish also offer what has the typed letters somewhere, behind what begins with them.
    return {word for word in (row.split("\t")[0] for row in text.splitlines()) if word.startswith(line.split(" ")[-1])}


class Zsh:
    """An interactive zsh: completion is a matter of its line editor."""

    def __init__(self, home):
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            ["zsh", "-f", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, cwd=home, start_new_session=True,
            env={"HOME": str(home), "PATH": f"{SALLYPORT.parent}:{os.environ['PATH']}", "TERM": "dumb", "LC_ALL": "C.UTF-8"})
        os.close(theirs)
        self.send(f"PS1=; unset zle_bracketed_paste; fpath=({COMPLETIONS} $fpath); autoload -U compinit; compinit -u -D; "
                  "LISTMAX=1000; zstyle ':completion:*' verbose no; print rea''dy\n")
        self.wait_for({"ready"})

    def send(self, text):
        os.write(self.ours, text.encode())

    def wait_for(self, words):
        """Reads until all the words have been written; what was written until then."""
        written, end = "", time.monotonic() + DEADLINE
        while not all(word in written for word in words):
            assert time.monotonic() < end, f"{words - set(written.split())} in {written!r}"
            if select.select([self.ours], [], [], 1)[0]:
                written += os.read(self.ours, 65536).decode(errors="replace")
        return written

    def complete(self, line, offered):
        """Waits until all that is offered is on the screen; then the line is wiped out."""
        self.send(line + "\t\t")
        written = self.wait_for(offered)
        self.send("\x15print do''ne\n")
        return written + self.wait_for({"done"})

    def close(self):
        os.close(self.ours)
        self.process.kill()
        self.process.wait(DEADLINE)


@pytest.mark.parametrize("line, offered, others", LINES)
def test_bash(home, line, offered, others):
    found = in_bash(home, line)
    assert offered <= found and not others & found


@pytest.mark.parametrize("line, offered, others", LINES)
def test_fish(home, line, offered, others):
    found = in_fish(home, line)
    assert offered <= found and not others & found


@pytest.mark.parametrize("shell", [in_bash, in_fish])
@pytest.mark.parametrize("line", ["sallyport -c du", "sallyport stats --config du", "sallyport convert-config du"])
def test_files(home, shell, line):
    assert shell(home, line) == {"dump.sql"}


def test_zsh(home):
    zsh = Zsh(home)
    try:
        for line, offered, others in LINES:
            words = set(re.split(r"[^a-z-]+", zsh.complete(line, offered)))
            assert not (others - set(line.split())) & words, (line, words)
        for line in ("sallyport -c du", "sallyport stats --config du", "sallyport convert-config du"):
            zsh.complete(line, {"dump.sql"})
    finally:
        zsh.close()


def test_every_shell_has_every_verb():
    """What help lists and what is offered come from one table."""
    listed = set(re.findall(r"^  ([a-z][a-z-]*)", subprocess.run([SALLYPORT, "help"], capture_output=True, text=True,
                                                            timeout=DEADLINE, check=True).stdout, re.M))
    assert listed >= {"run", "accounts", "help"}
    for name in ("sallyport.bash", "_sallyport", "sallyport.fish"):
        text = (COMPLETIONS / name).read_text()
        for verb in listed:
            assert re.search(rf"\b{verb}\b", text), (name, verb)


def test_no_other_shell():
    done = subprocess.run([SALLYPORT, "completions", "csh"], capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "sallyport: there are completions for bash, zsh and fish\n"
