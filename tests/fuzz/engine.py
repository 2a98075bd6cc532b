"""Run one target under atheris: `engine.py TARGET`, followed by libFuzzer's options. `run.py` calls it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Final

import atheris

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

# Only the library: the fuzzer must not search the reference code for new branches.
with atheris.instrument_imports(include=["streamjson"]):
    from targets import TARGETS

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    # libFuzzer runs the first argument in a shell for the parts of a merge.
    atheris.Setup([shlex.join([sys.executable, __file__, name]), *arguments], TARGETS[name])
    atheris.Fuzz()
