"""One tree of classes, stable codes, facts as attributes, and a message of one sentence; errors can be copied."""

from __future__ import annotations

import ast
import copy
import pickle
import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import streamjson as sj
from streamjson import _errors
from streamjson._errors import (
    CODES,
    TABLE,
    CheckpointError,
    ClosedError,
    ConflictError,
    InvalidEventError,
    InvalidPathError,
    InvalidPatternError,
    InvalidTextError,
    LimitExceededError,
    ResponseError,
    StreamJSONError,
    StreamTruncatedError,
    StructureError,
    shorten,
)
from streamjson._view import failure
from streamjson._view.failure import StreamFailedError

CLASSES: list[type[StreamJSONError]] = [
    InvalidEventError,
    InvalidTextError,
    InvalidPathError,
    InvalidPatternError,
    ConflictError,
    LimitExceededError,
    StreamFailedError,
    StreamTruncatedError,
    ResponseError,
    StructureError,
    CheckpointError,
    ClosedError,
]
DEFAULT_CODES = {
    StreamJSONError: "bad_event",
    InvalidEventError: "bad_event",
    InvalidTextError: "bad_text",
    InvalidPathError: "not_a_string",
    InvalidPatternError: "bad_pattern",
    ConflictError: "type_conflict",
    LimitExceededError: "max_event_bytes",
    StreamFailedError: "stream_error",
    StreamTruncatedError: "truncated",
    ResponseError: "status",
    StructureError: "bad_structure",
    CheckpointError: "bad_checkpoint",
    ClosedError: "closed",
}


def test_page_of_errors_is_up_to_date() -> None:
    """`make docs` writes it."""
    pages = Path(__file__).parent.parent / "docs"
    made: dict[str, Any] = runpy.run_path(str(pages / "make_errors.py"))
    assert (pages / "errors.md").read_text("utf-8") == made["page"]()


def test_each_code_belongs_to_one_class() -> None:
    assert list(TABLE) == [*(kind.__name__ for kind in CLASSES), "StreamJSONError"]
    assert len(CODES) == sum(map(len, TABLE.values()))
    for kind in CLASSES:
        assert kind.code in TABLE[kind.__name__]


def test_every_code_is_snake_case() -> None:
    assert [code for code in CODES if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []


# ---------------------------------------------------------------------------------------------------------------------
# the tree


def test_class_tree_is_as_drawn() -> None:
    assert StreamJSONError.__bases__ == (Exception,)
    assert set(StreamJSONError.__subclasses__()) == set(CLASSES)
    drawing = (_errors.__doc__ or "").split("\n\n")[1]
    assert re.findall(r"\w+Error\b", drawing) == ["StreamJSONError", *(kind.__name__ for kind in CLASSES)]
    named = {*_errors.__all__, *failure.__all__}
    assert {name for name in named if name.endswith("Error")} == {
        "StreamJSONError",
        *(kind.__name__ for kind in CLASSES),
    }


@pytest.mark.parametrize("kind", [StreamJSONError, *CLASSES])
def test_error_class_is_public_and_documented_with_a_code(kind: type[StreamJSONError]) -> None:
    assert getattr(sj, kind.__name__) is kind
    assert kind.__module__ == "streamjson"
    assert kind.__doc__
    error = kind("What happened")
    assert error.code == kind.code == DEFAULT_CODES[kind]
    assert error.code in CODES
    assert (error.event_number, error.offset, error.last_event_id, error.events) == (None, None, None, [])


# ---------------------------------------------------------------------------------------------------------------------
# the codes

ROOT = Path(str(_errors.__file__)).parent
SOURCES = {str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8")) for path in sorted(ROOT.rglob("*.py"))}


def texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def given_codes() -> set[str]:
    """Return all texts where a code is expected: `code=`, `code = `, `exceeded(...)`, `fail(...)` and so on."""
    found: set[str] = set()
    for tree in SOURCES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "code":
                found.update(texts(node.value))
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
                if "code" in names and node.value is not None:
                    found.update(texts(node.value))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                takes_a_code = node.func.attr in {"check", "exceeded", "fail", "unexpected"}
                found.update(text for text in texts(node.args[0]) if takes_a_code)
    return found


def test_every_raised_code_is_in_the_table() -> None:
    # The regular expression skips the characters by which some codes are looked up.
    assert {code for code in given_codes() if re.fullmatch(r"[a-z0-9_-]{2,}", code)} <= set(CODES)


def test_every_code_of_the_table_is_raised() -> None:
    written: set[str] = set()
    for name, tree in SOURCES.items():
        for node in tree.body:
            is_table = name == "_errors.py" and isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "TABLE"
            if not is_table:
                written.update(texts(node))
    assert set(CODES) <= written


@pytest.mark.parametrize("code", CODES)
def test_table_explains_each_code_in_one_line(code: str) -> None:
    meaning = CODES[code]
    assert re.fullmatch(r"[a-z0-9]+([-_][a-z0-9]+)*", code)
    assert meaning
    assert "\n" not in meaning
    assert not meaning.endswith(".")


# ---------------------------------------------------------------------------------------------------------------------
# real errors, one for each kind and each way to raise it


def caught(call: Callable[[], object]) -> StreamJSONError:
    with pytest.raises(StreamJSONError) as info:
        call()
    return info.value


def apply(*events: object, **options: Any) -> StreamJSONError:
    assembler = sj.Assembler(**options)
    *first, last = events
    for event in first:
        assembler.apply(event)
    return caught(lambda: assembler.apply(last))


def truncated() -> StreamJSONError:
    return caught(lambda: list(sj.decode_sse([b"id: 3\n\ndata: {"])))


def closed() -> StreamJSONError:
    assembler = sj.Assembler()
    assembler.close()
    return caught(lambda: assembler.apply({}))


def delta(path: object, value: object) -> dict[str, object]:
    return {"delta": value, "json_path": path}


SMALL = sj.Limits(max_nodes=3, max_array_gap=1, max_string_bytes=3, max_depth=2, max_key_bytes=2, max_number_digits=2)
TEXT = delta("a", "x")

REAL: dict[str, tuple[type[StreamJSONError], str, Callable[[], StreamJSONError]]] = {
    "not an event": (InvalidEventError, "bad_event", lambda: apply(7)),
    "a wrong field": (InvalidEventError, "bad_event", lambda: apply(delta(7, 1))),
    "a delta that is not JSON": (InvalidEventError, "bad_event", lambda: apply(delta("a", {1}))),
    "text that is not JSON": (InvalidEventError, "bad_json", lambda: apply({"data": "hello\nworld"})),
    "NaN": (InvalidEventError, "bad_number", lambda: apply(delta("a", float("nan")))),
    "no path": (InvalidEventError, "missing_path", lambda: apply({"delta": {"a": 1}})),
    "bytes": (InvalidEventError, "needs_decoding", lambda: apply(b"data: {}\n")),
    "bytes as the source": (InvalidEventError, "needs_decoding", lambda: caught(lambda: sj.assemble(b"x"))),
    "a line break": (
        InvalidEventError, "line_break", lambda: caught(lambda: sj.encode_sse(sj.ServerSentEvent("x", "1\n2")))
    ),
    "a wildcard": (InvalidPathError, "wildcard", lambda: apply(delta("a[*]", 1))),
    "a deep path": (InvalidPathError, "too_deep", lambda: apply(delta("a.b.c", 1), limits=SMALL)),
    "outside the prefix": (InvalidPathError, "outside_prefix", lambda: apply(delta("a", 1), path_prefix="b")),
    "a conflict": (ConflictError, "type_conflict", lambda: apply(TEXT, delta("a", 1))),
    "a conflict at the root": (ConflictError, "type_conflict", lambda: apply(TEXT, delta("", 1))),
    "a conflict along the path": (ConflictError, "type_conflict", lambda: apply(TEXT, delta("a[0]", 1))),
    "a gap": (LimitExceededError, "max_array_gap", lambda: apply(delta("[2]", 1), limits=SMALL)),
    "a long string": (LimitExceededError, "max_string_bytes", lambda: apply(delta("a", "four"), limits=SMALL)),
    "a long name": (LimitExceededError, "max_key_bytes", lambda: apply(delta("abc", 1), limits=SMALL)),
    "a long number": (LimitExceededError, "max_number_digits", lambda: apply(delta("a", 100), limits=SMALL)),
    "a deep delta": (LimitExceededError, "max_depth", lambda: apply(delta("a", [[]]), limits=SMALL)),
    "many values": (LimitExceededError, "max_nodes", lambda: apply(delta("a", [1, 2, 3]), limits=SMALL)),
    "a failure": (
        StreamFailedError,
        "stream_error",
        lambda: apply(TEXT, {"chunk_type": "error", "error_type": "quota", "error_message": "Too many requests."}),
    ),
    "a failure with an odd message": (
        StreamFailedError,
        "stream_error",
        lambda: apply(TEXT, {"error_message": "One\ntwo \ud800" + " more" * 1000}),
    ),
    "a failure without a message": (StreamFailedError, "stream_error", lambda: apply(TEXT, {"chunk_type": "error"})),
    "a new span": (StreamFailedError, "new_span", lambda: apply({**TEXT, "span_id": "s"}, {"span_id": "t"})),
    "cut off": (StreamTruncatedError, "truncated", truncated),
    "no [DONE]": (StreamTruncatedError, "no_done", lambda: caught(lambda: list(sj.assemble([], require_done=True)))),
    "closed": (ClosedError, "closed", closed),
}  # fmt: skip

real = pytest.mark.parametrize(("kind", "code", "make"), REAL.values(), ids=REAL.keys())


@real
def test_message_is_one_sentence(kind: type[StreamJSONError], code: str, make: Callable[[], StreamJSONError]) -> None:
    error = make()
    assert (type(error), error.code) == (kind, code)
    message = error.message
    assert message
    assert "\n" not in message
    assert not message.endswith(".") or message.endswith("...")  # unless the sender's message was cut
    assert message.encode()  # unprintable characters are escaped
    assert len(message) < 400
    assert str(error).startswith(message)


def facts(error: StreamJSONError) -> dict[str, object]:
    return {
        "type": type(error), "args": error.args, "code": error.code, "text": str(error),
        **{name: value for name, value in vars(error).items() if name != "snapshot"},
    }  # fmt: skip


@real
@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, *(lambda error, n=n: pickle.loads(pickle.dumps(error, n)) for n in (2, 5))],
    ids=["copy", "deepcopy", "pickle 2", "pickle 5"],
)
def test_error_survives_a_copy(
    kind: type[StreamJSONError],
    code: str,
    make: Callable[[], StreamJSONError],
    duplicate: Callable[[StreamJSONError], StreamJSONError],
) -> None:
    error = make()
    twin = duplicate(error)
    assert facts(twin) == facts(error)
    if isinstance(error, StreamFailedError):
        assert isinstance(twin, StreamFailedError)
        assert error.snapshot is not None
        assert twin.snapshot is not None
        assert twin.snapshot.value == error.snapshot.value == {"a": "x"}


# ---------------------------------------------------------------------------------------------------------------------
# the place


@pytest.mark.parametrize(
    ("place", "text"),
    [
        pytest.param({}, "It broke", id="unknown"),
        pytest.param({"event_number": 3}, "It broke (event 3)", id="event"),
        pytest.param({"offset": 0}, "It broke (byte offset 0)", id="offset"),
        pytest.param({"last_event_id": "7"}, "It broke (after id '7')", id="id"),
        pytest.param({"last_event_id": ""}, "It broke", id="no id yet"),
        pytest.param(
            {"event_number": 3, "offset": 90, "last_event_id": "7"},
            "It broke (event 3, byte offset 90, after id '7')",
            id="all",
        ),
        pytest.param({"last_event_id": "x" * 500}, "It broke (after id '" + "x" * 58 + "...)", id="a long id"),
    ],
)
def test_text_shows_the_place(place: dict[str, Any], text: str) -> None:
    error = StreamJSONError("It broke", code="bad_event")
    for name, value in place.items():
        setattr(error, name, value)
    assert str(error) == text
    assert error.message == "It broke"


def test_errors_do_not_share_their_list_of_events() -> None:
    one, other = StreamJSONError("x"), StreamJSONError("x")
    one.events.append(sj.ServerSentEvent("x"))
    assert other.events == []


# ---------------------------------------------------------------------------------------------------------------------
# attributes


def test_attributes_of_a_path_error() -> None:
    error = apply(delta("a.b.c", 1), limits=SMALL)
    assert isinstance(error, InvalidPathError)
    assert (error.path, error.position, error.limit) == ("a.b.c", 4, "max_depth")
    error = apply(delta("a[*]", 1))
    assert isinstance(error, InvalidPathError)
    assert (error.path, error.position, error.limit) == ("a[*]", 2, None)


@pytest.mark.parametrize(
    ("events", "path", "found", "given"),
    [
        pytest.param([TEXT, delta("a", 1)], "a", "string", "number", id="a number onto a string"),
        pytest.param([TEXT, delta("a", True)], "a", "string", "boolean", id="a boolean onto a string"),
        pytest.param([TEXT, delta("a", {})], "a", "string", "object", id="an object onto a string"),
        pytest.param([TEXT, delta("", [])], "", "object", "array", id="an array onto the root"),
        pytest.param([TEXT, delta("a.b", 1)], "a", "string", "name", id="a name through a string"),
        pytest.param([TEXT, delta("a[0].b", 1)], "a", "string", "index", id="an index through a string"),
        pytest.param([TEXT, delta("[0]", 1)], "", "object", "index", id="an index through the root"),
        pytest.param([delta("a[0]", 7), delta("a.b", 1)], "a", "array", "name", id="a name through an array"),
        pytest.param([delta("a", False), delta("a.b.c", 1)], "a", "boolean", "name", id="a name through a boolean"),
    ],
)
def test_attributes_of_a_conflict(events: list[object], path: str, found: str, given: str) -> None:
    error = apply(*events)
    assert isinstance(error, ConflictError)
    assert (error.path, error.found, error.given) == (path, found, given)
    assert found in error.message
    assert given in error.message
    assert "on_conflict='replace'" in error.message


def test_attributes_of_a_limit_error() -> None:
    error = apply(delta("[2]", 1), limits=SMALL)
    assert isinstance(error, LimitExceededError)
    assert (error.limit, error.maximum, error.met) == ("max_array_gap", 1, 2)


def test_attributes_of_a_failure() -> None:
    error = apply({**TEXT, "span_id": "s"}, {"error_type": "quota", "error_message": "Later"})
    assert isinstance(error, StreamFailedError)
    assert (error.error_type, error.error_message, error.span_id, error.new_span_id) == ("quota", "Later", "s", None)
    assert "quota: Later" in str(error)
    error = apply({**TEXT, "span_id": "s"}, {**TEXT, "span_id": "t"})
    assert isinstance(error, StreamFailedError)
    assert (error.error_type, error.error_message, error.span_id, error.new_span_id) == (None, None, "s", "t")
    assert "'s'" in str(error)
    assert "'t'" in str(error)
    assert "on_new_span='reset'" in str(error)


# ---------------------------------------------------------------------------------------------------------------------
# shortened values


class Opaque:
    def __repr__(self) -> str:
        raise AssertionError("an error must not call the repr of a foreign object")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("x", "'x'", id="text"),
        pytest.param("x" * 60, "'" + "x" * 60 + "'", id="text of 60 characters"),
        pytest.param("x" * 61, "'" + "x" * 58 + "...", id="text of 61 characters"),
        pytest.param("x" * 10_000_000, "'" + "x" * 58 + "...", id="a huge text"),
        pytest.param("\ud800\n", r"'\ud800\n'", id="text that can't be printed"),
        pytest.param(b"\x00" * 100, r"b'" + r"\x00" * 14 + r"\...", id="bytes"),
        pytest.param(None, "None", id="None"),
        pytest.param(True, "True", id="a boolean"),
        pytest.param(1.5, "1.5", id="a float"),
        pytest.param(10**50, str(10**50), id="an integer"),
        pytest.param(2**240 - 1, str(2**240 - 1)[:59] + "...", id="an integer that is cut"),
        pytest.param(2**240, "an integer of 241 bits", id="an integer shown as its size"),
        pytest.param(10**100_000, "an integer of 332193 bits", id="an integer that can't be printed"),
        pytest.param([1] * 1000, "<list>", id="a list"),
        pytest.param(Opaque(), "<Opaque>", id="an object"),
    ],
)
def test_shorten(value: object, text: str) -> None:
    assert shorten(value) == text
    assert len(text) <= 62
