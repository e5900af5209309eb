"""
The figures of the faults, a file for each: in the build folder, or for `./dev faults` in results/, from which tools/fault_table.py makes
the table of docs/reliability.md.
"""

import datetime
import json
import os
import sys
from pathlib import Path

from catalogue import BY_NAME
from sallyport import BUILD

ROOT_FOLDER = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT_FOLDER / "bench"))

from harness import machine  # noqa: E402

LONG = os.environ.get("SALLYPORT_LONG", "") != ""
# Short runs show that the machinery works; what is published comes from long ones.
FOLDER = Path(os.environ.get("SALLYPORT_FIGURES", BUILD / "faults" / ("long" if LONG else "short")))


def write(name, **figures):
    assert name in BY_NAME, name
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"name": name, "date": datetime.date.today().isoformat(), "machine": machine(), **figures}, indent=1)
    (FOLDER / f"{name}.json").write_text(text + "\n")
