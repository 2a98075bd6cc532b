"""The command, run in its own process; its view and its clock, called as pure functions."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import tracemalloc
import xml.etree.ElementTree as ET
from contextlib import redirect_stderr, redirect_stdout
from html import unescape
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len

import streamjson as sj
from streamjson.cli import main
from streamjson.cli._peek import root_of
from streamjson.cli._signals import Ended, Signals
from streamjson.cli._source import Source
from streamjson.cli._view import Status, view
from streamjson.cli._watch import Show

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
COMMAND = [sys.executable, "-m", "streamjson"]
NAMES = ["trip", "people", "text", "error", "cut"]
BROKEN = ["error", "cut"]


def run(*arguments, stdin=b"", env=None):
    """Run the command; in a process of its own only with `env`, as that takes a hundred times as long."""
    if env is not None:
        return subprocess.run(
            [*COMMAND, *arguments], input=stdin, capture_output=True, env={**os.environ, **env}, check=False
        )
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as reported:
        given.write(stdin)
        given.seek(0)
        streams = [
            io.TextIOWrapper(file, encoding="utf-8", errors=errors)
            for file, errors in ((given, "strict"), (printed, "strict"), (reported, "backslashreplace"))
        ]
        outputs = [
            os.fdopen(os.dup(file.fileno()), "rb") for file in (printed, reported)
        ]  # after an error, it is closed
        with patch.multiple(sys, stdin=streams[0], stdout=streams[1], stderr=streams[2]):
            code = main([str(argument) for argument in arguments])
        for stream in streams:
            stream.detach()
        texts = []
        for output in outputs:
            with output:
                output.seek(0)
                texts.append(output.read())
        return subprocess.CompletedProcess(arguments, code, *texts)


def example(name):
    return str(EXAMPLES / f"{name}.sse")


def expected(name):
    return json.loads((EXAMPLES / "expected" / f"{name}.json").read_bytes())


def block(**chunk):
    return sj.encode_sse(sj.StreamingChunk(**chunk))


def one_line(stderr):
    text = stderr.decode()
    assert text.endswith("\n")
    assert text.count("\n") == 1
    return text


@pytest.mark.parametrize(("command", "reported"), [("assemble", ["3 events, 2 changes", "1 skipped"]), ("watch", [])])
def test_a_skipped_event_is_reported(command, reported):
    result = run(command, "-", "--on-invalid", "skip", stdin=NAME + CONFLICT + SURNAME)
    assert result.returncode == 0
    assert "Jane Doe" in result.stdout.decode()
    first, *others = result.stderr.decode().splitlines()
    assert "skipped: -: name holds a string and a number came" in first
    assert "(event 2, byte offset 43" in first
    assert all(words in others[0] for words in reported)


def test_the_last_of_many_skipped_events_are_reported():
    result = run("assemble", "-", "--on-invalid", "skip", stdin=NAME + CONFLICT * 101)
    lines = result.stderr.decode().splitlines()
    assert len(lines) == 102
    assert lines[100].endswith("skipped: -: these are the last of 101 events")


# ----------------------------------------------------------------------------------------------------------------------
# examples


@pytest.mark.parametrize("name", NAMES)
def test_assemble_prints_an_example_even_if_it_breaks(name):
    result = run("assemble", example(name))
    assert json.loads(result.stdout) == expected(name)
    assert result.returncode == (1 if name in BROKEN else 0)
    one_line(result.stderr)


@pytest.mark.parametrize(
    ("name", "place"), [("error", "(event 53, byte offset 4052, "), ("cut", "(event 78, byte offset 5892, ")]
)
def test_a_broken_stream_is_reported_with_event_and_offset(name, place):
    assert place in one_line(run("assemble", example(name)).stderr)


def test_the_examples_are_what_their_script_writes(tmp_path):
    shutil.copy(EXAMPLES / "make_examples.py", tmp_path)
    subprocess.run([sys.executable, tmp_path / "make_examples.py"], check=True)
    for name in NAMES:
        assert (tmp_path / f"{name}.sse").read_bytes() == (EXAMPLES / f"{name}.sse").read_bytes()
        assert (tmp_path / "expected" / f"{name}.json").read_bytes() == (
            EXAMPLES / "expected" / f"{name}.json"
        ).read_bytes()


# ----------------------------------------------------------------------------------------------------------------------
# assemble

NAME = block(delta="Jane", json_path="name")
SURNAME = block(delta=" Doe", json_path="name")
DONE = b"data: [DONE]\n\n"
CONFLICT = block(delta=1, json_path="name")

ASSEMBLED = {
    "pretty": ([], NAME + SURNAME + DONE, 0, '{\n  "name": "Jane Doe"\n}\n', "done, 3 events, 2 changes"),
    "compact": (["--compact"], NAME + DONE, 0, '{"name":"Jane"}\n', "done"),
    "end without done": ([], NAME, 0, '{\n  "name": "Jane"\n}\n', "ended without [DONE]"),
    "done required": (["--require-done", "--compact"], NAME, 1, '{"name":"Jane"}\n', "without [DONE] (event 2, byte"),
    "every change": (["--every", "1"], NAME + SURNAME, 0, '{"name":"Jane"}\n{"name":"Jane Doe"}\n', ""),
    "every second change, and the last": (
        ["--every", "2"],
        NAME + SURNAME * 2,
        0,
        '{"name":"Jane Doe"}\n{"name":"Jane Doe Doe"}\n',
        "",
    ),
    "conflict": (["--compact"], NAME + CONFLICT + SURNAME, 1, '{"name":"Jane"}\n', "(event 2, byte offset 4"),
    "conflict replaced": (["--compact", "--on-conflict", "replace"], NAME + CONFLICT, 0, '{"name":1}\n', ""),
    "prefix": (["--compact", "--path-prefix", "name"], NAME, 0, '"Jane"\n', ""),
    "outside the prefix": (["--path-prefix", "x"], NAME, 1, "", "(event 1, byte offset 0)"),
    "bad JSON": ([], b"data: {\n\n", 1, "", "(event 1, byte offset 0)"),
    "new span": ([], block(span_id="a", delta="x") + block(span_id="b"), 1, '"x"\n', "(event 2, byte offset"),
    "new span resets": (
        ["--on-new-span", "reset"],
        block(span_id="a", delta="x") + block(span_id="b", delta="y"),
        0,
        '"y"\n',
        "",
    ),
    "limit": (
        [],
        NAME + block(delta=1, json_path="a[9999]"),
        1,
        '{\n  "name": "Jane"\n}\n',
        "max_array_gap = 1024; --no-size-limit lifts it ",
    ),
    "nothing": ([], b"", 1, "", "no document (0 events, 0 changes, 0 bytes)"),
    "not a stream": ([], bytes(range(256)), 1, "", "is not an event stream but looks like UTF-16; convert it first"),
    "another protocol": (
        [],
        b'data: {"event_type": "stream-start", "is_finished": false}\n\n',
        1,
        "",
        "error: -: this is an event of Cohere v1, not of deltas and paths",
    ),
    "only events that are not understood": (
        ["-q"],
        sj.encode_sse(sj.ServerSentEvent("x", event="note")) * 2,
        1,
        "",
        "error: -: the stream ended without a delta, after pings; the first: 'x' (event 3, byte",
    ),
    "null": ([], block(delta=None, json_path=""), 0, "null\n", ""),
    "one value": ([], block(delta=False, json_path=""), 0, "false\n", ""),
    "controls are escaped": ([], block(delta="\x9b\x7f\u2028", json_path=""), 0, '"\\u009b\\u007f\\u2028"\n', ""),
}


@pytest.mark.parametrize(("arguments", "stdin", "code", "stdout", "reported"), ASSEMBLED.values(), ids=ASSEMBLED)
def test_assemble(arguments, stdin, code, stdout, reported):
    result = run("assemble", "-", *arguments, stdin=stdin)
    assert (result.stdout.decode(), result.returncode) == (stdout, code)
    assert reported in one_line(result.stderr)


def test_quiet_leaves_out_the_status_but_not_errors():
    assert run("assemble", "-q", "-", stdin=NAME).stderr == b""
    assert b"error: -: " in run("assemble", "-q", "-", stdin=CONFLICT + NAME).stderr


def test_text_of_the_sender_does_not_steer_the_terminal():
    stdin = NAME + block(error_type="\x1b[2J", error_message="one\ntwo\x9b\u202e")
    reported = one_line(run("assemble", "-", stdin=stdin).stderr)
    assert "[2J" in reported
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", reported[:-1])


@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}], ids=repr)
def test_output_is_utf_8_whatever_the_locale(env):
    assert json.loads(run("assemble", example("people"), env=env).stdout) == expected("people")


def test_a_limit_of_size_names_the_option_that_lifts_it():
    stdin = block(delta="x" * (17 * 1024 * 1024), json_path="")
    assert "--no-size-limit lifts it" in one_line(run("assemble", "-", stdin=stdin).stderr)
    assert len(run("assemble", "-", "--no-size-limit", stdin=stdin).stdout) == 17 * 1024 * 1024 + 3


def test_snapshots_are_printed_before_the_stream_ends():
    with subprocess.Popen([*COMMAND, "assemble", "-", "-q", "--every", "1"], stdin=-1, stdout=-1) as process:
        for text in ("Jane", "Jane Doe"):
            process.stdin.write(NAME if text == "Jane" else SURNAME)
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == {"name": text}
        assert process.communicate()[0] == b""
    assert process.returncode == 0


# ----------------------------------------------------------------------------------------------------------------------
# a source of several streams

FAILURE = sj.encode_sse(sj.ServerSentEvent('{"error": {"message": "boom"}}'))
IGNORED = sj.encode_sse(sj.ServerSentEvent('{"usage": 5}'))
PING = b"event: ping\ndata: {}\n\n"
SPAN_A, SPAN_B = block(delta="a", span_id="A"), block(delta="b", span_id="B")

ALL = {
    "one": (NAME + SURNAME + DONE, ['{"name":"Jane Doe"}'], ["-: 1 document, 3 events, 100 bytes"]),
    "three": (NAME + DONE + SPAN_A + DONE + NAME, ['{"name":"Jane"}', '"a"', '{"name":"Jane"}'], ["-: 3 documents, "]),
    "of spans": (SPAN_A + SPAN_B, ['"a"', '"b"'], ["-: 2 documents, 2 events, "]),
    "pings and ends between": (NAME + DONE + PING + DONE + SPAN_A, ['{"name":"Jane"}', '"a"'], ["-: 2 documents, "]),
    "one that failed": (
        NAME + DONE + SURNAME + FAILURE + SPAN_A,
        ['{"name":"Jane"}', '"a"'],
        [
            "error: -: document 2: the sender failed: 'boom' (event 4, byte offset 100)",
            "-: 3 documents, 1 failed, 5 eve",
        ],
    ),
    "one in conflict": (
        NAME + DONE + NAME + CONFLICT + SURNAME + DONE + SPAN_A,
        ['{"name":"Jane"}', '"a"'],
        ["error: -: document 2: name holds a string and a number came", "-: 3 documents, 1 failed, 7 eve"],
    ),
    "one of another protocol": (
        b'data: {"event_type": "stream-start", "is_finished": false}\n\n' + DONE + NAME,
        ['{"name":"Jane"}'],
        ["error: -: document 1: this is an event of Cohere v1", "-: 2 documents, 1 failed, "],
    ),
    "one that is cut off": (
        NAME + DONE + SPAN_A + b"data: {",
        ['{"name":"Jane"}'],
        ["error: -: document 2: the source ended inside an event (byte offset 92)", "-: 2 documents, 1 failed, "],
    ),
    "one that is empty": (
        DONE + NAME,
        ['{"name":"Jane"}'],
        ["error: -: document 1: the stream contained no document", "-: 2 documents, 1 failed, "],
    ),
    "the source is cut off between two": (
        NAME + DONE + b"data: {",
        ['{"name":"Jane"}'],
        ["error: -: the source ended inside an event (event 3, byte offset 57)", "-: 1 document, "],
    ),
    "none": (b"", [], ["error: -: the source contained no document (0 events, 0 bytes)"]),
    "none, after pings": (
        PING,
        [],
        ["error: -: document 1: the stream ended without a delta, after ", "-: 1 document, 1 failed"],
    ),
    "ignored events": (
        NAME + DONE + IGNORED * 2 + SPAN_A,
        ['{"name":"Jane"}', '"a"'],
        [
            "warning: -: document 2: the event is ignored: it has none of the fields of a chunk (event 4, ",
            "-: 2 documents, ",
        ],
    ),
}


@pytest.mark.parametrize(("stdin", "documents", "reported"), ALL.values(), ids=ALL)
def test_all_prints_documents_and_reports_failures(stdin, documents, reported):
    result = run("assemble", "-", "--all", stdin=stdin)
    assert result.stdout.decode().splitlines() == documents
    lines = result.stderr.decode().splitlines()
    for line, beginning in zip(lines, reported, strict=True):
        assert line.startswith(f"streamjson: {beginning}")
    assert result.returncode == any("error: " in line for line in lines)


@pytest.mark.parametrize("arguments", [["--on-new-span", "error"], ["--on-new-span", "reset"]], ids=repr)
def test_all_splits_at_spans_whatever_on_new_span_says(arguments):
    result = run("assemble", "-", "--all", "-q", *arguments, stdin=SPAN_A + SPAN_B)
    assert (result.stdout, result.stderr, result.returncode) == (b'"a"\n"b"\n', b"", 0)


def test_all_with_require_done_checks_each_document():
    result = run("assemble", "-", "--all", "-q", "--require-done", stdin=SPAN_A + SPAN_B + DONE)
    assert (result.stdout, result.returncode) == (b'"b"\n', 1)
    assert one_line(result.stderr) == "streamjson: error: -: document 1: the source ended without [DONE]\n"


def test_skipped_events_are_reported_with_their_document():
    stdin = NAME + DONE + NAME + CONFLICT * 2 + DONE
    result = run("assemble", "-", "--all", "--on-invalid", "skip", stdin=stdin)
    first, second, status = result.stderr.decode().splitlines()
    assert first.startswith("streamjson: skipped: -: document 2: name holds a string")
    assert [re.search("event [0-9]+", line)[0] for line in (first, second)] == ["event 4", "event 5"]
    assert status.startswith("streamjson: -: 2 documents, 2 events skipped, 6 events, ")
    assert result.returncode == 0


@pytest.mark.parametrize("names", [["trip", "error", "people"], ["text", "trip", "cut"]], ids=repr)
def test_a_log_of_the_examples_is_printed_document_by_document(names):
    log = b"".join(Path(example(name)).read_bytes() for name in names)
    result = run("assemble", "-", "--all", stdin=log)
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        expected(name) for name in names if name not in BROKEN
    ]
    assert result.returncode == 1


RESTS = {
    "a document": (SPAN_A + DONE, "1 document in 2 events"),
    "a document without its end": (SPAN_A, "1 document in 1 event"),
    "documents of spans": (SPAN_A + SPAN_B, "2 documents in 2 events"),
    "an event that is not understood": (b"data: {\n\n", "1 document in 1 event"),
    "a failure": (PING + FAILURE, "1 document in 2 events"),
    "a document that is cut off": (SPAN_A + b"data: {", "1 document in 1 event"),
    "documents after a ping": (PING + SPAN_A + DONE + DONE + SPAN_A, "2 documents in 5 events"),
}


@pytest.mark.parametrize(("rest", "reported"), RESTS.values(), ids=RESTS)
@pytest.mark.parametrize("command", ["assemble", "watch"])
def test_a_second_document_is_an_error_after_the_first(command, rest, reported):
    result = run(command, "-", stdin=NAME + DONE + rest)
    assert json.loads(result.stdout) == {"name": "Jane"}
    assert result.returncode == 1
    assert one_line(result.stderr) == (
        f"streamjson: error: -: after the [DONE] of this document the source continues with {reported};"
        " `streamjson assemble --all` prints the document of each stream\n"
    )


@pytest.mark.parametrize("rest", [b"", PING, DONE, b": comment\n", b"\n", PING + DONE + b"data:\n\n"], ids=repr)
@pytest.mark.parametrize("command", ["assemble", "watch"])
def test_events_without_content_after_a_document_are_accepted(command, rest):
    result = run(command, "-", stdin=NAME + DONE + rest)
    assert result.returncode == 0
    assert "-: done, 2 events, 1 change, " in one_line(result.stderr)


def test_a_cut_event_after_a_document_is_its_own_error():
    result = run("assemble", "-", "--compact", stdin=NAME + DONE + PING + b"data: {")
    assert (result.stdout, result.returncode) == (b'{"name":"Jane"}\n', 1)
    assert "the source ended inside an event (event 4, byte offset " in one_line(result.stderr)


def test_a_document_after_an_empty_document_is_an_error_too():
    result = run("assemble", "-", stdin=DONE + NAME)
    assert (result.stdout, result.returncode) == (b"", 1)
    assert "continues with 1 document in 1 event" in one_line(result.stderr)


def test_a_new_span_names_the_options_that_continue():
    reported = one_line(run("assemble", "-", stdin=SPAN_A + SPAN_B).stderr)
    assert "span 'B' came after deltas of 'A'; `streamjson assemble --all` prints the document of each" in reported
    assert "--on-new-span reset that of the last one (event 2, byte offset " in reported


@pytest.mark.parametrize("option", [[], ["--all"], ["--every", "9"]], ids=repr)
def test_a_document_is_printed_before_later_input_is_read(option):
    with subprocess.Popen([*COMMAND, "assemble", "-", "--compact", *option], stdin=-1, stdout=-1, stderr=-1) as process:
        process.stdin.write(NAME + DONE)
        process.stdin.flush()
        assert process.stdout.readline() == b'{"name":"Jane"}\n'  # standard input is open
        stdout, stderr = process.communicate(SPAN_A)
    assert stdout == (b'"a"\n' if option == ["--all"] else b"")
    assert (b"continues with 1 document" in stderr) is (option != ["--all"])


ENCODED = {
    "Latin-1": (block(delta="x", json_path="a").replace(b'"x"', '"café"'.encode("latin-1")), 1),
    "Latin-1, in several places": (block(delta="x", json_path="a").replace(b'"x"', b'"\xe9 \xe8 \xfc"'), 3),
    "after the document": (NAME + DONE + block(delta="x").replace(b"x", b"\xe9"), 1),
    "in an event that is rejected": (NAME + CONFLICT + block(delta="x").replace(b"x", b"\xe9"), 1),
}


@pytest.mark.parametrize("command", [["assemble"], ["assemble", "--all"], ["watch"]], ids=repr)
@pytest.mark.parametrize(("stdin", "count"), ENCODED.values(), ids=ENCODED)
def test_bytes_that_are_not_utf_8_cause_a_warning(command, stdin, count):
    result = run(*command, "-", stdin=stdin)
    warnings = [line for line in result.stderr.decode().splitlines() if "warning: " in line]
    sequences = f"{count} sequence" if count == 1 else f"{count} sequences"
    assert warnings == [f"streamjson: warning: -: replaced {sequences} of bytes that are not UTF-8 by U+FFFD"]


@pytest.mark.parametrize("command", [["assemble"], ["assemble", "--all"], ["watch"]], ids=repr)
def test_bytes_that_are_not_utf_8_do_not_change_the_exit_code(command):
    result = run(*command, "-", "-q", stdin=ENCODED["Latin-1"][0])
    assert json.loads(result.stdout) == {"a": "caf\ufffd"}
    assert "not UTF-8" in one_line(result.stderr)
    assert result.returncode == 0


def test_a_replacement_character_of_the_sender_is_no_warning():
    assert b"warning" not in run("assemble", "-", stdin=block(delta="\ufffd")).stderr


@pytest.mark.parametrize("count", [1, 2])
def test_ignored_events_cause_a_warning(count):
    result = run("assemble", "-", stdin=NAME + IGNORED * count)
    warning, status = result.stderr.decode().splitlines()
    assert "warning: -: the event is ignored: it has none of the fields of a chunk (event " in warning
    assert warning.endswith(", the last of 2 such events") is (count == 2)
    assert "ended without [DONE]" in status
    assert result.returncode == 0


# ----------------------------------------------------------------------------------------------------------------------
# split


@pytest.mark.parametrize("name", ["trip", "people", "text"])
@pytest.mark.parametrize("chars", ["1", "4", "1000"])
def test_split_is_the_inverse_of_assemble(name, chars):
    stream = run("split", str(EXAMPLES / "expected" / f"{name}.json"), "--piece-chars", chars)
    assert (stream.returncode, stream.stderr) == (0, b"")
    assert json.loads(run("assemble", "-", "--require-done", stdin=stream.stdout).stdout) == expected(name)


def test_split_writes_ids_from_1_and_optionally_done():
    events = list(sj.decode_sse(run("split", "-", stdin=b'["Jane", 1]').stdout))
    assert [event.id for event in events] == ["1", "2", None]
    assert events[-1].data == "[DONE]"
    assert len(list(sj.decode_sse(run("split", "-", "--no-done", stdin=b'["Jane", 1]').stdout))) == 2


UNSPLIT = {
    "empty": (b"", "not JSON"),
    "not JSON": (b'{"a": 1,}', "not JSON"),
    "not UTF-8": (b'"\xff"', "byte 0xff at offset 1"),
    "not a number": (b"[NaN]", "NaN"),
    "a number that overflows": (b"[1e999]", "inf"),
    "many digits": (b"9" * 5000, "max_number_digits"),
    "deep": (b"[" * 100_000 + b"]" * 100_000, "max_depth"),
    "half a character in a name": (b'{"\\ud800": 1}', "surrogate"),
}


@pytest.mark.parametrize(("stdin", "reported"), UNSPLIT.values(), ids=UNSPLIT)
def test_split_reports_an_invalid_document_in_one_line(stdin, reported):
    result = run("split", "-", stdin=stdin)
    assert (result.returncode, result.stdout) == (2, b"")
    assert reported in one_line(result.stderr)


# ----------------------------------------------------------------------------------------------------------------------
# the process: arguments, exit codes, pipes, signals

MISTAKES = {
    "no command": [],
    "unknown command": ["melt"],
    "no file": ["assemble"],
    "no such file": ["assemble", "missing.sse"],
    "no such file to watch": ["watch", "missing.sse"],
    "no such file to split": ["split", "missing.json"],
    "empty name": ["assemble", ""],
    "directory": ["assemble", "."],
    "directory to split": ["split", "."],
    "every 0": ["assemble", "-", "--every", "0"],
    "every x": ["assemble", "-", "--every", "x"],
    "every superscript": ["assemble", "-", "--every", "²"],
    "bad prefix": ["assemble", "-", "--path-prefix", "a[*]"],
    "bad policy": ["assemble", "-", "--on-conflict", "perhaps"],
    "bad speed": ["watch", "-", "--speed", "fast"],
    "negative speed": ["watch", "-", "--speed", "-1"],
    "endless speed": ["watch", "-", "--speed", "nan"],
    "bad size": ["watch", "-", "--export", "x.svg", "--export-size", "80"],
    "event without a picture": ["watch", "-", "--export-at", "5"],
    "size without a picture": ["watch", "-", "--export-size", "80x24"],
    "no such folder": ["watch", "-", "--export", "missing/x.svg"],
    "abbreviation": ["assemble", "-", "--comp"],
    "all documents and every change": ["assemble", "-", "--all", "--every", "1"],
    "piece of 0": ["split", "-", "--piece-chars", "0"],
}


@pytest.mark.parametrize("arguments", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_exit_with_2_and_no_traceback(arguments):
    result = run(*arguments, stdin=NAME)
    assert result.returncode == 2
    assert result.stdout == b""
    assert b"Traceback" not in result.stderr
    assert result.stderr.splitlines()[-1].startswith(b"streamjson")


URLS = {
    "assemble": ("assemble", "ws://api.example/stream", "curl -N ws://api.example/stream | streamjson assemble -"),
    "watch": ("watch", "FTP://a.example/?b=1&c=%20", "curl -N 'FTP://a.example/?b=1&c=%20' | streamjson watch -"),
    "split": ("split", "ftp://a.example/b.json", "curl -N ftp://a.example/b.json | streamjson split -"),
}


@pytest.mark.parametrize(("command", "url", "advice"), URLS.values(), ids=URLS)
def test_a_url_that_is_not_read_is_answered_with_a_pipe_that_reads_it(command, url, advice):
    result = run(command, url)
    assert (result.returncode, result.stdout) == (2, b"")
    reported = result.stderr.decode().splitlines()[-1]
    assert reported == f"streamjson {command}: error: argument FILE: a URL is not a file; run: {advice}"


DOCUMENTS = {
    "object": b'{\n  "data": 1\n}\n',
    "array, without a line end": b"[1]",
    "after a byte order mark and blanks": b'\xef\xbb\xbf\n\t {"a": 1}\n',
    "larger than an event may be": b'{"a": "' + b"x" * (17 * 1024 * 1024) + b'"}',
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize("command", ["assemble", "watch"])
def test_json_document_is_answered_with_advice(tmp_path, command, document):
    path = tmp_path / "a document.json"
    path.write_bytes(document)
    picture = ["--export", str(tmp_path / "x.svg")] if command == "watch" else []
    result = run(command, str(path), *picture)
    assert (result.returncode, result.stdout) == (1, b"")
    advice = f"{TEXT_ADVICE}\n"
    assert one_line(result.stderr).endswith(advice)


@pytest.mark.parametrize("stdin", [b"", b"<html>{\n", NAME + b"{", b"data: {\n\n"], ids=repr)
def test_advice_is_only_for_json_documents(stdin):
    assert b"--from text" not in run("assemble", "-", stdin=stdin).stderr


TEXT_ADVICE = "; to read JSON text, add --from text"
NO_STREAMS = {
    "HTML": (b"<html>\n<body>", r"HTML or XML; it begins `<html>\n<body>`"),
    "JSON": (b'{"a": "b"}', f'JSON; it begins `{{"a": "b"}}`{TEXT_ADVICE}'),
    "an error": (b'{"error": "no key"}', 'JSON; it begins `{"error": "no key"}`; it may be an error message of an API'),
    "JSON lines": (b"{}\n{}\n", f"JSON lines; if its lines are events, add `--from json_lines`{TEXT_ADVICE}"),
    "gzip": (b"\x1f\x8b" + bytes(300), "gzip; decompress it first, with `gunzip` or `curl --compressed`"),
    "zstd": (b"\x28\xb5\x2f\xfd", "zstd; decompress it first, with `zstd -d` or `curl --compressed`"),
    "UTF-16": ("data: 1\n\n".encode("utf-16"), "UTF-16; convert it first, with `iconv -f UTF-16 -t UTF-8`"),
    "words": (b"x" * 100 + b"\n", f"text or bytes of another kind; it begins `{'x' * 80}`"),
}


@pytest.mark.parametrize("option", [[], ["--all"]], ids=repr)
@pytest.mark.parametrize(("stdin", "reported"), NO_STREAMS.values(), ids=NO_STREAMS)
def test_an_input_without_events_is_reported_without_a_position(option, stdin, reported):
    result = run("assemble", "-", *option, stdin=stdin)
    assert (result.returncode, result.stdout) == (1, b"")
    message = f"streamjson: error: -: the input is not an event stream but looks like {reported}\n"
    assert one_line(result.stderr) == message


def test_an_error_page_after_events_is_reported():
    result = run("assemble", "-", stdin=NAME + b"<html>502 Bad Gateway</html>\n")
    assert (result.returncode, json.loads(result.stdout)) == (1, {"name": "Jane"})
    assert b"the stream ends in HTML or XML instead of events" in result.stderr


def test_split_advises_assemble_for_an_event_stream(tmp_path):
    path = tmp_path / "a.sse"
    path.write_bytes(NAME)
    assert one_line(run("split", str(path)).stderr).endswith(
        f"; it looks like an event stream, which `streamjson assemble {path}` reads\n"
    )


def test_a_conflict_names_the_option_of_the_command():
    result = run("assemble", "-", stdin=NAME + b'data: {"delta": 1, "json_path": "name"}\n\n')
    assert b"; --on-conflict replace lets the newer one win" in result.stderr


@pytest.mark.parametrize("size", ["10", "x", "0x5", "80x", "80x24x2"])
def test_an_invalid_size_shows_the_format(size):
    result = run("watch", "-", "--export", "a.svg", "--export-size", size)
    assert result.stderr.decode().endswith(f"argument --export-size: {size!r} is not COLSxROWS, as in 80x24\n")


UNRECOGNIZED = {
    "option of assemble": (["assemble", "-", "--foo"], "assemble", "--foo"),
    "abbreviation": (["watch", "-", "--comp"], "watch", "--comp"),
    "option of another command": (["split", "-", "--every", "1"], "split", "--every 1"),
    "option before the file": (["watch", "--foo", "-"], "watch", "--foo"),
    "second file": (["assemble", "-", "b.sse"], "assemble", "b.sse"),
    "option before the command": (["--foo", "assemble", "-"], "", "--foo"),
    "one that steers the terminal": (["assemble", "-", "--\x1b[2J"], "assemble", r"--\u001b[2J"),
}


@pytest.mark.parametrize(("arguments", "command", "reported"), UNRECOGNIZED.values(), ids=UNRECOGNIZED)
def test_unrecognized_arguments_show_the_usage_of_their_command(arguments, command, reported):
    result = run(*arguments)
    name = f"streamjson {command}".strip()
    usage, *_, error = result.stderr.decode().splitlines()
    assert usage.startswith(f"usage: {name} [-h]")
    assert error == f"{name}: error: unrecognized arguments: {reported}"
    assert (result.returncode, result.stdout) == (2, b"")


@pytest.mark.parametrize("command", [[], ["assemble"], ["watch"], ["split"]], ids=repr)
def test_help_has_examples_and_exit_codes(command):
    result = run(*command, "--help")
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"examples:\n  " in result.stdout
    assert b"exit codes:\n" in result.stdout or command == ["split"]


def test_version():
    assert run("--version").stdout.decode() == f"streamjson {sj.__version__}\n"


def test_closing_the_output_ends_the_command_quietly():
    with subprocess.Popen([*COMMAND, "assemble", example("trip"), "--every", "1"], stdout=-1, stderr=-1) as process:
        assert json.loads(process.stdout.readline()) == {"title": "Five"}
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("arguments", [["assemble", example("trip")], ["split", "-"], ["--version"]], ids=repr)
def test_a_full_output_is_reported_in_one_line(arguments):
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run([*COMMAND, *arguments], input=b"1", stdout=full, stderr=-1, check=False)
    assert result.returncode == 2
    assert "No space left on device" in one_line(result.stderr)


CLOSED = {
    "input": ("assemble - <&-", 2, "standard input is closed"),
    "output": ("assemble - >&-", 2, "standard output is closed"),
    "errors": ("assemble - 2>&-", 0, ""),
    "all": ("assemble - <&- >&- 2>&-", 2, ""),
    "output, for the version": ("--version >&-", 2, "standard output is closed"),
    "output, for the help": ("--help >&-", 2, "standard output is closed"),
    "output, for a command's help": ("split --help >&-", 2, "standard output is closed"),
    "all, for the help": ("--help <&- >&- 2>&-", 2, ""),
}


@pytest.mark.parametrize(("line", "code", "reported"), CLOSED.values(), ids=CLOSED)
def test_a_closed_standard_stream_is_reported_in_one_line(line, code, reported):
    script = f'printf \'data: {{"delta": 1, "json_path": "a"}}\\n\\n\' | "$0" -m streamjson {line}'
    result = subprocess.run(["sh", "-c", script, sys.executable], capture_output=True, check=False)
    assert result.returncode == code
    if reported:
        assert one_line(result.stderr) == f"streamjson: error: {reported}\n"
    else:
        assert result.stderr == b""


def test_a_mistake_without_standard_error_prints_nothing():
    script = '"$0" -m streamjson assemble 2>&-'
    result = subprocess.run(["sh", "-c", script, sys.executable], capture_output=True, check=False)
    assert (result.returncode, result.stdout) == (2, b"")


def test_ctrl_c_exits_with_130_and_no_traceback():
    arguments = ["assemble", "-", "--every", "1"]
    with subprocess.Popen([*COMMAND, *arguments], stdin=-1, stdout=-1, stderr=-1) as process:
        process.stdin.write(NAME)
        process.stdin.flush()
        process.stdout.readline()  # from here on it waits for more
        process.send_signal(signal.SIGINT)
        assert process.communicate() == (b"", b"")
    assert process.returncode == 130


def test_the_unrelated_distribution_causes_a_warning(tmp_path):
    metadata = tmp_path / "streamjson-0.0.1.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: streamjson\nVersion: 0.0.1\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    result = run("--version", env={"PYTHONPATH": path})
    assert "unrelated distribution `streamjson` 0.0.1" in one_line(result.stderr)
    assert result.returncode == 0


def test_watch_without_rich_names_the_extra(tmp_path):
    (tmp_path / "rich.py").write_text("raise ImportError")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    result = run("watch", example("trip"), "--export", str(tmp_path / "x.svg"), env={"PYTHONPATH": path})
    assert result.returncode == 2
    assert "pip install 'streamjson-assembler[cli]'" in one_line(result.stderr)


PIECES = [b"data: ", b"id: ", b"event: ", b"\n", b"\r", b'{"delta": ', b'"a"', b"1", b', "json_path": "a[0].b"', b"}"]


@given(pieces=st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=30))
@pytest.mark.parametrize("command", [["assemble"], ["assemble", "--all"], ["split"], ["watch"]], ids=repr)
def test_any_bytes_leave_no_traceback(tmp_path_factory, command, pieces):
    path = tmp_path_factory.getbasetemp() / f"{len(command)}{command[0]}.bytes"
    path.write_bytes(b"".join(pieces))
    reported = io.StringIO()
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")), redirect_stderr(reported):
        code = main([*command, str(path)])
    assert code in {0, 1, 2}
    lines = reported.getvalue().splitlines()
    assert all(line.startswith("streamjson: ") for line in lines)
    assert sum("warning: " not in line for line in lines) <= (100 if "--all" in command else 1)


# ----------------------------------------------------------------------------------------------------------------------
# watch, without and with a terminal


@pytest.mark.parametrize("name", NAMES)
def test_watch_without_a_terminal_does_what_assemble_does(name):
    watched, assembled = run("watch", example(name)), run("assemble", example(name))
    assert (watched.returncode, watched.stdout, watched.stderr) == (
        assembled.returncode,
        assembled.stdout,
        assembled.stderr,
    )


@pytest.fixture(autouse=True)
def _default_signals():
    """Ignore no signal: `nohup` and shells in the background do, and the command would inherit that."""
    ignored = [
        number
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
        if signal.getsignal(number) is signal.SIG_IGN
    ]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


class Terminal:
    """A pseudo-terminal that runs the command, and all that it has shown."""

    def __init__(self, *arguments, columns=80, rows=24, stdin=None, env=None, ignored=()):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "LINES", "NO_COLOR"}}

        def prepare():
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for number in ignored:
                signal.signal(number, signal.SIG_IGN)

        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=slave if stdin is None else stdin,
            stdout=slave,
            stderr=slave,
            env={**environment, "TERM": "xterm-256color", **(env or {})},
            start_new_session=True,
            preexec_fn=prepare,  # noqa: PLW1509  # else no Ctrl-C reaches it
        )
        os.close(slave)
        self.shown = ""

    def read_to(self, text):
        """Read until `text` is shown, or to the end if `text` is None."""
        while text is None or text not in self.shown:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # on Linux, the other end is closed
                data = b""
            if not data:
                assert text is None, self.shown
                return
            self.shown += data.decode(errors="replace")

    def finish(self):
        self.read_to(None)
        os.close(self.master)
        return self.process.wait()

    @property
    def left(self):
        """The lines on the ordinary screen at the end, as plain text."""
        _, _, left = self.shown.rpartition("\x1b[?1049l")
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", left).split("\r\n")


@pytest.mark.parametrize(
    ("name", "code", "state"),
    [("trip", 0, "done"), ("people", 0, "done"), ("text", 0, "done"), ("error", 1, "failed"), ("cut", 1, "cut off")],
)
def test_watch_leaves_a_clean_screen_with_the_last_view(name, code, state):
    terminal = Terminal("watch", example(name), "--speed", "max")
    assert terminal.finish() == code
    assert_restored(terminal.shown)
    assert terminal.shown.count("\x1b[?1049h") == 1
    assert terminal.left[0].startswith(example(name))
    assert any(line.startswith(f"● {state} ") for line in terminal.left)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (60, 15), (30, 8), (3, 2)])
def test_watch_works_in_small_terminals(columns, rows):
    terminal = Terminal("watch", example("trip"), "--speed", "max", columns=columns, rows=rows)
    assert terminal.finish() == 0
    assert len(terminal.left) <= rows
    assert all(cell_len(line) <= columns for line in terminal.left)


def test_watch_without_colour_and_unicode():
    terminal = Terminal(
        "watch", example("people"), "--speed", "max", env={"NO_COLOR": "1", "PYTHONIOENCODING": "ascii"}
    )
    assert terminal.finish() == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", terminal.shown)
    assert terminal.shown.isascii()
    assert '"count": 6' in "".join(terminal.left)


def test_watch_in_a_dumb_terminal_prints_the_result():
    terminal = Terminal("watch", example("trip"), env={"TERM": "dumb"})
    assert terminal.finish() == 0
    assert "\x1b" not in terminal.shown
    assert '  "travellers": 2,' in terminal.left


def assert_restored(shown):
    """Check that the alternate screen is left, and that the cursor and autowrap are on again."""
    assert shown.count("\x1b[?1049h") == shown.count("\x1b[?1049l") > 0
    for restored, changed in [("\x1b[?1049l", "\x1b[?1049h"), ("\x1b[?25h", "\x1b[?25l"), ("\x1b[?7h", "\x1b[?7l")]:
        assert shown.rindex(restored) > shown.rindex(changed)


@contextlib.contextmanager
def endless_stream():
    """Yield standard input that never ends or pauses: one string that grows."""
    command = ["yes", block(delta="x", json_path="a").decode().removesuffix("\n")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as endless:
        yield endless.stdout
        endless.kill()


@contextlib.contextmanager
def silent_stream():
    """Yield standard input that contains one event and stays open."""
    reading, writing = os.pipe()
    os.write(writing, NAME)
    with open(reading), open(writing, "w"):  # noqa: PTH123  # descriptors
        yield reading


@contextlib.contextmanager
def no_input():
    yield None


WATCHED = {
    "while it waits for input": ("-", silent_stream),
    "while it replays a file": (example("trip"), no_input),
    "while it draws at full speed": ("-", endless_stream),
}
ENDING = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129, "SIGQUIT": 131}


@pytest.mark.parametrize(("name", "code"), ENDING.items(), ids=ENDING)
@pytest.mark.parametrize(("file", "stdin"), WATCHED.values(), ids=WATCHED)
def test_a_signal_that_ends_watch_restores_the_terminal(name, code, file, stdin):
    with stdin() as source:
        terminal = Terminal("watch", file, stdin=source)
        terminal.read_to("● open")
        terminal.process.send_signal(signal.Signals[name])
        exit_code = terminal.finish()
    assert_restored(terminal.shown)
    assert exit_code == code
    assert "Traceback" not in terminal.shown
    assert any(line.startswith("● stopped ") for line in terminal.left)


def test_consecutive_signals_restore_the_terminal():
    """For example from `timeout`, which signals the process and then its group, or from a Ctrl-C that is held down."""
    with silent_stream() as source:
        terminal = Terminal("watch", "-", stdin=source)
        terminal.read_to("● open")
        for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGTERM"):
            terminal.process.send_signal(signal.Signals[name])
        exit_code = terminal.finish()
    assert_restored(terminal.shown)
    # Python handles the lowest pending signal first. One that comes after the terminal was restored may end the process
    # itself, for which a shell reports the same code.
    assert (128 - exit_code if exit_code < 0 else exit_code) in {129, 130, 143}


def test_watch_ends_when_its_terminal_is_closed():
    with silent_stream() as source:
        terminal = Terminal("watch", "-", stdin=source)
        terminal.read_to("● open")
        os.close(terminal.master)
        assert terminal.process.wait() == 129


def test_watch_ignores_the_hangup_under_nohup():
    with silent_stream() as source:
        terminal = Terminal("watch", "-", stdin=source, ignored=[signal.SIGHUP])
        terminal.read_to("● open")
        terminal.process.send_signal(signal.SIGHUP)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.finish() == 143


def test_a_suspension_restores_the_terminal_meanwhile():
    """Without a shell that could continue the process, the system ignores the stop, and it continues at once."""
    reading, writing = os.pipe()
    terminal = Terminal("watch", "-", stdin=reading)
    os.close(reading)
    os.write(writing, NAME)
    terminal.read_to("● open")
    terminal.process.send_signal(signal.SIGTSTP)
    os.write(writing, SURNAME)
    os.close(writing)
    assert terminal.finish() == 0
    _, between, _ = terminal.shown.split("\x1b[?1049h")
    assert "Jane" in between
    assert between.endswith("\x1b[?25h\x1b[?1049l\x1b[?7h\x1b[?7l")  # restored, and taken again
    assert_restored(terminal.shown)


def test_a_signal_is_held_back_until_the_process_waits():
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Ended) as ended:  # noqa: PT012  # the block tests what is held back
        with Signals(lambda: None, lambda: None) as signals:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGHUP)
            assert signals.received == signal.SIGTERM
            with pytest.raises(Ended), signals.waiting():
                pytest.fail("the signal was held back until this wait")
            signal.raise_signal(signal.SIGTERM)  # the process no longer waits
        pytest.fail("the end of the block raises the signal")
    assert ended.value.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_signal_takes_precedence_over_an_error_it_causes():
    with pytest.raises(Ended), Signals(lambda: None, lambda: None):  # noqa: PT012  # a signal, and then an error
        signal.raise_signal(signal.SIGHUP)
        raise OSError(errno.EIO, "the terminal is closed")


def test_watch_reports_a_second_document_after_its_last_view():
    reading, writing = os.pipe()
    terminal = Terminal("watch", "-", stdin=reading, columns=200)
    os.close(reading)
    os.write(writing, NAME + DONE)
    terminal.read_to("● done")
    terminal.read_to("\x1b[?1049l")  # and then it waits
    os.write(writing, SPAN_A)
    os.close(writing)
    assert terminal.finish() == 1
    assert_restored(terminal.shown)
    assert terminal.shown.count("\x1b[?1049h") == 1
    assert any("the source continues with 1 document in 1 event" in line for line in terminal.left)
    assert any(line.startswith("● done ") for line in terminal.left)


@pytest.mark.parametrize(("name", "code"), ENDING.items(), ids=ENDING)
def test_a_signal_ends_watch_after_the_document_has_ended(name, code):
    reading, writing = os.pipe()
    terminal = Terminal("watch", "-", stdin=reading)
    os.close(reading)
    os.write(writing, NAME + DONE)
    terminal.read_to("\x1b[?1049l")
    terminal.process.send_signal(signal.SIGTSTP)  # the terminal is not restored twice
    terminal.process.send_signal(signal.Signals[name])
    exit_code = terminal.finish()
    os.close(writing)
    assert exit_code == code
    assert_restored(terminal.shown)
    assert terminal.shown.count("\x1b[?1049h") == 1
    assert "Traceback" not in terminal.shown


def test_watch_shows_input_as_it_arrives_and_stops_at_ctrl_c():
    reading, writing = os.pipe()
    terminal = Terminal("watch", "-", stdin=reading)
    os.close(reading)
    terminal.read_to("no document yet")
    os.write(writing, NAME)
    terminal.read_to("Jane")
    os.write(writing, SURNAME)
    terminal.read_to(" Doe")
    os.write(terminal.master, b"\x03")
    assert terminal.finish() == 130
    os.close(writing)
    assert "Traceback" not in terminal.shown
    assert any(line.startswith("● stopped ") for line in terminal.left)


# ----------------------------------------------------------------------------------------------------------------------
# watch: time


class Time:
    """A clock that advances when the show waits, and input that arrives at given times."""

    def __init__(self, arrivals=()):
        self.time = 0.0
        self.arrivals = list(arrivals)

    def now(self):
        return self.time

    def sleep(self, seconds):
        assert seconds > 0
        self.time += seconds

    def readable(self, descriptor, seconds):
        if not self.arrivals or self.arrivals[0] <= self.time + seconds:
            self.time = max(self.time, self.arrivals.pop(0) if self.arrivals else self.time)
            return True
        self.time += seconds
        return False


class PreparedSource(Source):
    """A source with prepared pieces."""

    def pieces(self):
        for piece in self.given:
            self.position = self.received
            self.before_read()
            self.received += len(piece)
            yield piece


def show(pieces, speed, arrivals=()):
    """Return the frames, each with its time; the time at the end; and the error that ended the show."""
    frames = []
    clock = Time(arrivals)
    source = PreparedSource(0, "a stream")
    source.given = pieces
    shower = Show(source, clock, speed, lambda snapshot, status: frames.append((clock.time, snapshot, status)))
    source.before_read, source.before_event = shower.before_read, shower.before_event
    error = shower.run(source.snapshots(OPTIONS))
    return frames, clock.time, error


OPTIONS = type("Options", (), {
    "no_size_limit": False, "require_done": False, "path_prefix": "", "on_conflict": "error", "on_new_span": "error",
    "on_invalid": "raise", "format": "sse", "wrapper": None,
})  # fmt: skip


@pytest.mark.parametrize("speed", [0, 3, 60, 1000, 1e6])
def test_there_are_at_most_ten_frames_a_second_and_at_least_one(speed):
    frames, end, error = show([(EXAMPLES / "trip.sse").read_bytes()], speed)
    assert error is None
    assert end == pytest.approx(625 / speed if speed else 0)  # [DONE] is the event after the 625th
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(frames)]
    assert all(0.1 - 1e-9 <= gap <= 1.0 + 1e-9 for gap in gaps)
    assert 1 <= len(frames) <= end / 0.1 + 1


def test_a_frame_shows_the_document_at_its_time():
    pieces = [block(delta="x", json_path="a") for _ in range(100)]
    frames, _, _ = show(pieces, 50)
    for time, snapshot, status in frames:
        assert status.events == snapshot.version
        assert status.events == pytest.approx(time * 50, abs=1.001)
        assert status.bytes == status.events * len(pieces[0])
        assert status.elapsed == time
    assert frames[-1][2].per_second == pytest.approx(50, rel=0.1)


def test_a_frame_is_drawn_every_second_while_nothing_comes():
    frames, _, _ = show([NAME, SURNAME], 0, arrivals=[0, 10.5])
    assert [status.state for _, _, status in frames] == ["waiting"] + ["open"] * (len(frames) - 1)
    assert [round(time, 3) for time, _, _ in frames] == [0, 0.1, 1.1, 2.1, 3.1, 4.1, 5.1, 6.1, 7.1, 8.1, 9.1, 10.1]


def test_the_error_of_a_stream_ends_the_show():
    frames, _, error = show([NAME, CONFLICT, SURNAME], 10)
    assert isinstance(error, sj.ConflictError)
    assert frames[-1][2].events == 1


# ----------------------------------------------------------------------------------------------------------------------
# watch: the view

SIZES = [(80, 24), (60, 15), (120, 60), (20, 5), (7, 3), (1, 1)]


def drawn(snapshot, columns=80, rows=24, **options):
    status = Status("trip.sse", snapshot.end, 12345, 59.6, 1_234_567, 83.2)
    return view(snapshot, status, columns, rows, **options).plain.split("\n")


def snapshots(name):
    with contextlib.suppress(sj.StreamJSONError):
        yield from sj.assemble(sj.decode_sse((EXAMPLES / f"{name}.sse").read_bytes()))


def snapshot_of(*deltas, done=False):
    assembler = sj.Assembler(limits=sj.Limits(max_nodes=None))
    for path, delta in deltas:
        assembler.apply_delta(path, delta)
    if done:
        assembler.close()
    return assembler.snapshot()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_the_view_fits(name, columns, rows):
    for snapshot in list(snapshots(name))[::-5]:
        lines = drawn(snapshot, columns, rows)
        assert len(lines) == rows
        assert max(map(cell_len, lines)) <= columns
        assert len(drawn(snapshot, columns, rows, fill=False)) <= rows
        assert "".join(drawn(snapshot, columns, rows, ascii_only=True)).isascii()


@pytest.mark.parametrize("name", ["trip", "people"])
def test_the_change_is_in_view_at_every_event(name):
    for snapshot in snapshots(name):
        if snapshot.complete:
            continue
        marked = [line for line in drawn(snapshot, 80, 24) if line.startswith("▸ ")]
        assert len(marked) == 1
        change = snapshot.changes[-1]
        if change.kind == "append" and isinstance(change.path[-1], str):
            assert marked[0].lstrip("▸ ").startswith(f'"{change.path[-1]}": "')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda items: st.lists(items, max_size=6) | st.dictionaries(st.text(max_size=8), items, max_size=6),
    max_leaves=40,
)


@given(value=json_values, data=st.data())
def test_the_view_of_any_document_fits_and_steers_no_terminal(value, data):
    chunks = data.draw(st.permutations(list(sj.disassemble(value, 3))))  # with holes and interleaved fields
    columns, rows = data.draw(st.sampled_from(SIZES))
    assembler = sj.Assembler(on_conflict="replace")
    for number, chunk in enumerate(chunks):
        assembler.apply(chunk)
        snapshot = assembler.snapshot()
        lines = drawn(snapshot, columns, rows)
        assert len(lines) == rows
        assert max(map(cell_len, lines)) <= columns
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e]", "".join(lines))
        if number % 5 == 0:
            view_late = drawn(snapshot, columns, rows)
            assert view_late == lines
    assembler.close()
    assert len(drawn(assembler.snapshot(), columns, rows)) == rows


def test_only_finished_parts_are_folded_and_ticked():
    snapshot = snapshot_of(("a", {"x": [1, None], "y": "z"}), ("b.c", "te"), ("b.c", "xt"))
    assert drawn(snapshot, 60, 9, fill=False)[1:-1] == [
        "  {",
        '✓   "a": {"x": [1, null], "y": "z"}',
        '    "b": {',
        '▸     "c": "text▌',
    ]


def test_an_ended_document_is_opened_as_far_as_it_fits():
    snapshot = snapshot_of(("a", "x" * 50), ("b", list(range(100))), ("c", {"d": "y" * 60, "e": 1}), done=True)
    assert drawn(snapshot, 60, 12, fill=False)[2:-2] == [
        "✓ {",
        f'✓   "a": "{"x" * 49}…',
        '✓   "b": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,…',
        '✓   "c": {',
        f'✓     "d": "{"y" * 47}…',
        '✓     "e": 1',
        "    }",
        "  }",
    ]


def test_a_wide_ended_document_counts_its_hidden_items():
    lines = drawn(snapshot_of(("a", list(range(1000))), done=True), 40, 14)
    assert "      … 995 more" in lines
    assert '✓   "a": [' in lines


def test_items_without_a_line_are_counted():
    lines = drawn(snapshot_of(("a", [{"b": number} for number in range(100)]), ("a[100].b", 1), ("a[50].b", 2)), 60, 12)
    assert '    "a": [  … 48 above, 48 below' in lines


def test_a_deep_document_shows_its_end():
    lines = drawn(snapshot_of(("a" + "[0]" * 40, "deep")), 60, 10)
    assert lines[2].startswith("  … 37 levels up")
    assert any("deep▌" in line for line in lines)


def test_a_growing_text_shows_its_last_whole_lines():
    snapshot = snapshot_of(("a", "one "), ("a", "word " * 1000), ("a", "end"))
    lines = drawn(snapshot, 40, 12, fill=False)
    assert lines[3].startswith('▸   "a": …')
    assert lines[-3].endswith("end▌")


def test_a_text_without_structure_is_shown_as_text():
    lines = drawn(snapshot_of(("", "# One\n\nTwo words and\x1b[2J more"), ("", ".")), 20, 8, fill=False)
    assert lines[1:-1] == ["  # One", "  ", "  Two words", "▸ and\\u001b[2J more.▌"[:21]] or lines[1] == "  # One"


@pytest.mark.parametrize(
    ("columns", "status"),
    [
        (80, "● done   12,345 events   60/s   1.2 MB   1:23"),
        (40, "● done  12,345 events  60/s  1.2 MB"),
        (24, "● done  12,345 events"),
        (6, "● done"),
        (4, "● d…"),
    ],
)
def test_a_narrow_status_omits_the_least_important_parts(columns, status):
    snapshot = sj.Assembler().snapshot()
    reported = Status("trip.sse", "done", 12345, 59.6, 1_234_567, 83.2)
    assert view(snapshot, reported, columns, 5).plain.split("\n")[-1] == status


@pytest.mark.parametrize("state", ["cut off", "failed", "bad event", "stopped"])
def test_a_broken_stream_is_marked_where_it_broke(state):
    status = Status("trip.sse", state, 1, 1, 1, 1)
    lines = view(snapshot_of(("a", "x")), status, 60, 9).plain.split("\n")
    assert '✗   "a": "x▌' in lines
    assert lines[-1].startswith(f"● {state} ")


# ----------------------------------------------------------------------------------------------------------------------
# watch: only what fits is read


def calls(function):
    """Return the number of calls, to Python and C functions, that a call makes."""
    counted = 0

    def count(frame, event, argument):
        nonlocal counted
        counted += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return counted


WIDE = {
    "array": lambda count: [("items", [{"name": "x", "number": 1}] * count), (f"items[{count}].name", "new")],
    "object": lambda count: [("", {f"name {number}": number for number in range(count)}), ("last", "new")],
    "array, in the middle": lambda count: [("items", [{"a": "x"}] * count), (f"items[{count // 2}].a", "y")],
    "ended": lambda count: [("items", [{"name": "x", "number": 1}] * count), ("z", "x" * count)],
    "long texts": lambda count: [("a", "x" * count), ("b", "y" * count), ("b", "z")],
    "text": lambda count: [("", "word " * count), ("", "z")],
}


@pytest.mark.parametrize("make", WIDE.values(), ids=WIDE)
def test_a_view_costs_what_it_shows(make):
    """Calls and memory are the same for a document that is fifty times larger."""
    costs, peaks = [], []
    for count in (1_000, 50_000):
        snapshot = snapshot_of(*make(count), done=make is WIDE["ended"])
        drawn(snapshot)
        costs.append(calls(lambda snapshot=snapshot: drawn(snapshot)))
        tracemalloc.start()
        drawn(snapshot)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert costs[1] <= costs[0] * 1.1
    assert peaks[1] <= peaks[0] * 1.1 + 10_000


def test_a_part_reads_an_old_version_as_it_was():
    assembler = sj.Assembler()
    assembler.apply_delta("a", "one")
    early = assembler.snapshot()
    assembler.apply_delta("a", " two")
    assembler.apply_delta("b", 1)
    part = root_of(early)
    assert (part.count, part.child("b").kind, part.child("a").start(9), part.child("a").length) == (
        1,
        "nothing",
        "one",
        3,
    )
    assert drawn(early)[2:5] == ["  {", '▸   "a": "one▌', ""]


# ----------------------------------------------------------------------------------------------------------------------
# watch: the picture


def texts(svg):
    """Return the texts of a picture, without style and position."""
    return [unescape(text).replace("\xa0", " ") for text in re.findall(r"<text[^>]*>([^<]*)<", svg)]


def test_the_picture_is_the_same_in_every_run(tmp_path):
    pictures = []
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.svg"
        env = {"PYTHONHASHSEED": seed, "COLUMNS": "50" + seed, "NO_COLOR": seed, "TERM": "dumb"}
        result = run("watch", example("trip"), "--export", str(path), env=env)
        assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
        pictures.append(path.read_text())
    assert pictures[0] == pictures[1]
    ET.fromstring(pictures[0])  # our own picture is safe to parse
    assert "http" not in pictures[0].replace("http://www.w3.org/2000/svg", "")


def test_the_picture_of_the_readme_is_up_to_date(tmp_path):
    command = [*COMMAND, "watch", "examples/trip.sse", "--export", str(tmp_path / "watch.svg")]
    subprocess.run(command, check=True, cwd=ROOT)
    assert texts((tmp_path / "watch.svg").read_text()) == texts((ROOT / "docs" / "watch.svg").read_text())


PICTURED = {
    "at an event": (["--export-at", "5"], "trip", 0, "5 events", None),
    "at the last event": (["--export-at", "626"], "trip", 0, "● done", None),
    "past the end": (
        ["--export-at", "627"],
        "trip",
        0,
        "● done",
        "after event 626; the picture shows that, not event 627",
    ),
    "past a failure": (
        ["--export-at", "999"],
        "cut",
        1,
        "● cut off",
        "after event 77; the picture shows that, not event 999",
    ),
    "of another size": (["--export-size", "40x10", "--speed", "max"], "text", 0, "60/s", None),
}


@pytest.mark.parametrize(("arguments", "name", "code", "shown", "reported"), PICTURED.values(), ids=PICTURED)
def test_the_picture_can_be_taken_at_any_event(tmp_path, arguments, name, code, shown, reported):
    path = tmp_path / "x.SVG"
    result = run("watch", example(name), "--export", str(path), *arguments)
    assert result.returncode == code
    assert shown in "".join(texts(path.read_text()))
    warnings = [line for line in result.stderr.decode().splitlines() if "warning: " in line]
    assert warnings == ([f"streamjson: warning: {example(name)}: the stream ended {reported}"] if reported else [])


def test_a_picture_past_the_end_of_an_empty_stream_is_a_warning(tmp_path):
    result = run("watch", "-", "--export", str(tmp_path / "x.svg"), "--export-at", "1")
    warning, error = result.stderr.decode().splitlines()
    assert warning.endswith("ended after event 0; the picture shows that, not event 1")
    assert error.endswith("contained no document")
    assert result.returncode == 1


def test_a_picture_shows_only_the_first_document(tmp_path):
    path = tmp_path / "x.svg"
    log = b"".join(Path(example(name)).read_bytes() for name in ("text", "trip"))
    result = run("watch", "-", "--export", str(path), "--export-at", "500", stdin=log)
    assert "● done" in "".join(texts(path.read_text()))
    warning, error = result.stderr.decode().splitlines()
    assert "the stream ended after event 219" in warning
    assert "the source continues with 1 document in 626 events" in error
    assert result.returncode == 1


@pytest.mark.parametrize("name", ["a.png", "a.svg.gz", "a", "svg"])
def test_a_picture_needs_a_name_that_ends_with_svg(tmp_path, name):
    path = tmp_path / name
    result = run("watch", example("trip"), "--export", str(path))
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"does not end with .svg; the picture is SVG, the only format" in result.stderr
    assert not path.exists()


# ----------------------------------------------------------------------------------------------------------------------
# JSON text

TEXTS = {
    "a document": (["--compact"], b'{"a": [1, "x"]}', 0, '{"a":[1,"x"]}\n', "-: done, 1 piece, 4 changes, 15 bytes"),
    "nothing": ([], b"", 1, "", "error: -: the text ended before its document began (byte offset 0)"),
    "cut off": (["--compact"], b'{"a": "x', 1, '{"a":"x"}\n', "error: -: the text ended inside 'a' (byte offset 8)"),
    "wrong": (
        ["--compact"],
        b"[1,\n 2,\n x]",
        1,
        "[1,2]\n",
        r"error: -: a value is expected after '[1,\n 2,\n ', not 'x' (byte offset 9, line 3, column 2)",
    ),
    "in a fence": (["--wrapper", "fence"], b"so:\n```json\n[]\n```\n", 0, "[]\n", "done"),
    "in prose": (["--wrapper", "prose"], b"so: [[]] and so on", 0, "[\n  []\n]\n", "done"),
    "lines": (["--all"], b'{"a": 1}\n{"a": 2}\n', 0, '{"a":1}\n{"a":2}\n', "-: 2 documents, 1 piece, 18 bytes"),
    "every change": (["--every", "1"], b'{"a": "abcdefgh"}', 0, '{"a":"a"}\n{"a":"abcdefgh"}\n', "3 pieces"),
    "a limit": ([], b"[" * 200, 1, None, "129 exceeds the limit max_depth = 128"),
}


@pytest.mark.parametrize(("arguments", "stdin", "code", "stdout", "reported"), TEXTS.values(), ids=TEXTS)
def test_assemble_from_text(arguments, stdin, code, stdout, reported):
    result = run("assemble", "-", "--from", "text", *arguments, stdin=stdin)
    assert result.returncode == code
    assert stdout is None or result.stdout.decode() == stdout
    assert reported in one_line(result.stderr)


def test_one_of_many_texts_may_be_wrong():
    result = run("assemble", "-", "--from", "text", "--all", stdin=b"[1]\n[,]\n[3]\n")
    assert (result.returncode, result.stdout) == (1, b"[1]\n[3]\n")
    first, second = result.stderr.decode().splitlines()
    assert "-: document 2: a value or ']' is expected after '[', not ','" in first
    assert second.endswith("3 documents, 1 failed, 1 piece, 12 bytes")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--wrapper", "fence"], "--wrapper needs --from text"),
        (["--from", "text", "--path-prefix", "a"], "--path-prefix is for event streams, not for --from text"),
        (["--from", "text", "--require-done"], "--require-done is for event streams"),
        (["--from", "text", "--on-invalid", "skip"], "--on-invalid is for event streams"),
        (["--from", "text", "--all", "--wrapper", "fence"], "--wrapper is for one document"),
    ],
)
def test_options_that_a_format_does_not_have(arguments, problem):
    result = run("assemble", "-", *arguments)
    assert result.returncode == 2
    assert problem in result.stderr.decode()


def test_watch_shows_the_growing_text(tmp_path):
    (tmp_path / "trip.json").write_text(json.dumps({"title": "A trip to Lisbon", "days": [{"city": "Lisbon"}] * 3}))
    picture = tmp_path / "trip.svg"
    result = run("watch", tmp_path / "trip.json", "--from", "text", "--export", picture, "--export-at", "3")
    assert result.returncode == 0
    shown = unescape(picture.read_text()).replace("\xa0", " ")
    assert "A trip to Lis" in shown
    assert "A trip to Lisb" not in shown
