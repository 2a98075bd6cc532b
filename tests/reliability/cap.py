"""Runs one attack in a process of its own, with no more memory than is promised, and tells what it took.

The process imports everything first; what it has then is the baseline. From there on its address space may grow by what
the attack is allowed, four times the limit in force, and a constant: an attack that needs more ends in a MemoryError,
which is a failure. The peak that is reported is of memory that was really used.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from attrs import asdict, frozen

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import streamjson as sj  # noqa: E402 - found by the line above, as its siblings
from hostile import ATTACKS, DEFAULT, SMALL  # noqa: E402
from streamjson._json import quick_decoder  # noqa: E402

__all__ = ["CONSTANT_BYTES", "Measured", "measure"]

CONSTANT_BYTES: Final = 4 * 1024 * 1024
"""What is allowed besides: Python's allocator takes arenas of 1 MiB, and the attack has objects of its own."""

RESERVED_BYTES: Final = 12 * 1024 * 1024
"""What of the address space may be reserved besides, and is never used: by the two allocators, and for freed blocks."""

TIMEOUT_S: Final = 1800


@frozen
class Measured:
    """What an attack took. `failure` is "" where the promise was kept."""

    name: str
    input_bytes: int
    seconds: float
    """Of the process's CPU time."""
    peak_bytes: int
    """The most memory that was used, above the baseline."""
    allowed_bytes: int
    """The limit in force, times what is promised, without the constant."""
    failure: str = ""

    @property
    def kept_promise(self) -> bool:
        """Tell whether the outcome was right, and the memory within its bound."""
        return not self.failure and self.peak_bytes <= self.allowed_bytes + CONSTANT_BYTES


def measure(
    name: str, *, small: bool, scale: int = 1, capped: bool = True, allowed_bytes: int | None = None
) -> Measured:
    """Run an attack in a fresh process: under `SMALL` limits, or the defaults."""
    arguments = [*(["--small"] if small else []), *([] if capped else ["--uncapped"]), f"--scale={scale}"]
    if allowed_bytes is not None:
        arguments.append(f"--allowed-bytes={allowed_bytes}")
    command = [sys.executable, __file__, name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    try:
        return Measured(**json.loads(done.stdout))
    except (ValueError, TypeError):
        told = done.stderr.strip().rpartition("\n")[2] or f"it ended with {done.returncode}"
        return Measured(name, 0, 0.0, 0, 0, told)


def _memory(name: str) -> int | None:
    """Return a figure of the process's memory from Linux: VmRSS, VmHWM or VmSize; None elsewhere."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(name + ":"))


def _peak() -> int:
    # `ru_maxrss` also has the peak of the process that started this one, so it is asked only where nothing else is.
    peak = _memory("VmHWM")
    if peak is not None:
        return peak
    import resource  # there is none on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _set_cap(growth: int) -> None:
    size = _memory("VmSize")
    if size is not None:
        import resource  # as above

        resource.setrlimit(resource.RLIMIT_AS, (size + growth, size + growth))


def _warm_up() -> None:
    """Use everything once that is imported, compiled or made only then."""
    quick_decoder()
    assembler = sj.Assembler()
    assembler.on("$..a", lambda _: None)
    for chunk in sj.disassemble({"a": ["é😀", 1.5, None, {"b": {}}]}, 1):
        assembler.apply(sj.ServerSentEvent(json.dumps(chunk.to_dict())))
    assembler.close()
    _ = assembler.snapshot().value, assembler.snapshot().changes


def run_here(name: str, *, small: bool, scale: int, capped: bool, allowed_bytes: int | None) -> Measured:
    """Run an attack in this process, which has done nothing else."""
    one = ATTACKS[name]
    limits = SMALL if small else DEFAULT
    allowed = one.allowed_bytes(limits) if allowed_bytes is None else allowed_bytes
    _warm_up()
    baseline = _memory("VmRSS") or _peak()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    except OSError:
        baseline = _peak()
    if capped:
        _set_cap(allowed + RESERVED_BYTES)
    sent, failure = 0, ""
    start = time.process_time()
    try:
        sent = one.run(limits, scale)
    except MemoryError:
        failure = "it needs more memory than it is allowed"
    except (AssertionError, sj.StreamJSONError) as error:
        failure = f"{type(error).__name__}: {error}"[:500]
    seconds = time.process_time() - start
    return Measured(name, sent, seconds, max(0, _peak() - baseline), allowed, failure)


def main(arguments: list[str] | None = None) -> None:
    """Print what one attack took, as JSON."""
    parser = argparse.ArgumentParser(description="run one attack under a cap of its memory")
    parser.add_argument("name", choices=ATTACKS)
    parser.add_argument("--small", action="store_true", help="under small limits, as the tests do")
    parser.add_argument("--scale", type=int, default=1, help="how often")
    parser.add_argument("--uncapped", action="store_true", help="measure only")
    parser.add_argument("--allowed-bytes", type=int, help="in the place of what it is allowed")
    options = parser.parse_args(arguments)
    result = run_here(
        options.name,
        small=options.small,
        scale=options.scale,
        capped=not options.uncapped,
        allowed_bytes=options.allowed_bytes,
    )
    sys.stdout.write(json.dumps(asdict(result)) + "\n")


if __name__ == "__main__":
    main()
