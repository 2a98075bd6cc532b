"""The module for browsers, in Node.js: what it makes of deltas, and of connections that break."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import os
import random
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import streamjson as sj
from growing import in_any_order
from loopback import Exchange, serving
from verbs import apply_entry

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
VECTORS = HERE.parent / "vectors"
MODULE = Path(sj.__file__).parent / "browser" / "streamjson.js"
CLIENTS = HERE.parent / "clients"
COUNT = 2000
BREAKING = min(COUNT, 20 * settings().max_examples)
WHY = "The model went away."


def node(program: Path, *arguments: object) -> str:
    """Run a program with Node.js; return what it prints."""
    if shutil.which("node") is None:
        message = "node is missing"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    done = subprocess.run(
        ["node", "--no-warnings", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:] or done.stdout[-2000:]
    return done.stdout


def applied(tmp_path: Path, *, paths: list[Any] | None = None, streams: list[Any] | None = None) -> Any:
    """Return what the module makes of paths, and of streams of pairs of path and delta."""
    given = tmp_path / "input.json"
    given.write_text(json.dumps({"paths": paths or [], "streams": streams or []}), "utf-8")
    return json.loads(node(HERE / "values.mjs", MODULE, given))


def test_module_has_at_most_3_kb() -> None:
    assert len(gzip.compress(MODULE.read_bytes(), 9)) <= 3000


def test_types_are_right() -> None:
    compiler = CLIENTS / "node_modules" / "typescript" / "bin" / "tsc"
    if not compiler.exists():
        message = "tests/clients/node_modules is missing: `make test` installs it if node is there"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    node(
        compiler, "--noEmit", "--allowJs", "--checkJs", "--strict", "--target", "es2022", "--lib", "es2023,dom", MODULE
    )


# ---------------------------------------------------------------------------------------------------------------------
# Deltas

HALF = "\ud83d"
HOLDS_A_HALF = "a high half is held"
"""In JavaScript a string may end with half a character; Python holds it back until the other half is there."""


def repaired(value: Any) -> Any:
    """Return a value with U+FFFD for half characters, as a browser shows it."""
    return json.loads(
        json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def test_rules(tmp_path: Path) -> None:
    rows = json.loads((VECTORS / "rules.json").read_text("utf-8"))
    found = applied(tmp_path, streams=[[*row["first"], row["delta"]] for row in rows])["streams"]
    for row, result in zip(rows, found, strict=True):
        expected = {"z": 0, "a": f"x{HALF}"} if row["name"] == HOLDS_A_HALF else row["value"]
        assert repaired(result["value"]) == repaired(expected), row["name"]
        assert ("error" in result) == (row["outcome"] == "conflict"), row["name"]
        assert not result["problems"], row["name"]


REFUSED_RULES = {"blank-in-brackets", "dot-before-bracket", "dot-quoted"}
"""Spellings of jsonpath-ng that Python reads, and this module refuses: no emitter writes them."""
ACCEPTED_CODES = {"bad_escape", "control_character", "index_too_large", "lone_surrogate", "whitespace", "wildcard"}
"""What Python refuses in a path, and is a name, or too far behind its array, here."""


def test_paths(tmp_path: Path) -> None:
    rows = [row for row in json.loads((VECTORS / "paths.json").read_text("utf-8")) if isinstance(row.get("path"), str)]
    found = applied(tmp_path, paths=[row["path"] for row in rows])["paths"]
    for row, result in zip(rows, found, strict=True):
        if "segments" in row and row["rule"] not in REFUSED_RULES:
            assert result == {"value": row["segments"]}
        elif row.get("error") not in ACCEPTED_CODES:
            assert "error" in result, row


def test_paths_as_they_are_written(tmp_path: Path) -> None:
    names = [
        "a",
        "",
        "a.b",
        "a[0]",
        "'",
        '"',
        "\\",
        "\\'",
        "\n",
        "\u2028",
        "$",
        "$a",
        "*",
        "naïve",
        "日本",
        "🙂",
        " x ",
        "0",
    ]
    steps = [[name] for name in names] + [[0, name, 12, name] for name in names] + [[]]
    found = applied(tmp_path, paths=[sj.format_path(tuple(each)) for each in steps])["paths"]
    assert found == [{"value": each} for each in steps]


def test_random_streams(tmp_path: Path) -> None:
    """The chunks of each change: with holes, returns, and values replaced by others of any kind."""
    streams, documents = [], []
    for seed in range(COUNT):
        assembler = sj.Assembler(on_conflict="replace")
        before = assembler.snapshot()
        changes: list[sj.Change] = []
        for _ in in_any_order(random.Random(seed)).apply_to(assembler):
            changes += assembler.snapshot().changes_since(before)
            before = assembler.snapshot()
        streams.append([(chunk.json_path, chunk.delta) for change in changes for chunk in change.to_chunks()])
        documents.append(assembler.snapshot().value)
    for document, result in zip(documents, applied(tmp_path, streams=streams)["streams"], strict=True):
        assert result.get("value", sj.MISSING) == document
        assert not result["problems"]


@pytest.mark.parametrize(
    ("path", "delta"),
    [
        ("list[2000]", 1),
        ("list.name", 1),
        ("a[0]", 1),
        ("a[*]", 1),
        ("a..b", 1),
    ],
)
def test_refused_delta(path: str, delta: Any, tmp_path: Path) -> None:
    first = [["a", {}], ["list", []]]
    (result,) = applied(tmp_path, streams=[[*first, [path, delta]]])["streams"]
    assert path in result["error"]
    assert result["value"] == {"a": {}, "list": []}


# ---------------------------------------------------------------------------------------------------------------------
# Connections


RETRY = b"retry: 1\n\n"
"""Instead of the pause of 2,000 ms that the emitter asks for."""


class Server:
    """Serves a growing document over connections that are cut at any byte, and forgets it when it is restarted."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.fails = self.draw.random() < 0.1
        self.bodies: list[bytes] = []
        self.asked: list[str | None] = [None]
        self.documents: list[Any] = [None]
        entries = in_any_order(random.Random(seed)).entries
        self.assembler = grown(entries[:0])
        self.connect()
        for count in range(1, len(entries) + 1):
            apply_entry(self.assembler, *entries[count - 1])
            if self.draw.random() < 0.5:
                self.update()
            if self.draw.random() < 0.1:
                self.cut()
                if self.draw.random() < 0.3:
                    self.assembler = grown(entries[:count])
                self.connect()
        self.update()
        self.sent += self.out.fail(WHY) if self.fails else self.out.close(self.assembler.snapshot())
        self.bodies.append(self.sent)

    def connect(self) -> None:
        self.sent = RETRY
        self.out = sj.emit.Chunks("answer-42", last_event_id=self.asked[-1], min_interval_s=0)
        self.out.open()
        self.update()

    def update(self) -> None:
        value = self.assembler.snapshot().value
        self.documents.append(None if value is sj.MISSING else value)
        self.sent += self.out.update(self.assembler.snapshot())

    def cut(self) -> None:
        sent = self.sent[: self.draw.randint(len(RETRY), len(self.sent))]
        decoder = sj.SSEDecoder()
        decoder.last_event_id = self.asked[-1] or ""
        decoder.feed(sent)
        self.bodies.append(sent)
        self.asked.append(decoder.last_event_id or None)


def grown(entries: list[Any]) -> sj.Assembler:
    assembler = sj.Assembler(on_conflict="replace")
    for entry in entries:
        apply_entry(assembler, *entry)
    return assembler


def connected(tmp_path: Path, streams: list[list[bytes]]) -> list[Any]:
    """Return what the module makes of streams, each the bodies of its connections."""
    given = tmp_path / "input.json"
    given.write_text(json.dumps([[base64.b64encode(body).decode() for body in bodies] for bodies in streams]), "utf-8")
    return json.loads(node(HERE / "connections.mjs", MODULE, given))


def test_connections_that_break_lose_and_double_nothing(tmp_path: Path) -> None:
    """Each value that is shown is one that the server had: never a part of an update."""
    servers = [Server(seed) for seed in range(BREAKING)]
    results = connected(tmp_path, [server.bodies for server in servers])
    for server, result in zip(servers, results, strict=True):
        assert result["status"] == ("failed" if server.fails else "done")
        assert result.get("error") == (WHY if server.fails else None)
        assert result.get("value") == server.documents[-1]
        assert result["asked"] == server.asked
        assert all(json.loads(text or "null") in server.documents for text in result["shown"])
        assert not result["problems"]


def states(url: str, options: dict[str, Any] | None = None, stop_at: Any = ...) -> list[dict[str, Any]]:
    """Return the states of a stream that is read from a real server, in their order."""
    stops = [] if stop_at is ... else [json.dumps(stop_at, separators=(",", ":"))]
    printed = node(HERE / "states.mjs", MODULE, url, json.dumps(options or {}), *stops)
    return [json.loads(line) for line in printed.splitlines()]


Reply = Callable[[Exchange], Awaitable[None]]


class Replies:
    """Answers each connection with its next reply, and repeats the last; records what was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked: list[Exchange] = []

    async def respond(self, exchange: Exchange) -> None:
        self.asked.append(exchange)
        await self.replies[min(len(self.asked), len(self.replies)) - 1](exchange)


def sends(*pieces: bytes, status: int = 200, fields: tuple[str, ...] = ()) -> Reply:
    async def reply(exchange: Exchange) -> None:
        await exchange.start(status, *fields)
        for piece in (RETRY, *pieces):
            await exchange.send(piece)

    return reply


async def sends_and_waits(exchange: Exchange) -> None:
    await sends(FIRST)(exchange)
    await exchange.left()


FIRST = b'id: 1\ndata: {"delta":"Lis","json_path":"title"}\n\n'
REST = b'id: 2\ndata: {"delta":"bon","json_path":"title"}\n\ndata: [DONE]\n\n'
WHOLE = {"title": "Lisbon"}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (sends(status=404), "answered 404 text/event-stream"),
        (sends(b'data: {"error":{"message":"overloaded"}}\n\n'), "overloaded"),
        (sends(b"event: error\ndata: no more\n\n"), "no more"),
        (sends(b'data: {"chunk_type":"error","error_message":"full","error_type":"quota"}\n\n'), "full"),
        (sends(b'data: {"delta":"x","json_path":"a","error":{"message":"overloaded"}}\n\n'), "overloaded"),
        (sends(b'event: message\ndata: {"chunk_type":"error"}\n\n'), "chunk_type"),
        (sends(b'data: {"type":"error","message":"no"}\n\n'), "no"),
        (sends(b"data: <html>\n\n"), "<html>"),
        (sends(b"event: message\ndata: <html>\n\n"), "<html>"),
        (sends(b'data: {"delta":\n\n'), "JSON"),
        (sends(FIRST, b'id: 2\ndata: {"delta":1,"json_path":"title"}\n\n'), "title"),
    ],
    ids=[
        "a status",
        "an error",
        "an error event",
        "an error of the wire",
        "an error beside a delta",
        "an error with the type message",
        "an error of a gateway",
        "no JSON",
        "no JSON with the type message",
        "half of JSON",
        "a conflict",
    ],
)
def test_what_will_not_get_better_fails_at_once(reply: Reply, expected: str) -> None:
    server = Replies(reply)
    with serving(server.respond) as url:
        last = states(url)[-1]
    assert last["status"] == "failed"
    assert expected in last["error"]
    assert len(server.asked) == 1


def test_error_has_the_code_of_its_sender() -> None:
    reply = sends(b'data: {"chunk_type":"error","error_message":"full","error_type":"quota"}\n\n')
    with serving(Replies(reply).respond) as url:
        assert states(url)[-1]["code"] == "quota"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_get_better_is_asked_again(status: int) -> None:
    server = Replies(sends(FIRST), sends(status=status), sends(REST))
    with serving(server.respond) as url:
        found = states(url)
    assert found[-1] == {"value": WHOLE, "status": "done"}
    assert [exchange.headers.get("last-event-id") for exchange in server.asked] == [None, "1", "1"]
    assert {"value": {"title": "Lis"}, "status": "connecting"} in found


def test_server_that_is_not_there_fails_after_nine_attempts() -> None:
    server = Replies(sends())
    with serving(server.respond) as url:
        last = states(url)[-1]
    assert (last["status"], last["error"]) == ("failed", "the stream broke off")
    assert len(server.asked) == 9


def test_progress_resets_the_count_of_failures() -> None:
    pieces = [b'id: %d\ndata: {"delta":"%d","json_path":"t"}\n\n' % (number, number % 10) for number in range(30)]
    server = Replies(*map(sends, pieces), sends(b"data: [DONE]\n\n"))
    with serving(server.respond) as url:
        assert states(url)[-1] == {"value": {"t": "0123456789" * 3}, "status": "done"}


@pytest.mark.parametrize(
    ("options", "is_asked_again"),
    [({"method": "POST", "body": "{}"}, False), ({"method": "POST", "body": "{}", "reconnect": True}, True)],
)
def test_post_is_not_sent_again_unless_asked(options: dict[str, Any], is_asked_again: bool) -> None:
    server = Replies(sends(FIRST), sends(REST))
    with serving(server.respond) as url:
        last = states(url, {**options, "headers": {"X-Test": "yes"}})[-1]
    if is_asked_again:
        assert last == {"value": WHOLE, "status": "done"}
    else:
        assert last == {"value": {"title": "Lis"}, "status": "failed", "error": "the stream broke off"}
    assert len(server.asked) == 1 + is_asked_again
    assert all(exchange.headers["x-test"] == "yes" for exchange in server.asked)


def test_method_is_compared_as_fetch_compares_it() -> None:
    with serving(Replies(sends(FIRST), sends(REST)).respond) as url:
        assert states(url, {"method": "get"})[-1] == {"value": WHOLE, "status": "done"}


def test_server_without_ids_begins_again() -> None:
    """An empty id means that the last one is forgotten."""
    forgetting = b'id\ndata: {"delta":"bon","json_path":"title"}\n\n'
    again = b'data: {"delta":"Lisbon","json_path":"title"}\n\ndata: [DONE]\n\n'
    server = Replies(sends(FIRST), sends(forgetting), sends(again))
    with serving(server.respond) as url:
        assert states(url)[-1] == {"value": WHOLE, "status": "done"}
    assert [exchange.headers.get("last-event-id") for exchange in server.asked] == [None, "1", None]


def test_names_of_javascript_are_names(tmp_path: Path) -> None:
    names = ["__proto__", "constructor", "prototype", "toString", "length", "hasOwnProperty"]
    streams = [[[f"a.{name}.{name}", "x"], [f"a.{name}.{name}", "y"], ["b", {}]] for name in names]
    found = applied(tmp_path, streams=streams)["streams"]
    assert found == [{"value": {"a": {name: {name: "xy"}}, "b": {}}, "problems": []} for name in names]


def test_204_is_the_end() -> None:
    with serving(Replies(sends(FIRST), sends(status=204)).respond) as url:
        assert states(url)[-1] == {"value": {"title": "Lis"}, "status": "done"}


def test_silence_is_a_break() -> None:
    with serving(Replies(sends_and_waits, sends(REST)).respond) as url:
        assert states(url, {"idleMs": 50})[-1] == {"value": WHOLE, "status": "done"}


@pytest.mark.parametrize("options", [{}, {"abort": "later"}], ids=["stop", "signal"])
def test_stop_closes_the_connection_and_keeps_the_value(options: dict[str, Any]) -> None:
    with serving(Replies(sends_and_waits).respond) as url:  # ends when the client has left
        assert states(url, options, {"title": "Lis"})[-1] == {"value": {"title": "Lis"}, "status": "stopped"}


def test_signal_that_was_aborted_before_sends_no_request() -> None:
    server = Replies(sends())
    with serving(server.respond) as url:
        assert states(url, {"abort": "before"}) == [{"status": "stopped"}]
    assert not server.asked


def test_stop_in_a_pause_ends_at_once() -> None:
    """Node ends when no timer is left."""
    with serving(Replies(sends(b"retry: 3600000\n\n", FIRST)).respond) as url:
        found = states(url, {"stopAt": "connecting"}, {"title": "Lis"})
    assert found[-1] == {"value": {"title": "Lis"}, "status": "stopped"}


def test_events_that_carry_no_delta_change_nothing() -> None:
    others = (
        b': ping\n\nevent: ping\ndata: 1\n\ndata: {"span_id":"s"}\n\ndata: {"delta":null}\n\ndata: {"delta":""}\n\n'
    )
    with serving(Replies(sends(FIRST, others, REST)).respond) as url:
        assert states(url)[-1] == {"value": WHOLE, "status": "done"}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_line_ends_and_data_on_several_lines(line_end: str) -> None:
    lines = ["data: {", 'data:"delta":"Lisbon",', "data", 'data: "json_path":"title"}', "id", "", "data:[DONE]", "", ""]
    body = line_end.join(lines).encode()
    with serving(Replies(sends(*(body[at : at + 1] for at in range(len(body))))).respond) as url:
        assert states(url)[-1] == {"value": WHOLE, "status": "done"}


def test_delta_without_a_path_is_text() -> None:
    with serving(Replies(sends(b'data: {"delta":"a"}\n\ndata: {"delta":"b"}\n\ndata: [DONE]\n\n')).respond) as url:
        assert states(url)[-1] == {"value": "ab", "status": "done"}


# ---------------------------------------------------------------------------------------------------------------------
# React


def test_hook_of_the_documentation_renders_what_changed() -> None:
    """In strict mode, in which React mounts twice; the second URL brings another document."""
    body = [
        b'id: 1\ndata: {"delta":{"a":{"text":"one"}},"json_path":""}\n\n',
        b'id: 2\ndata: {"delta":"two","json_path":"b.text"}\n\n',
        b'id: 3\ndata: {"delta":", three","json_path":"b.text"}\n\n',
        b"data: [DONE]\n\n",
    ]
    other = [b'id: 1\ndata: {"delta":"other","json_path":"c"}\n\ndata: [DONE]\n\n']

    async def respond(exchange: Exchange) -> None:
        await exchange.start()
        with contextlib.suppress(ConnectionError):  # the first mount of the strict mode leaves
            for piece in body if exchange.path == "/" else other:
                await exchange.send(piece)
                await asyncio.sleep(0)

    page = ROOT / "docs" / "outgoing.md"
    with serving(respond) as url:
        found = json.loads(node(HERE / "hook.mjs", MODULE, page, url, f"{url}/other"))
    last: dict[str, Any] = {each["url"]: each for each in found["rendered"]}
    assert [(each["value"], each["status"]) for each in last.values()] == [
        ({"a": {"text": "one"}, "b": {"text": "two, three"}}, "done"),
        ({"c": "other"}, "done"),
    ]
    assert found["counts"]["a"] == 2  # once, and in strict mode React renders twice
