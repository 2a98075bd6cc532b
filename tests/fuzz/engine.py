"""Runs one target under atheris: `engine.py TARGET`, and after it what libFuzzer takes. `run.py` calls it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Final

import atheris

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

# The library only: what it is held against must not be searched for new ways to go.
with atheris.instrument_imports(include=["streamjson"]):
    from targets import TARGETS

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    # The first is what libFuzzer calls, by a shell, for the parts of a merge.
    atheris.Setup([shlex.join([sys.executable, __file__, name]), *arguments], TARGETS[name])
    atheris.Fuzz()
