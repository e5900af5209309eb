"""How the programs were compiled and linked, read from the files that were built: what an attacker who corrupts memory meets."""

import re
import subprocess

import pytest
from elftools.elf.elffile import ELFFile

from sallyport import LIBEXEC, ROLES, SALLYPORT

PROGRAMS = [SALLYPORT, *(LIBEXEC / f"sallyport-{role}" for role in ROLES)]

DF_BIND_NOW, DF_1_NOW, DF_1_PIE = 0x8, 0x1, 0x08000000
EXECUTABLE, WRITABLE = 0x1, 0x2
SHADOW_STACK = 0x2


class Program:
    def __init__(self, path):
        self.path = path
        self.elf = ELFFile(open(path, "rb"))

    def __str__(self):
        return self.path.name

    def segments(self, kind=None):
        return [segment for segment in self.elf.iter_segments() if kind in (None, segment["p_type"])]

    def dynamic(self):
        section = self.elf.get_section_by_name(".dynamic")
        return {tag.entry.d_tag: tag.entry.d_val for tag in section.iter_tags()}

    def imports(self):
        return {symbol.name.split("@")[0] for symbol in self.elf.get_section_by_name(".dynsym").iter_symbols()
                if symbol["st_shndx"] == "SHN_UNDEF"}

    def properties(self):
        """{type: value} of the notes that processor and kernel look at."""
        return {entry.pr_type: entry.pr_data for note in self.elf.get_section_by_name(".note.gnu.property").iter_notes()
                if note["n_type"] == "NT_GNU_PROPERTY_TYPE_0" for entry in note["n_desc"]}

    def producers(self):
        """{source file: the compiler and its options} of every unit."""
        units = {}
        for unit in self.elf.get_dwarf_info().iter_CUs():
            attributes = unit.get_top_DIE().attributes
            units[attributes["DW_AT_name"].value.decode()] = attributes["DW_AT_producer"].value.decode()
        return units

    def assembly(self):
        return subprocess.run(["objdump", "-d", "--no-show-raw-insn", self.path], capture_output=True, text=True,
                              check=True).stdout


@pytest.fixture(scope="module", params=PROGRAMS, ids=lambda path: path.name)
def program(request):
    return Program(request.param)


def test_is_position_independent(program):
    assert program.elf["e_type"] == "ET_DYN"
    assert program.dynamic()["DT_FLAGS_1"] & DF_1_PIE


def test_tables_of_functions_are_read_only_from_the_start(program):
    dynamic = program.dynamic()
    assert dynamic["DT_FLAGS"] & DF_BIND_NOW and dynamic["DT_FLAGS_1"] & DF_1_NOW
    relro, = program.segments("PT_GNU_RELRO")
    table = program.elf.get_section_by_name(".got")
    assert relro["p_vaddr"] <= table["sh_addr"]
    assert table["sh_addr"] + table["sh_size"] <= relro["p_vaddr"] + relro["p_memsz"]
    assert program.elf.get_section_by_name(".got.plt") is None, "a table outside what is made read-only"


def test_nothing_is_writable_and_executable(program):
    for segment in program.segments():
        assert segment["p_flags"] & (WRITABLE | EXECUTABLE) != WRITABLE | EXECUTABLE, segment["p_type"]
    stack, = program.segments("PT_GNU_STACK")
    assert not stack["p_flags"] & EXECUTABLE


def test_code_is_not_relocated(program):
    assert "DT_TEXTREL" not in program.dynamic()


def test_libraries_come_from_the_system_only(program):
    dynamic = program.dynamic()
    assert "DT_RPATH" not in dynamic and "DT_RUNPATH" not in dynamic


def test_lengths_are_checked_by_libc(program):
    """Fortified functions are called, and none that would be another one if it were fortified."""
    imports = program.imports()
    assert {"__fprintf_chk", "__snprintf_chk"} <= imports
    assert not imports & {"fprintf", "printf", "vfprintf", "sprintf", "vsprintf"}


def test_frames_are_guarded(program):
    assert "__stack_chk_fail" in program.imports()


def test_every_unit_was_compiled_hardened(program):
    units = program.producers()
    assert len(units) > 20
    for name, options in units.items():
        for option in ("-fstack-protector-strong", "-fstack-clash-protection", "-ftrivial-auto-var-init=zero",
                       "-fPIE", "-O2"):
            assert option in options.replace("-fPIC", "-fPIE"), f"{name}: {options}"


@pytest.fixture(scope="module")
def assembly(program):
    return program.assembly()


@pytest.mark.x86_64
def test_large_frames_touch_each_page(assembly):
    """A frame of a message's size: otherwise the stack could jump over its guard."""
    assert re.search(r"sub +\$0x1000,%rsp\n[^\n]*orq? +\$0x0,(0x0)?\(%rsp\)", assembly)


@pytest.mark.x86_64
def test_returns_and_jumps_land_where_they_may(program, assembly):
    """
    Intel's CET: the shadow stack is asked for. Every function of ours says that it may be jumped to, but the file does not ask
    for that to be enforced: Debian's own start-up code in it does not say so.
    """
    assert program.properties()["GNU_PROPERTY_X86_FEATURE_1_AND"] & SHADOW_STACK
    main, = re.findall(r"^[0-9a-f]+ <main>:\n([^\n]*)", assembly, re.MULTILINE)
    assert "endbr64" in main
