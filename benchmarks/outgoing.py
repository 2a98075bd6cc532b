"""What each form of `streamjson.emit` costs: bytes on the wire, frames, server and client: `make outgoing`.

A document of 100 KB arrives in pieces of four characters, a hundred in a second of a clock that is given, and the
emitter is asked after each. So the figures show the default pace, at the speed of a fast model. Server: processor time
of the emitter, without assembling. Client: processor time of the real client that reads all of it (tests/clients).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from attrs import frozen

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]  # tests/ has `streams`

import streamjson as sj  # noqa: E402 - found by the line above, as the others
from documents import document  # noqa: E402
from results import machine  # noqa: E402

__all__ = ["main"]

PAGE: Final = HERE.parent / "docs" / "outgoing.md"
CLIENTS: Final = HERE.parent / "tests" / "clients"
BEGIN, END = "<!-- outgoing: begin -->", "<!-- outgoing: end -->"
PIECES_PER_S: Final = 100
SHAPES: Final = {"people": "many fields", "one_string": "one text"}


@frozen
class Form:
    """A form of an emitter, and the command of its client, if there is one."""

    name: str
    make: Callable[..., sj.emit.Emitter]
    client: Sequence[str] = ()


FORMS: Final = (
    Form("`Text`", sj.emit.Text, ["json_text"]),
    Form("`Chunks`", lambda **options: sj.emit.Chunks("s", **options), ["streamjson"]),
    Form("`Patch`", sj.emit.Patch, ["json_patch", "--only=plain"]),
    Form("`ObjectStream`", sj.emit.ObjectStream, ["assistant_stream"]),
    *(
        Form(f"`AISDK`, {as_}", lambda as_=as_, **options: sj.emit.AISDK("m", as_, **options), ["ai_sdk"])
        for as_ in ("transient", "data", "tool", "text")
    ),
    *(
        Form(f"`AGUI`, {as_}", lambda as_=as_, **options: sj.emit.AGUI("thread_1", "run_1", as_, **options), ["ag_ui"])
        for as_ in ("state", "activity", "tool")
    ),
    Form("`OpenAI`", sj.emit.OpenAI, ["openai_chat"]),
)


@frozen
class Cost:
    """What a form costs for one document."""

    times_text: float
    frames: int
    server_s: float
    client_s: float | None


def measure(form: Form, shape: str) -> Cost:
    """Send a document, and let the client read it."""
    source = document(shape, "100 KB")
    now = [0.0]
    out = form.make(clock=lambda: now[0])
    assembler, pieces, spent = sj.Assembler(), [], 0.0
    for path, delta in source.deltas():
        assembler.apply_delta(path, delta)
        now[0] += 1 / PIECES_PER_S
        snapshot = assembler.snapshot()
        before = time.process_time()
        piece = out.update(snapshot)
        spent += time.process_time() - before
        if piece:
            pieces.append(piece)
    assembler.close()
    before = time.process_time()
    pieces.append(out.close(assembler.snapshot()))
    spent += time.process_time() - before
    sent = b"".join(pieces)
    text_bytes = len(json.dumps(source.value, ensure_ascii=False, separators=(",", ":")).encode())
    client = client_s(form, sent, len(pieces), source.value) if form.client else None
    return Cost(len(sent) / text_bytes, len(pieces), spent, client)


def client_s(form: Form, sent: bytes, frames: int, value: object) -> float:
    """Return the seconds of processor time that the client takes. Exits if it has another document then."""
    program, *options = form.client
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "sent").write_bytes(sent)
        command = ["node", str(CLIENTS / f"{program}.mjs"), f"--piece={len(sent) // frames}", *options, directory]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)["sent"]
    if result.get("problem") or result["document"] != value:
        sys.exit(f"{form.name}: the client has another document: {result.get('problem')}")
    return float(result["cpu_s"])


def table() -> Iterator[str]:
    """Measure all; yield the lines of the table."""
    yield "| form | " + " | ".join(SHAPES.values()) + " |"
    yield "|---|" + "---|" * len(SHAPES)
    for form in FORMS:
        cells = []
        for shape in SHAPES:
            cost = measure(form, shape)
            client = "" if cost.client_s is None else f" / {cost.client_s:.2f}"
            cells.append(f"{cost.times_text:.1f} / {cost.frames:,} / {cost.server_s:.2f}{client}")
        line = f"| {form.name} | {' | '.join(cells)} |"
        print(line, file=sys.stderr)
        yield line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="benchmarks/outgoing.py", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"replace the table of {PAGE.name}")
    options = parser.parse_args(arguments)
    here = machine()
    measured = f"Measured on {datetime.now(UTC).date()}, {here['python']}, {here['cores']} cores of {here['cpu']}."
    lines = [*table(), "", measured]
    if options.write:
        text = PAGE.read_text("utf-8")
        before, after = text.partition(BEGIN)[0], text.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
