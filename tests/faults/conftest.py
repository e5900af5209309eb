"""Fixtures of the fault tests: those of the system tests."""

import importlib.util
import sys
from pathlib import Path

SYSTEM = Path(__file__).resolve().parent.parent / "system"
sys.path.insert(0, str(SYSTEM))

_specification = importlib.util.spec_from_file_location("system_conftest", SYSTEM / "conftest.py")
_conftest = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(_conftest)
globals().update({name: value for name, value in vars(_conftest).items() if not name.startswith("__")})
