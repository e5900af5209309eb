#!/usr/bin/python3
"""
The keys of sallyport.yaml(5), for scdoc, made of the comments in etc/sallyport.yaml: manual_keys.py FILE

What is relied on: a comment stands above its key, or behind it; two blanks for each level; a map in braces begins
on its key's line; examples in a comment are indented by four blanks; a key that is commented out ends its comment.
"""
import re
import sys

KEY = re.compile(r"( *)([a-z_]+): *(.*)")
COMMENTED_KEY = re.compile(r"  # ([a-z_]+: *[\[{].*)")


def escape(text):
    return re.sub(r"([\\_*#`~.\-\[\]|+<;])", r"\\\1", text)


def described(lines, indent):
    """Lines of a comment as a paragraph; examples as they are."""
    literal = False
    for line in [*lines, ""]:
        if literal != line.startswith("    "):
            literal = not literal
            yield f"\n{indent}```" if literal else f"{indent}```\n"
        if line:
            yield indent + (line[4:] if literal else escape(line))


def spread(path, value):
    """(path, value) of a key; of each of its keys where the value is a map in braces."""
    if not re.fullmatch(r"\{.*\}", value):
        yield path, value
        return
    for part in re.findall(r"\s*((?:[^,\[\]]|\[[^\]]*\])+)", value[1:-1]):
        name, _, inner = part.partition(":")
        yield from spread(f"{path}.{name}", inner.strip())


class Entry:
    """Keys that one comment explains."""

    def __init__(self):
        self.comment, self.keys, self.group = [], [], None

    def print(self):
        if self.keys or self.group and self.comment:
            heads = [f"*{escape(path)}*" + (f": {escape(value)}" if value else "") for path, value in self.keys]
            print("++\n".join(heads or [f"*{escape(self.group)}*"]))
            print("\n".join(described(self.comment, "\t")), end="\n\n")
        elif self.comment:
            print("\n".join(described(self.comment, "")), end="\n\n")


def print_keys(lines):
    path, entry, i = [], Entry(), lines.index("")  # what stands above the first blank line is about the file
    while (i := i + 1) < len(lines):
        line = lines[i]
        if commented := COMMENTED_KEY.match(line):
            text = commented[1]
            while text.count("{") + text.count("[") > text.count("}") + text.count("]"):
                i += 1
                text += " " + lines[i].strip(" #")
            name, _, value = text.partition(":")
            entry.keys += spread(f"{path[0]}.{name}", value.strip())
        elif line.strip().startswith("#"):
            if entry.keys or entry.group:
                entry.print()
                entry = Entry()
            entry.comment.append(re.sub(r"^ *# ?", "", line))
        elif item := re.match(r" +- (.*)", line):
            where, value = entry.keys[-1]
            entry.keys[-1] = (where, f"[{item[1]}]" if not value else f"{value[:-1]}, {item[1]}]")
        elif key := KEY.match(line):
            depth, name = len(key[1]) // 2, key[2]
            value, _, behind = re.sub(r" +# ", "\0", key[3], count=1).partition("\0")
            has_items = not value and re.match(r" +- ", lines[i + 1])
            path[depth:] = [name]
            if depth == 0:
                if entry.keys:
                    entry.print()
                    entry = Entry()
                print(f"# {name.upper()}\n")
            if behind:
                entry.comment.append(behind[0].upper() + behind[1:] + ".")
            if value or has_items:
                entry.keys += spread(".".join(path), value)
            elif depth == 0:
                entry.print()
                entry = Entry()
            else:
                entry.group = ".".join(path)
    entry.print()


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print_keys(file.read().split("\n"))
