"""How the programs were compiled and linked, read from the files that were built: what an attacker who corrupts memory meets."""

import re
import subprocess

import pytest
from elftools.elf.elffile import ELFFile

from sallyport import BUILD, LIBEXEC, ROLES, SALLYPORT

PROGRAMS = [SALLYPORT, *(LIBEXEC / f"sallyport-{role}" for role in ROLES)]

DF_BIND_NOW, DF_1_NOW, DF_1_PIE = 0x8, 0x1, 0x08000000
EXECUTABLE, WRITABLE = 0x1, 0x2
SHADOW_STACK, INDIRECT_BRANCHES = 0x2, 0x1


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


def start_up_files():
    """What the linker puts around every program: from the C library and from the compiler."""
    for name in ("Scrt1.o", "crti.o", "crtn.o", "crtbeginS.o", "crtendS.o"):
        yield subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()


def promises(elf):
    """What an object says of itself for Intel's CET, as bits; the linker keeps what all of them say."""
    section = elf.get_section_by_name(".note.gnu.property")
    return sum(entry.pr_data for note in section.iter_notes() for entry in note["n_desc"]
               if entry.pr_type == "GNU_PROPERTY_X86_FEATURE_1_AND") if section else 0


@pytest.mark.x86_64
def test_returns_and_jumps_land_where_they_may(program, assembly):
    """
    Intel's CET: the shadow stack is asked for, and every function of ours says that it may be jumped to. That the latter is
    enforced is asked for as soon as Debian's start-up files allow it: the linker takes it from the file if one of them does not.
    """
    found = promises(program.elf)
    assert found & SHADOW_STACK
    allowed = all(promises(ELFFile(open(path, "rb"))) & INDIRECT_BRANCHES for path in start_up_files())
    assert bool(found & INDIRECT_BRANCHES) == allowed
    main, = re.findall(r"^[0-9a-f]+ <main>:\n([^\n]*)", assembly, re.MULTILINE)
    assert "endbr64" in main


@pytest.mark.x86_64
def test_what_we_compile_is_all_marked():
    """So that nothing of ours stands in the way: every object of the daemons and the front program."""
    objects = [path for folder in ("apid", "common", "dnsd", "sallyport", "store") for path in (BUILD / folder).rglob("*.o")]
    assert len(objects) > 100
    assert [path for path in objects
            if promises(ELFFile(open(path, "rb"))) & (INDIRECT_BRANCHES | SHADOW_STACK) != INDIRECT_BRANCHES | SHADOW_STACK] == []
