"""Run each attack in its own process, with its memory capped at the promised amount, and report its cost.

The process imports everything first; its memory then is the baseline. From there, its address space may grow by the
attack's allowance - normally four times the limit in force - and a constant. An attack that needs more ends in a
MemoryError, which is a failure. The reported peak is of memory that was really used.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import asdict, frozen

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import streamjson as sj  # noqa: E402 - found by the line above, like its siblings
from hostile import ATTACKS, DEFAULT, SMALL  # noqa: E402
from streamjson._dialects.quick_chunks import quick_decoder  # noqa: E402

__all__ = ["CONSTANT_BYTES", "Measured", "Run", "forking", "measure"]

CONSTANT_BYTES: Final = 4 * 1024 * 1024
"""Additional allowance: Python's allocator takes arenas of 1 MiB, and the attack itself has objects."""

RESERVED_BYTES: Final = 12 * 1024 * 1024
"""Additional address space that the two allocators may reserve but never use, freed blocks included."""

TIMEOUT_S: Final = 1800

Run = Callable[[list[str]], tuple[str, str]]
"""Runs `main` with arguments in a new process; returns its output, and the reason if there is none."""


@frozen
class Measured:
    """The cost of an attack. `failure` is "" if the promise was kept."""

    name: str
    input_bytes: int
    seconds: float
    """CPU time of the process."""
    peak_bytes: int
    """Peak memory above the baseline."""
    allowed_bytes: int
    """The limit in force times the promised factor, without the constant."""
    failure: str = ""

    @property
    def kept_promise(self) -> bool:
        """Return whether the outcome was right and the memory within its bound."""
        return not self.failure and self.peak_bytes <= self.allowed_bytes + CONSTANT_BYTES


def start_python(arguments: list[str]) -> tuple[str, str]:
    """Run `main` in a new process of Python."""
    done = subprocess.run(
        [sys.executable, __file__, *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
    return done.stdout, done.stderr.strip().rpartition("\n")[2] or _ended(done.returncode)


@contextmanager
def forking() -> Iterator[Run]:
    """Yield a function that runs `main` in a fork of one waiting process, which saves the start of Python."""
    if not hasattr(os, "fork"):
        yield start_python
        return
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:

        def fork(arguments: list[str]) -> tuple[str, str]:
            assert server.stdin is not None
            assert server.stdout is not None
            print(json.dumps(arguments), file=server.stdin, flush=True)
            answer = server.stdout.readline()
            return answer, answer.strip() or "the server ended"

        yield fork


def serve() -> None:
    """Fork for each line of arguments on stdin. The child prints its result; if it fails, this process the reason."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            signal.alarm(TIMEOUT_S)
            main(json.loads(line))
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(_ended(os.waitstatus_to_exitcode(status)), flush=True)


def _ended(status: int) -> str:
    return f"the process ended with status {status}"


def measure(
    name: str,
    *,
    small: bool,
    scale: int = 1,
    capped: bool = True,
    allowed_bytes: int | None = None,
    run: Run = start_python,
) -> Measured:
    """Run an attack in a new process, under the `SMALL` or the default limits."""
    arguments = [name, *(["--small"] if small else []), *([] if capped else ["--uncapped"]), f"--scale={scale}"]
    if allowed_bytes is not None:
        arguments.append(f"--allowed-bytes={allowed_bytes}")
    output, reason = run(arguments)
    try:
        return Measured(**json.loads(output))
    except (ValueError, TypeError):
        return Measured(name, 0, 0.0, 0, 0, reason)


def _memory(name: str) -> int | None:
    """Return VmRSS, VmHWM or VmSize of the process in bytes on Linux; None on other systems."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(name + ":"))


def _peak() -> int:
    # `ru_maxrss` includes the peak of the parent process, so it is used only if there is nothing else.
    peak = _memory("VmHWM")
    if peak is not None:
        return peak
    import resource  # Windows lacks it

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _set_cap(growth: int) -> None:
    size = _memory("VmSize")
    if size is not None:
        import resource  # as above

        resource.setrlimit(resource.RLIMIT_AS, (size + growth, size + growth))


def _warm_up() -> None:
    """Use everything once that is imported, compiled or created on first use."""
    quick_decoder()
    assembler = sj.Assembler()
    assembler.on("$..a", lambda _: None)
    for chunk in sj.disassemble({"a": ["é😀", 1.5, None, {"b": {}}]}, 1):
        assembler.apply(sj.ServerSentEvent(json.dumps(chunk.to_dict())))
    assembler.close()
    _ = assembler.snapshot().value, assembler.snapshot().changes


def run_here(name: str, *, small: bool, scale: int, capped: bool, allowed_bytes: int | None) -> Measured:
    """Run an attack in this process, which must not have done anything else."""
    one = ATTACKS[name]
    limits = SMALL if small else DEFAULT
    allowed = one.allowed_bytes(limits) if allowed_bytes is None else allowed_bytes
    _warm_up()
    baseline = _memory("VmRSS") or _peak()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets the peak
    except OSError:
        baseline = _peak()
    if capped:
        _set_cap(allowed + RESERVED_BYTES)
    sent, failure = 0, ""
    start = time.process_time()
    try:
        sent = one.run(limits, scale)
    except MemoryError:
        failure = "it needs more memory than allowed"
    except (AssertionError, sj.StreamJSONError) as error:
        failure = f"{type(error).__name__}: {error}"[:500]
    seconds = time.process_time() - start
    return Measured(name, sent, seconds, max(0, _peak() - baseline), allowed, failure)


def main(arguments: list[str] | None = None) -> None:
    """Print the cost of one attack as JSON."""
    parser = argparse.ArgumentParser(description="run one attack under a cap of its memory")
    parser.add_argument("name", choices=ATTACKS)
    parser.add_argument("--small", action="store_true", help="use the small limits of the tests")
    parser.add_argument("--scale", type=int, default=1, help="number of repetitions")
    parser.add_argument("--uncapped", action="store_true", help="do not cap the memory")
    parser.add_argument("--allowed-bytes", type=int, help="override the attack's allowance")
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
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        main()
