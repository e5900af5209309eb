"""The man pages against what they are about: every verb and option, every key, every daemon's options."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from sallyport import BUILD, DEADLINE, LIBEXEC, ROLES, SALLYPORT, UIDS, ZONE

SOURCE = Path(__file__).resolve().parents[2]
PAGES = ["sallyport.1", "sallyport.yaml.5", "sallyport.8", *(f"sallyport-{role}.8" for role in ROLES)]


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True).stdout


def rendered(page):
    """The page as a reader has it, but without line ends and hyphens of its width; a warning is a failure."""
    done = subprocess.run(["man", "--warnings", "--nh", "--nj", "-l", BUILD / "man" / page], capture_output=True, text=True,
                          timeout=DEADLINE, env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, ""), done
    return re.sub(r"\s+", " ", re.sub(r".\x08|\x1b\[[0-9;]*m", "", done.stdout))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_well_formed(page):
    text = rendered(page)
    assert "NAME" in text and "SEE ALSO" in text and "@INCLUDED@" not in text


def synopses():
    """["accounts", "show"], "ACCOUNT" of every command, as help tells them."""
    for verb in re.findall(r"^  ([a-z][a-z-]*)", output(SALLYPORT, "help"), re.M):
        if verb == "help":
            continue
        usage = output(SALLYPORT, "help", verb)
        nouns = re.findall(rf"^  {verb} ([a-z-]+)", usage, re.M) if "NOUN" in usage.splitlines()[0] else [None]
        for noun in nouns:
            yield [verb, noun] if noun else [verb]


def test_every_verb_and_option():
    text = rendered("sallyport.1")
    found = 0
    for words in synopses():
        usage = output(SALLYPORT, "help", *words)
        entry = re.search(r"Usage: sallyport (.*?)(?: \[OPTIONS\])? \[-c FILE\]", usage)[1]
        assert f" {entry} " in text, entry
        described = text[text.index(f" {entry} "):]
        for option in re.findall(r"^ +(--[a-z-]+(?: [A-Z]+)?)  ", usage, re.M):
            assert option in described, (words, option)
            found += 1
    assert found > 20


def keys(value, path=""):
    if not isinstance(value, dict):
        return [path]
    return [key for name, inner in value.items() for key in keys(inner, f"{path}.{name}" if path else name)]


def test_every_key(folder):
    """What check-config prints is the schema; the page and the commented configuration have each of its keys."""
    file = folder / "all.yaml"
    file.write_text(f"zone: {{name: {ZONE}}}\nprivsep: {{users: {UIDS}}}\n".replace("'", ""))
    schema = set(keys(yaml.safe_load(output(SALLYPORT, "check-config", "-c", file))))
    assert len(schema) > 40
    page = rendered("sallyport.yaml.5")
    assert [key for key in sorted(schema) if f" {key}: " not in page and f" {key} " not in page] == []
    commented = (SOURCE / "etc/sallyport.yaml").read_text()
    missing = schema - set(keys(yaml.safe_load(commented)))
    # Some are there as comments, because they have no default.
    assert [key for key in sorted(missing) if not re.search(rf"# .*\b{key.rsplit('.')[-1]}: ", commented)] == []


def test_the_example_is_right(folder):
    """Without the files and users that it names, which are not here."""
    source = (SOURCE / "docs/man/sallyport.yaml.5.scd").read_text()
    example = source[source.index("# EXAMPLES"):].split("```")[1]
    file = folder / "example.yaml"
    file.write_text(re.sub(r"  tls:\n.*\n.*\n", "", example).replace("privsep:\n", f"privsep:\n  users: {UIDS}\n").replace("'", ""))
    done = subprocess.run([SALLYPORT, "check-config", "-c", file], capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("role", ROLES)
def test_every_option_of_a_daemon(role):
    text = rendered(f"sallyport-{role}.8")
    for line in re.findall(r"^ +(?:-., )?--.*", output(LIBEXEC / f"sallyport-{role}", "--help"), re.M):
        option = re.search(r"--[a-z-]+", line)[0]
        others = re.search(r" of ([a-z]+): ", line)  # "of store: ..."
        if others is None or others[1] == role:
            assert option in text, option
