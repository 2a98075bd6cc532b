"""Real front ends read what the emitters send: random documents, streams, joiners, paces and failures.

The programs in tests/clients use the clients' own code; `npm install` there installs them, as `make test` does.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonpatch
import pytest
from ag_ui.core import Event
from hypothesis import settings
from pydantic import TypeAdapter

import streamjson as sj
from growing import Growth, in_any_order, in_order

pytestmark = pytest.mark.slow

CLIENTS = Path(__file__).parent.parent / "clients"
COUNT = min(settings().max_examples, 200)
WHY = "The model went away."


class Stream(NamedTuple):
    """What was sent to a client, and what it should have at the end."""

    sent: bytes
    document: Any
    failed: bool


def read_by(program: str, *options: str, streams: dict[str, Stream], tmp_path: Path) -> dict[str, Any]:
    """Return what a client makes of each stream, by its name."""
    if shutil.which("node") is None or not (CLIENTS / "node_modules" / "ai").exists():
        message = "node, or tests/clients/node_modules, is missing: `make test` installs the clients if node is there"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    for name, stream in streams.items():
        (tmp_path / name).write_bytes(stream.sent)
    done = subprocess.run(
        ["node", CLIENTS / f"{program}.mjs", *options, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    results: dict[str, Any] = json.loads(done.stdout)
    assert results.keys() == streams.keys()
    return results


def emitted(make: Callable[[], sj.emit.Emitter], growth: Callable[[random.Random], Growth]) -> dict[str, Stream]:
    """Return streams to clients that join at random events, are updated at random events, and sometimes fail."""
    return {f"{seed:03}": one_stream(make(), growth(random.Random(seed)), random.Random(seed)) for seed in range(COUNT)}


def one_stream(out: sj.emit.Emitter, growth: Growth, draw: random.Random) -> Stream:
    fails = draw.random() < 0.2
    joins_after = draw.choice([0, 0, draw.randrange(1 + len(growth.entries))])
    stops_after = draw.randrange(joins_after, 1 + len(growth.entries)) if fails else len(growth.entries)
    often = draw.choice([1, 1, 0.5, 0.1])
    sent, shown = out.open(), sj.MISSING
    assembler = sj.Assembler(on_conflict="replace")
    for number, _ in enumerate(growth.apply_to(assembler), 1):
        if number > stops_after:
            break
        if number > joins_after and draw.random() < often:
            snapshot = assembler.snapshot()
            sent += out.update(snapshot)
            shown = snapshot.copy_value()
            sent += out.keep_alive if draw.random() < 0.1 else b""
    if fails:
        return Stream(sent + out.fail(WHY), shown, failed=True)
    assembler.close()
    sent += out.close(assembler.snapshot())
    return Stream(sent, assembler.snapshot().value, failed=False)


def differing(streams: dict[str, Stream], results: dict[str, Any], *, nothing: Any = None) -> dict[str, Any]:
    """Return the streams of which a client has another document, or another end, than it should have."""
    found = {}
    for name, (sent, document, failed) in streams.items():
        result = results[name]
        expected = nothing if document is sj.MISSING else document
        is_right = result.get("problem") == (WHY if failed else None)
        has_begun = not (failed and document is sj.MISSING)  # else the client keeps what it had
        if not is_right or (has_begun and result.get("document", nothing) != expected):
            found[name] = (expected, result, sent.decode())
    return found


def ai_sdk(as_: Any) -> Callable[[], sj.emit.Emitter]:
    return lambda: sj.emit.AISDK("msg_1", as_, name="trip", id="id_1", min_interval_s=0)


@pytest.mark.parametrize("sdk", ["ai", "ai-v6", "ai-v5", "ai-v6-strict", "ai-v5-strict"])
@pytest.mark.parametrize(
    ("as_", "growth"),
    [
        ("data", in_any_order),
        ("transient", in_any_order),
        ("tool", in_any_order),
        ("tool", in_order),
        ("text", in_order),
    ],
    ids=["data", "transient", "tool in any order", "tool", "text"],
)
def test_ai_sdk(sdk: str, as_: Any, growth: Any, tmp_path: Path) -> None:
    streams = emitted(ai_sdk(as_), growth)
    results = read_by("ai_sdk", f"--sdk={sdk}", streams=streams, tmp_path=tmp_path)

    for name, (_, document, failed) in streams.items():
        result = results[name]
        assert (result["status"], result.get("problem")) == (("error", WHY) if failed else ("ready", None)), name
        assert result["messages"] == 2
        assert failed or result["id"] == "msg_1"
        has_document = document is not sj.MISSING
        if as_ == "transient":
            receiver = sj.Assembler()
            for chunk in result["heard"]:
                receiver.apply(chunk)
            assert receiver.snapshot().value == (document if has_document else sj.MISSING), name
        if has_document and not failed:
            assert result["document"] == document, (name, streams[name].sent.decode())
            assert len(result["parts"]) == 1
        if as_ == "tool" and has_document:
            assert result["parts"][0]["state"] == ("output-error" if failed else "input-available"), name


@pytest.mark.parametrize("client", ["@ag-ui/client", "@ag-ui/client-v0"])
@pytest.mark.parametrize("at", ["", "/trip"], ids=["state", "state at a place"])
def test_ag_ui_state(client: str, at: str, tmp_path: Path) -> None:
    streams = emitted(lambda: sj.emit.AGUI("thread_1", "run_1", at=at, min_interval_s=0), in_any_order)
    state = '--state={"other":[1]}'
    results = read_by("ag_ui", f"--client={client}", state, streams=streams, tmp_path=tmp_path)

    if at:
        for result in results.values():
            assert result["state"].pop("other") == [1]
            result["document"] = result["state"].get("trip")
    assert differing(streams, results, nothing=None if at else {}) == {}


def objects(draw: random.Random) -> Growth:
    return in_any_order(draw, is_object=True)


@pytest.mark.parametrize("client", ["@ag-ui/client", "@ag-ui/client-v0"])
def test_ag_ui_activity(client: str, tmp_path: Path) -> None:
    streams = emitted(lambda: sj.emit.AGUI("thread_1", "run_1", "activity", min_interval_s=0), objects)
    results = read_by("ag_ui", f"--client={client}", streams=streams, tmp_path=tmp_path)

    assert differing(streams, results, nothing={}) == {}


@pytest.mark.parametrize("client", ["@ag-ui/client", "@ag-ui/client-v0"])
def test_ag_ui_tool(client: str, tmp_path: Path) -> None:
    streams = emitted(lambda: sj.emit.AGUI("thread_1", "run_1", "tool", id="call_1", min_interval_s=0), in_order)
    results = read_by("ag_ui", f"--client={client}", streams=streams, tmp_path=tmp_path)

    for name, (_, document, failed) in streams.items():
        assert results[name].get("problem") == (WHY if failed else None), name
        if not failed:
            assert results[name]["document"] == document, name


@pytest.mark.parametrize("as_", ["state", "activity", "tool"])
def test_ag_ui_models_take_every_event(as_: Any) -> None:
    """PyPI's models take each event, and know all its fields."""
    event = TypeAdapter(Event)
    streams = emitted(
        lambda: sj.emit.AGUI("thread_1", "run_1", as_, min_interval_s=0), in_order if as_ == "tool" else objects
    )
    for stream in streams.values():
        for data in data_of(stream.sent):
            model: Any = event.validate_python(data)
            assert not model.model_extra
            assert model.model_dump(by_alias=True, exclude_unset=True, mode="json") == data


def data_of(sent: bytes) -> Iterator[Any]:
    for event in sj.decode_sse([sent]):
        if event.data != "[DONE]":
            yield json.loads(event.data)


@pytest.mark.parametrize("lines", [False, True], ids=["events", "lines"])
def test_json_patch(lines: bool, tmp_path: Path) -> None:
    streams = emitted(lambda: sj.emit.Patch(lines=lines, min_interval_s=0), in_any_order)
    if lines:  # the end of the connection is all there is
        streams = {name: stream._replace(failed=False) for name, stream in streams.items()}
    results = read_by("json_patch", *(["--lines=1"] if lines else []), streams=streams, tmp_path=tmp_path)

    assert differing(streams, results) == {}


def test_jsonpatch_of_python() -> None:
    for sent, document, _ in emitted(lambda: sj.emit.Patch(lines=True, min_interval_s=0), in_any_order).values():
        found: Any = None
        for line in sent.splitlines():
            found = jsonpatch.apply_patch(found, json.loads(line))
        assert found == (None if document is sj.MISSING else document)


@pytest.mark.parametrize("as_", ["tool", "content"])
def test_openai(as_: Any, tmp_path: Path) -> None:
    make = lambda: sj.emit.OpenAI(model="trip-1", as_=as_, name="trip", id="c_1", created=1, min_interval_s=0)  # noqa: E731
    streams = emitted(make, in_order)
    results = read_by("openai_chat", streams=streams, tmp_path=tmp_path)

    for name, (_, document, failed) in streams.items():
        result = results[name]
        if failed:
            assert WHY in result["problem"]
            continue
        assert result["document"] == document, name
        assert result["finish"] == ("tool_calls" if as_ == "tool" else "stop")
        assert as_ == "content" or [(call["id"], call["name"]) for call in result["calls"]] == [("c_1", "trip")]


def test_use_object(tmp_path: Path) -> None:
    streams = emitted(lambda: sj.emit.Text(min_interval_s=0), in_order)
    results = read_by("json_text", streams=streams, tmp_path=tmp_path)

    whole = {name: stream for name, stream in streams.items() if not stream.failed}
    assert differing(whole, results) == {}


@pytest.mark.parametrize("growth", [in_any_order, in_order])
def test_module_for_browsers(growth: Any, tmp_path: Path) -> None:
    streams = emitted(lambda: sj.emit.Chunks("s", min_interval_s=0), growth)
    module = Path(sj.__file__).parent / "browser" / "streamjson.js"
    assert not differing(streams, read_by("streamjson", f"--module={module}", streams=streams, tmp_path=tmp_path))


def test_assistant_stream(tmp_path: Path) -> None:
    streams = emitted(lambda: sj.emit.ObjectStream(min_interval_s=0), in_any_order)
    results = read_by("assistant_stream", streams=streams, tmp_path=tmp_path)

    unbroken = {name: stream._replace(failed=False) for name, stream in streams.items()}
    assert differing(unbroken, results) == {}
