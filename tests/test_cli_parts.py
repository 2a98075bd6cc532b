"""The command on streams of providers: recognition, the parts that `assemble` prints, and the view of `watch`."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len

import streamjson as sj
from streamjson._parts.providers import PROVIDERS as KNOWN
from streamjson.cli import _arguments, _source
from streamjson.cli._answer import Answer
from streamjson.cli._arguments import PROVIDERS
from streamjson.cli._parts_view import view_parts
from streamjson.cli._source import Source
from streamjson.cli._view import Status
from test_cli import COMMAND, DONE, NAME, PING, SURNAME, Terminal, assert_restored, calls, one_line, run, texts

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = [
    "openai_chat",
    "openai_responses",
    "anthropic",
    "gemini",
    "adk",
    "cohere",
    "opper",
    "bedrock",
    "ollama",
    "ag_ui",
    "ai_sdk",
]
LINES = ["bedrock", "ollama"]  # JSON lines, not event streams


def example(name):
    return str(EXAMPLES / f"{name}.{'jsonl' if name in LINES else 'sse'}")


def input_of(name):
    return [example(name), *(["--from", "json_lines"] if name in LINES else [])]


def expected(name):
    return json.loads((EXAMPLES / "expected" / f"{name}.json").read_bytes())


def sse(*events):
    return b"".join(
        sj.encode_sse(sj.ServerSentEvent(event if isinstance(event, str) else json.dumps(event))) for event in events
    )


def chunk(content=None, reason=None, **delta):
    """Return a chunk of Chat Completions."""
    delta |= {"content": content} if content is not None else {}
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def call(arguments, name=None, index=0):
    function = {"arguments": arguments, **({"name": name} if name else {})}
    return chunk(tool_calls=[{"index": index, **({"id": f"call_{index}"} if name else {}), "function": function}])


BEGUN = [chunk("Hi"), call('{"a"', "book_trip"), call(": 1")]
STOP, CUT = chunk(reason="tool_calls"), chunk(reason="length")
CREATED = {"type": "response.created", "sequence_number": 0, "response": {"id": "r1"}}


def test_the_providers_are_those_of_the_library():
    assert set(PROVIDERS) == set(KNOWN)


# ----------------------------------------------------------------------------------------------------------------------
# examples


@pytest.mark.parametrize("name", NAMES)
def test_assemble_prints_the_parts_of_an_example(name):
    result = run("assemble", *input_of(name))
    assert json.loads(result.stdout) == expected(name)
    assert result.returncode == 0
    size = Path(example(name)).stat().st_size
    status = rf"streamjson: .*{name}\.[a-z]+: {name}, 2 calls, 1 text, \d+ events, {size:,} bytes\n"
    assert re.fullmatch(status, one_line(result.stderr))


def test_the_examples_are_what_their_script_writes(tmp_path):
    for script in ("make_examples.py", "make_answers.py"):
        shutil.copy(EXAMPLES / script, tmp_path)
    (tmp_path / "expected").mkdir()
    subprocess.run([sys.executable, tmp_path / "make_answers.py"], check=True)
    for file in [Path(example(name)).name for name in NAMES] + [f"expected/{name}.json" for name in NAMES]:
        assert (tmp_path / file).read_bytes() == (EXAMPLES / file).read_bytes()


# ----------------------------------------------------------------------------------------------------------------------
# assemble

HI = {"kind": "text", "choice": 0, "value": "Hi"}
TRIP = {"kind": "call", "name": "book_trip", "id": "call_0", "index": 0, "choice": 0, "executed_by": "client"}


def done(part, value, text, finish="tool_calls"):
    return {**part, "value": value, **({} if text is None else {"text": text}), "end": "done", "finish": finish}


ASSEMBLED = {
    "whole": (
        [*BEGUN, call("}"), STOP, "[DONE]"],
        [done(HI, "Hi", None), done(TRIP, {"a": 1}, '{"a": 1}')],
        ["-: openai_chat, 1 call, 1 text, 6 events, "],
    ),
    "cut by a limit": (
        [*BEGUN, CUT],
        [done(HI, "Hi", None, "length"), {**TRIP, "value": {}, "text": '{"a": 1', "end": "length", "finish": "length"}],
        ['error: -: the call "book_trip" was cut off (length)'],
    ),
    "cut by its source": (
        BEGUN[1:],
        [{**TRIP, "value": {}, "text": '{"a": 1', "end": "cut"}],
        ['error: -: the call "book_trip" was cut off (the stream ended before it did)'],
    ),
    "cut inside an event": (
        [*BEGUN[1:], b"data: {"],
        [{**TRIP, "value": {}, "text": '{"a": 1', "end": "cut"}],
        ["error: -: the source ended inside an event (event 3, byte offset "],
    ),
    "failed": (
        [*BEGUN[:1], {"error": {"type": "overloaded", "message": "boom"}}],
        [{**HI, "end": "failed"}],
        ["error: -: the sender failed: 'overloaded: boom' (event 2, byte offset "],
    ),
    "filtered": (
        [*BEGUN[:1], chunk(reason="content_filter")],
        [{**HI, "end": "filtered", "finish": "content_filter"}],
        ["error: -: the text was filtered (content_filter)"],
    ),
    "not JSON": (
        [call('{"a": x}', "book_trip"), STOP],
        [{**TRIP, "value": {}, "text": '{"a": x}', "end": "done", "finish": "tool_calls", "error": ...}],
        ['error: -: the call "book_trip" has arguments that are not JSON: a value is expected after'],
    ),
    "no parts": ([chunk(), CUT], None, ["error: -: the answer has no parts (length): openai_chat, 2 events, "]),
    "nothing can be placed": (
        [*BEGUN[:1], call("{", None)],
        [{**HI, "end": "failed"}],
        ["error: -: a fragment of a call has no name, "],
    ),
    "null, and half a character": (
        [chunk('"\ud83d'), chunk('"', "stop")],
        [{"kind": "text", "choice": 0, "value": '"\ufffd"', "end": "done", "finish": "stop"}],
        ["-: openai_chat, 1 text, "],
    ),
    "more after its end": (
        [*BEGUN[:1], STOP, "[DONE]", {"type": "ping"}, "[DONE]", chunk("more")],
        [done(HI, "Hi", None)],
        ["error: -: after the [DONE] of this answer the source continues with 1 event"],
    ),
    "pings and ends after its end": (
        [*BEGUN[:1], STOP, "[DONE]", {"type": "ping"}, "[DONE]"],
        [done(HI, "Hi", None)],
        ["-: openai_chat, 1 text, 3 events, "],
    ),
    "events of unknown types": (
        [CREATED, {"type": "response.new", "delta": "?"}, {"type": "response.output_text.done", "output_index": 0}],
        None,
        ["-: the answer has no parts: openai_responses, 3 events (1 of unknown types), "],
    ),
}


@pytest.mark.parametrize(("events", "parts", "reported"), ASSEMBLED.values(), ids=ASSEMBLED)
@pytest.mark.parametrize("command", [["assemble", "--compact"], ["watch"]], ids=repr)
def test_assemble(command, events, parts, reported):
    stdin = b"".join(event if isinstance(event, bytes) else sse(event) for event in events)
    result = run(command[0], "-", *command[1:], stdin=stdin)
    found = json.loads(result.stdout) if result.stdout else None
    for part in found or ():
        if "error" in part:
            part["error"] = ...
    assert found == parts
    assert result.stdout.count(b"\n") == 1 or command == ["watch"] or not parts
    lines = result.stderr.decode().splitlines()
    for line, beginning in zip(lines, reported, strict=True):
        assert beginning in line
    assert result.returncode == any("error: " in line for line in lines)


CONTRADICTION = sse(
    CREATED,
    {"type": "response.output_item.added", "output_index": 0, "item": {"id": "m", "type": "message"}},
    {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hi"},
    {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "Bye"},
    {"type": "response.completed", "response": {"status": "completed"}},
)
MIDDLE = sse({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}})
ENDED = sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
TWO = sse({"type": "message_start", "message": {}}) + MIDDLE
OWN = NAME + SURNAME + DONE

# arguments, bytes -> exit code, the values of the parts or None, the beginning of the last line on standard error
HONOURED = {
    "conflict": ([], CONTRADICTION, 1, ["Hi"], "--on-conflict replace takes the later one (event 4, byte offset "),
    "conflict, replaced": (["--on-conflict", "replace"], CONTRADICTION, 0, ["Bye"], "openai_responses, 1 text"),
    "new run": ([], TWO * 2 + ENDED, 1, ["Hi"], "--on-new-span reset shows the last answer (event 3, byte offset "),
    "new run, reset": (["--on-new-span", "reset"], TWO * 2 + ENDED, 0, ["Hi"], "anthropic, 1 text, 5 events"),
    "done required": (["--require-done"], sse(chunk("Hi")), 1, ["Hi"], "the provider did not end its answer"),
    "in the middle": ([], MIDDLE + ENDED, 1, None, "and paths: in the middle of an answer, add --provider NAME ("),
    "in the middle, by name": (["--provider", "anthropic"], MIDDLE + ENDED, 0, ["Hi"], "anthropic, 1 text, 2 events"),
    "JSON": (["--content", "json"], sse(chunk("[1]", "stop")), 0, [[1]], "openai_chat, 1 text"),
    "JSON null": (["--content", "json"], sse(chunk("null", "stop")), 0, [None], "openai_chat, 1 text"),
    "JSON in a fence": (
        ["--content", "json", "--wrapper", "fence"], sse(chunk("```json\n[1]\n```", "stop")), 0, [[1]], "1 text",
    ),
    "no JSON": (["--content", "json"], sse(chunk("[x]", "stop")), 1, [[]], "the text is not JSON: a value or "),
    "a limit": ([], sse(*[call("{}", "x", at) for at in range(1001)]), 1, [{}] * 1000, "--no-size-limit lifts it"),
    "a limit, lifted": (
        ["--no-size-limit"], sse(*[call("{}", "x", at) for at in range(1001)], STOP), 0, [{}] * 1001, "1,001 calls",
    ),
    "our own wire as an answer": (["--content", "text"], OWN, 0, [{"name": "Jane Doe"}], "opper, 1 text, 3 events, "),
    "our own wire in an answer": (
        [], sse(*BEGUN[:1]) + NAME, 1, ["Hi"], "which is one document: omit --provider and --content (event 2, ",
    ),
    "a failure instead of an answer": (["--content", "json"], sse({"error": "boom"}), 1, None, "the sender failed: "),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "stdin", "code", "values", "reported"), HONOURED.values(), ids=HONOURED)
def test_options_are_honoured(arguments, stdin, code, values, reported):
    result = run("assemble", "-", *arguments, stdin=stdin)
    assert result.returncode == code
    assert ([part["value"] for part in json.loads(result.stdout)] if result.stdout else None) == values
    assert reported in one_line(result.stderr)


REFUSED = {
    "--every": (["--every", "1"], "--every is for streams of one document"),
    "--all": (["--all"], "--all is for logs of documents"),
    "--path-prefix": (["--path-prefix", "a"], "--path-prefix is for events with paths"),
    "--on-invalid": (["--on-invalid", "skip"], "--on-invalid is for events with paths; in an answer, nothing could "),
}


@pytest.mark.parametrize(("option", "reported"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("more", [[], ["--provider", "anthropic"], ["--content", "json"]], ids=repr)
def test_options_that_answers_do_not_have_are_refused(option, reported, more):
    result = run("assemble", example("anthropic"), *option, *more)
    assert (result.returncode, result.stdout) == (2, b"")
    line = result.stderr.decode().splitlines()[-1]
    begin = f"{more[0]} is for the answer of a provider, and " if more else "this is an answer of anthropic, and "
    assert f"{begin}{reported}" in line


def test_watch_refuses_them_too(tmp_path):
    picture = tmp_path / "a.svg"
    result = run("watch", example("gemini"), "--export", picture, "--on-invalid", "skip")
    assert (result.returncode, result.stdout, picture.exists()) == (2, b"", False)
    assert "this is an answer of gemini, and --on-invalid is for" in one_line(result.stderr)
    terminal = Terminal("watch", example("gemini"), "--on-invalid", "skip", columns=200)
    assert terminal.finish() == 2
    assert_restored(terminal.shown)
    assert "this is an answer of gemini" in terminal.left[0]


@pytest.mark.parametrize("option", [["--provider", "gemini"], ["--content", "json"]], ids=repr)
def test_text_has_no_provider(option):
    result = run("assemble", "-", "--from", "text", *option)
    assert result.returncode == 2
    assert f"{option[0]} is for event streams, not for --from text" in result.stderr.decode()


# ----------------------------------------------------------------------------------------------------------------------
# recognition

TYPED_PING = sse({"type": "ping"})
RECOGNIZED = {
    "at once": sse(*BEGUN[:1], STOP),
    "after pings and comments": PING + b": comment\n\n" + TYPED_PING + b"data:\n\n" + sse(*BEGUN[:1], STOP),
    "an empty first chunk": sse({"choices": [], "object": ""}, *BEGUN[:1], STOP),
}


@pytest.mark.parametrize("stdin", RECOGNIZED.values(), ids=RECOGNIZED)
def test_an_answer_is_recognized(stdin):
    result = run("assemble", "-", stdin=stdin)
    assert [part["value"] for part in json.loads(result.stdout)] == ["Hi"]
    assert result.returncode == 0


OTHERS = {
    "our own": OWN,
    "our own, after pings": PING + TYPED_PING + OWN,
    "our own, with a field of another": sse({"delta": "x", "json_path": "a", "choices": []}) + DONE,
    "our own, and then an answer": NAME + sse(*BEGUN),
    "[DONE] first": DONE + sse(*BEGUN),
    "a failure": sse({"error": {"message": "boom"}}) + sse(*BEGUN),
    "not JSON": b"data: {\n\n" + sse(*BEGUN),
    "another value": sse([{"choices": []}]) + sse(*BEGUN),
    "another protocol": sse({"event_type": "stream-start", "is_finished": False}),
    "the middle of an answer": MIDDLE,
    "pings only": PING + TYPED_PING,
    "cut off after a ping": PING + b"data: {",
    "no stream": b"<html></html>\n",
    "nothing": b"",
}


@pytest.mark.parametrize("stdin", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("option", [[], ["--all"], ["--every", "1"], ["--on-invalid", "skip"]], ids=repr)
def test_every_other_stream_is_read_as_before(option, stdin):
    result = run("assemble", "-", *option, stdin=stdin)
    with patch.object(_source.Source, "is_answer", lambda self, arguments: False):
        before = run("assemble", "-", *option, stdin=stdin)
    assert (result.returncode, result.stdout, result.stderr) == (before.returncode, before.stdout, before.stderr)


PIECES = [PING, TYPED_PING, NAME, DONE, sse(*BEGUN), b": c\n\n", b"data:\n\n", b"data: {", b"\xff", b"id: 1\n"]


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=6))
def test_recognition_loses_no_event(tmp_path_factory, pieces):
    path = tmp_path_factory.getbasetemp() / "pieces.sse"
    path.write_bytes(b"".join(pieces))
    arguments = _arguments.parse(["assemble", str(path)])
    read = []
    for looks in (False, True):
        with path.open("rb") as file:
            source, found = Source(file.fileno(), "x"), []
            source.snapshots(arguments)
            source.before_event = lambda found=found, source=source: found.append(source.position)
            if looks:
                source.is_answer(arguments)
            try:
                found.extend(source._paced())
            except sj.StreamJSONError as error:
                found.append(str(error))
        events = [item for item in found if not isinstance(item, int)]
        read.append((events, [item for item in found if isinstance(item, int)], source.events))
    assert read[0] == read[1]


def test_nothing_waits_for_recognition():
    """Each line comes before more is written."""
    with subprocess.Popen([*COMMAND, "assemble", "-", "-q", "--every", "1"], stdin=-1, stdout=-1) as process:
        for given_bytes, name in ((PING + NAME, "Jane"), (SURNAME, "Jane Doe")):
            process.stdin.write(given_bytes)
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == {"name": name}
        process.stdin.close()
    with subprocess.Popen([*COMMAND, "assemble", "-", "--compact"], stdin=-1, stdout=-1, stderr=-1) as process:
        process.stdin.write(sse(*BEGUN[:1], STOP, "[DONE]"))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())[0]["value"] == "Hi"  # standard input is open
        stdout, stderr = process.communicate(sse(chunk("more")))
    assert stdout == b""
    assert b"continues with 1 event" in stderr


# ----------------------------------------------------------------------------------------------------------------------
# watch, in a terminal and as a picture


def test_watch_shows_an_answer_as_it_arrives_and_stops_at_ctrl_c():
    reading, writing = os.pipe()
    terminal = Terminal("watch", "-", stdin=reading)
    os.close(reading)
    terminal.read_to("no document yet")
    for event, text in zip([chunk("Hel"), chunk("lo"), call('{"ci', "book_trip"), call('ty": "Lis')],
                           ["Hel", "Hello", "book_trip", '"Lis'], strict=True):  # fmt: skip
        os.write(writing, sse(event))
        terminal.read_to(text)
    os.write(terminal.master, b"\x03")
    assert terminal.finish() == 130
    os.close(writing)
    assert_restored(terminal.shown)
    assert any(line.startswith("✗ book_trip(…)") for line in terminal.left)
    assert any(line.startswith("● stopped ") for line in terminal.left)


@pytest.mark.parametrize("name", NAMES)
def test_watch_leaves_the_answer_on_the_screen(name):
    terminal = Terminal("watch", *input_of(name), "--speed", "max", columns=110, rows=35)
    assert terminal.finish() == 0
    assert_restored(terminal.shown)
    assert terminal.left[0].startswith(f"{example(name)}  {name}")
    lines = [line.rstrip() for line in terminal.left]
    assert any(line.startswith("✓ text") for line in lines)
    assert any(line.startswith("✓ book_trip(…)") for line in lines)
    assert any(line.startswith('✓ send_card({"text": "Back on Tuesday. ') for line in lines)
    assert any(line.startswith("● done ") for line in lines)


def test_watch_reports_what_was_cut():
    reading, writing = os.pipe()
    os.write(writing, sse(*BEGUN, CUT))
    os.close(writing)
    terminal = Terminal("watch", "-", stdin=reading)
    os.close(reading)
    assert terminal.finish() == 1
    assert any(line.startswith("✗ book_trip({})  cut off (length)") for line in terminal.left)
    assert any(line.startswith("● cut off ") for line in terminal.left)
    assert 'streamjson: error: -: the call "book_trip" was cut off (length)' in terminal.left


def test_the_picture_shows_the_answer_at_any_event(tmp_path):
    path = tmp_path / "a.svg"
    shown = []
    for event in ("9", "60", "9999"):
        result = run("watch", example("openai_chat"), "--export", str(path), "--export-at", event)
        assert result.returncode == 0
        shown.append("".join(texts(path.read_text())))
    assert "book_trip" not in shown[0]
    assert "send_card" not in shown[1]
    assert "▸ book_trip" in shown[1]
    assert "✓ send_card" in shown[2]
    assert b"the stream ended after event 131" in result.stderr


# ----------------------------------------------------------------------------------------------------------------------
# the view

SIZES = [(80, 24), (60, 15), (120, 60), (20, 5), (7, 3), (1, 1)]
STATES = ["open", "done", "cut off", "failed", "stopped", "no parts"]


def drawn(shot, columns=80, rows=24, state="open", **options):
    status = Status("a.sse", state, 12345, 59.6, 1_234_567, 83.2)
    return view_parts(shot, status, columns, rows, **options).plain.split("\n")


def shots_of(events, **options):
    """Return what an answer shows before each event, and at the end of them, while it is open."""
    shots = []

    def source():
        for event in [*events, {"type": "ping", "choices": []}]:
            shots.append(answer.snapshot)
            yield event

    answer = Answer(None, sj.assemble_parts(source(), **options))
    with contextlib.suppress(sj.StreamJSONError):
        for _ in answer:
            pass
    return [*shots[: len(events) + 1], answer.snapshot]


def body(events, columns=60, rows=16, state="open", **options):
    """Return the lines between the title and the status, after the events or, in a state that is an end, at the end."""
    lines = drawn(shots_of(events, **options)[-2 if state == "open" else -1], columns, rows, state, fill=False)
    return lines[2:-2]


def test_the_changing_part_is_open_and_finished_ones_are_folded():
    events = [
        chunk("Let me see.\nTwo calls."), call('{"a": [1, 2], "b": "x"}', "first"),
        call('{"city": "Lis', "second", 1), call("bon", index=1),
    ]  # fmt: skip
    assert body(events) == [
        "  text",
        "    Let me see.",
        "    Two calls.",
        '  first({"a": [1, 2], "b": "x"})',
        "▸ second(…)",
        "    {",
        '  ▸   "city": "Lisbon▌',
    ]
    assert body([*events, call('"}', index=1), STOP], state="done") == [
        "✓ text  tool_calls",
        "    Let me see.",
        "    Two calls.",
        '✓ first({"a": [1, 2], "b": "x"})',
        '✓ second({"city": "Lisbon"})',
    ]


def test_a_broken_part_has_a_cross_and_the_reason():
    assert body([*BEGUN, CUT], state="cut off") == [
        "✓ text  Hi",
        "✗ book_trip({})  cut off (length)",
    ]
    assert body([call('{"a": {"b": "' + "x" * 30, "book_trip"), CUT], 40, state="cut off") == [
        "✗ book_trip(…)  cut off (length)",
        "    {",
        '      "a": {',
        f'  ✗     "b": "{"x" * 25}',
        f"          {'x' * 5}▌",
    ]
    assert body([call('{"a": x}', "book_trip"), STOP], state="not JSON") == ["✗ book_trip({})  not JSON (tool_calls)"]


def test_an_ended_answer_opens_a_part_only_if_that_shows_more():
    events = [call(json.dumps({str(at): "x" * 60 for at in range(9)}), "large"), call('{"a": "b"}', "small", 1), STOP]
    heading, *opened = body(events, rows=13, state="done")
    assert (heading, opened[-2:]) == ("✓ large(…)  tool_calls", ["    }", '✓ small({"a": "b"})'])
    assert "      … 5 more" in opened
    small = drawn(shots_of(events)[-1], rows=7, state="done", fill=False)  # three lines would show no more than one
    assert [line[:10] for line in small[1:-1]] == ['✓ large({"', '✓ small({"']


def test_calls_that_grow_in_turn_keep_their_places():
    begun = [call('{"a": 1, "b": "', "first"), call('{"c": 2, "d": "', "second", 1)]
    turns = [call("x", index=number % 2) for number in range(6)]
    places = {
        tuple(line.split("(")[0].strip("▸ ") if "(…)" in line else "" for line in body([*begun, *turns[:count]]))
        for count in (2, 3, 4, 5)
    }
    assert len(places) == 1


def test_parts_without_a_line_are_counted():
    events = [call(f'{{"n": {number}}}', f"call_{number}", number) for number in range(50)]
    lines = body(events, rows=14)
    assert lines[0] == "  … 46 above"
    assert lines[1] == '  call_46({"n": 46})'
    assert lines[4] == "▸ call_49(…)"
    assert len(lines) <= 10
    lines = body([*events, STOP], rows=14, state="done")
    assert (lines[0], lines[-1], len(lines)) == ("  … 41 above", '✓ call_49({"n": 49})', 10)


def test_the_names_of_a_sender_do_not_steer_the_terminal():
    lines = body([call("{}", "a\x1b[2J\nb\u202e"), chunk(reason="x\x9b")], columns=100, state="cut off")
    assert lines == ["✗ a\\u001b[2J b\\u202e({})  cut off (x\\u009b)"]


names = st.text(min_size=1, max_size=12)
pieces_of_arguments = st.sampled_from(
    ['{"a": ', '"text \U0001f600', "\\n", '"', ", ", '"b\x1b": [', "1", "]", "}", "x", "{"]
)
events_of_answers = st.lists(
    st.one_of(
        st.builds(chunk, st.text(max_size=30)),
        st.builds(lambda text: chunk(reasoning_content=text), st.text(max_size=30)),
        st.builds(call, pieces_of_arguments, st.none() | names, st.integers(0, 3)),
        st.builds(lambda reason: chunk(reason=reason), st.sampled_from(["stop", "length", "content_filter"]) | names),
    ),
    max_size=25,
)


@given(events=events_of_answers, content=st.sampled_from(["text", "json"]), data=st.data())
def test_the_view_of_any_answer_fits_and_steers_no_terminal(events, content, data):
    shots = shots_of(events, content=content)
    before = [drawn(shot) for shot in shots]
    for shot in shots:
        columns, rows = data.draw(st.sampled_from(SIZES))
        state, ascii_only = data.draw(st.sampled_from(STATES)), data.draw(st.booleans())
        lines = drawn(shot, columns, rows, state, ascii_only=ascii_only)
        assert len(lines) == rows
        assert max(map(cell_len, lines)) <= columns
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e]", "".join(lines))
        assert "".join(lines).isascii() or not ascii_only
        assert len(drawn(shot, columns, rows, state, fill=False)) <= rows
    assert [drawn(shot) for shot in shots] == before  # a shot never changes


def test_a_view_costs_what_it_shows():
    """Calls and memory are the same for an answer whose parts are fifty times larger, and for more parts."""
    costs, peaks = [], []
    for count in (1_000, 50_000):
        events = [chunk("word " * count), *[call("{}", "x" * count, number) for number in range(1, count // 100)]]
        events.append(call('{"items": [' + "1, " * count + '"x', "last"))
        shot = shots_of(events)[-2]
        drawn(shot)
        costs.append(calls(lambda shot=shot: drawn(shot)))
        tracemalloc.start()
        drawn(shot)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert costs[1] <= costs[0] * 1.2
    assert peaks[1] <= peaks[0] * 1.2 + 10_000
