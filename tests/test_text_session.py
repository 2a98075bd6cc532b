"""`_session.text_session` and `assemble_text`: what pieces of JSON text do to a stream, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import streamjson as sj


def text_assembler(**options: Any) -> sj.Assembler:
    return sj.Assembler(dialect="json_text", **options)


def test_snapshot_after_each_piece_that_changed_something() -> None:
    pieces = ['{"na', 'me": ', '"Ja', "ne", '", ', '"age": 3', "4", "}", " "]
    shown = [(snapshot.value, snapshot.complete) for snapshot in sj.assemble_text(pieces)]
    assert shown == [
        ({}, False),
        ({"name": "Ja"}, False),
        ({"name": "Jane"}, False),
        ({"name": "Jane", "age": 34}, False),
        ({"name": "Jane", "age": 34}, True),
    ]


@pytest.mark.parametrize(
    "source",
    ['{"a": 1}', b'{"a": 1}', ['{"a"', ": 1}"], [b'{"a"', bytearray(b": 1}")]],
    ids=["text", "bytes", "pieces of text", "pieces of bytes"],
)
def test_sources(source: Any) -> None:
    assert sj.assemble_text(source).final() == {"a": 1}


def test_asynchronous_source() -> None:
    async def pieces() -> AsyncIterator[str]:
        yield '["a'
        yield 'b"]'

    async def main() -> Any:
        return [snapshot.value async for snapshot in sj.assemble_text(pieces())]

    assert asyncio.run(main()) == [["a"], ["ab"], ["ab"]]


def test_piece_with_several_changes() -> None:
    assembler = text_assembler()
    change = assembler.apply('{"a": [1, "x')
    assert change is not None
    assert [(str(one.path), one.kind, one.delta) for one in change.event_changes] == [
        ("", "set", {}),
        ("a", "set", []),
        ("a[0]", "set", 1),
        ("a[1]", "set", "x"),
    ]
    assert repr(change.before) == "<Change 3: set 1 at a[0]>"
    assert repr(assembler.snapshot().changes) == "(<Change 4: set {'a': [1, 'x']} at the root>,)"


def test_changes_of_a_stream_bridge_the_pieces() -> None:
    first, second, _ = sj.assemble_text(['{"a": "x', 'y", "b": 1, "c": [{', "}]}"])
    assert repr(first.changes) == "(<Change 2: set {'a': 'x'} at the root>,)"
    assert repr(second.changes) == "(<Change 6: append 'y' at a>, <Change 6: set 1 at b>, <Change 6: set [{}] at c>)"


# ---------------------------------------------------------------------------------------------------------------------
# completion


def test_values_are_finished_by_their_closing_token() -> None:
    assembler = text_assembler()
    log: list[str] = []
    assembler.on_complete("$..*", lambda done: log.append(f"{done.path} {done.value} {done.version}"))
    assembler.on("$..*", lambda change: log.append(f"change {change.version} at {change.path}"))
    for piece in ['{"a": "x', '"', ', "b": [1', ", ", "tru", "e", "]", "}"]:
        log.append(f"piece {piece}")
        assembler.apply(piece)
    assert log == [
        'piece {"a": "x', "change 2 at a",
        'piece "', "a x 2",
        'piece , "b": [1', "change 3 at b",
        "piece , ", "change 4 at b[0]", "change 4 at b[0]", "b[0] 1 4",
        "piece tru",
        "piece e", "change 5 at b[1]", "change 5 at b[1]", "b[1] True 5",
        "piece ]", "b [1, True] 5",
        "piece }",
    ]  # fmt: skip


def test_snapshots_of_one_version_differ_in_what_is_complete() -> None:
    assembler = text_assembler()
    assembler.apply('{"a": ["x')
    before = assembler.snapshot()
    assert assembler.apply('"') is None
    after_string = assembler.snapshot()
    assert assembler.apply("]") is None
    after_array = assembler.snapshot()
    assert before.version == after_string.version == after_array.version
    assert before.value is after_string.value is after_array.value
    paths = ["a[0]", "a", ""]
    assert [[one.is_complete(path) for path in paths] for one in (before, after_string, after_array)] == [
        [False, False, False],
        [True, False, False],
        [True, True, False],
    ]


def test_piece_that_only_closes_yields_no_snapshot_but_its_completions() -> None:
    pieces = iter(['["a', '"', "]", " "])
    stream = sj.assemble_text(pieces)
    done: list[str] = []
    stream.assembler.on_complete("[*]", lambda one: done.append(one.value))
    assert next(stream).value == ["a"]
    assert not done
    assert next(stream).complete
    assert done == ["a"]


def test_completed_yields_a_value_at_its_closing_token() -> None:
    read: list[str] = []

    def pieces() -> Any:
        for piece in ['[{"a', '": 1}', ', {"a', '": ', "2", "}", "  ", "]"]:
            read.append(piece)
            yield piece

    stream = sj.assemble_text(pieces())
    completed = stream.completed("[*]")
    assert next(completed) == {"a": 1}
    assert read[-1] == '": 1}'
    assert next(completed) == {"a": 2}
    assert read[-1] == "}"
    assert list(completed) == []
    assert stream.snapshot.complete


def test_completions_begin_with_what_is_closed_already() -> None:
    assembler = text_assembler()
    assembler.apply('[[1, "a", "b')
    stream = sj.assemble_text(['"', ", 2]]"], assembler=assembler)
    assert [(str(done.path), done.value) for done in stream.completions("$..*")] == [
        ("[0][0]", 1),
        ("[0][1]", "a"),
        ("[0][2]", "b"),
        ("[0][3]", 2),
        ("[0]", [1, "a", "b", 2]),
    ]


def test_piece_that_extends_a_string_and_closes_it() -> None:
    assembler = text_assembler()
    done: list[str] = []
    assembler.on_complete("[*]", lambda one: done.append(one.value))
    for piece in ['["a', "b", 'c"']:
        assert not done
        assembler.apply(piece)
    assert done == ["abc"]


def test_callback_is_called_from_the_next_piece_on() -> None:
    assembler = text_assembler()
    assembler.apply('[["a"')
    done: list[str] = []
    assembler.on_complete("$..*", lambda one: done.append(str(one.path)))
    assembler.apply("]")
    assert done == ["[0]"]


def test_name_that_is_written_twice() -> None:
    assembler = text_assembler()
    done: list[Any] = []
    assembler.on_complete("$.*", lambda one: done.append((str(one.path), one.value, one.revision)))
    assembler.apply('{"a": 1, "b": 2, "a": "x')
    assert not assembler.snapshot().is_complete("a")
    assembler.apply('y", "c": 3}')
    assembler.close()
    assert done == [("a", 1, 1), ("b", 2, 1), ("a", "xy", 2), ("c", 3, 1)]
    assert list(assembler.snapshot().value.items()) == [("a", "xy"), ("b", 2), ("c", 3)]


def test_replaced_values_count_by_their_paths() -> None:
    assembler = text_assembler()
    done: list[Any] = []
    assembler.on_complete("$..*", lambda one: done.append((str(one.path), one.revision)))
    assembler.apply('{"a": {"x": 1, "y": {"z": 1, "z": 2}}, "a": {"w": 1, "y": {"z": 1}}, "a": {"x": 1}}')
    assert done == [
        ("a.x", 1), ("a.y.z", 1), ("a.y.z", 2), ("a.y", 1), ("a", 1),
        ("a.w", 1), ("a.y.z", 2), ("a.y", 2), ("a", 2),
        ("a.x", 2), ("a", 2),
    ]  # fmt: skip


def test_completion_at_the_end() -> None:
    assembler = text_assembler(completion="end")
    done: list[str] = []
    assembler.on_complete("$..*", lambda one: done.append(str(one.path)))
    assembler.apply('{"a": [1, 2], "b": "x"}')
    assert not done
    assert not assembler.snapshot().is_complete("a")
    assembler.close()
    assert done == ["a[0]", "a[1]", "a", "b"]
    assert assembler.snapshot().is_complete("a")


# ---------------------------------------------------------------------------------------------------------------------
# events


def event(data: Any, **fields: Any) -> sj.ServerSentEvent[Any]:
    return sj.ServerSentEvent(data, **fields)


def test_events_whose_data_is_text() -> None:
    events = [event('{"a":', id="1"), event(' "x'), event("", event="ping"), event('y"}', id="2"), event("[DONE]")]
    stream = sj.assemble(events, dialect="json_text")
    assert [(one.value, one.end, one.last_event_id) for one in stream] == [
        ({}, "open", "1"),
        ({"a": "x"}, "open", "1"),
        ({"a": "xy"}, "open", "2"),
        ({"a": "xy"}, "done", "2"),
    ]
    assert stream.passed_over == 0


def test_done_is_text_in_a_piece() -> None:
    with pytest.raises(sj.InvalidTextError) as caught:
        sj.assemble_text(["[DONE]"]).final()
    assert caught.value.position == 1


def test_done_inside_the_document_is_final() -> None:
    assembler = text_assembler()
    assembler.apply(event("[1"))
    with pytest.raises(sj.StreamTruncatedError) as caught:
        assembler.apply(event("[DONE]"))
    assert (caught.value.code, caught.value.path) == ("truncated_text", "[0]")
    with pytest.raises(sj.ClosedError):
        assembler.apply("]")


def test_failure_of_the_sender() -> None:
    assembler = text_assembler()
    assembler.apply(event("[1, "))
    with pytest.raises(sj.StreamFailedError, match="overloaded") as caught:
        assembler.apply(event('{"message": "overloaded"}', event="error"))
    assert caught.value.snapshot.value == [1]


def test_events_of_another_type_are_passed_over() -> None:
    assembler = text_assembler()
    assert assembler.apply(event("x", event="ping", id="7")) is None
    assert (assembler.passed_over, assembler.last_event_id) == (1, "7")


def test_data_that_is_not_text_is_rejected() -> None:
    assembler = text_assembler(on_invalid="skip")
    assembler.apply({"delta": "x", "json_path": "a"})
    assert assembler.skipped[0].error.message.startswith("the data of an event of JSON text is text")
    assembler.apply("[]")
    assert assembler.snapshot().value == []


# ---------------------------------------------------------------------------------------------------------------------
# errors and ends


@pytest.mark.parametrize("on_invalid", ["raise", "skip"])
def test_error_is_final(on_invalid: Any) -> None:
    assembler = text_assembler(on_invalid=on_invalid)
    changes: list[str] = []
    assembler.on("$..*", lambda change: changes.append(repr(change)))
    with pytest.raises(sj.InvalidTextError) as caught:
        assembler.apply('{"a": "x", "b": [1,}')
    error = caught.value
    assert error.message == 'a value is expected after \'{"a": "x", "b": [1,\', not \'}\''
    assert (error.position, error.offset, error.line, error.column, error.event_number) == (19, 19, 1, 20, 1)
    assert (error.expected, error.excerpt) == ("a value", '{"a": "x", "b": [1,}')
    assert str(error).endswith("(event 1, byte offset 19, line 1, column 20)")
    assert assembler.snapshot().value == {"a": "x", "b": [1]}
    assert not assembler.snapshot().complete
    assert changes[-1] == "<Change 4: set 1 at b[0]>"
    for call in (lambda: assembler.apply("]"), lambda: assembler.apply("")):
        with pytest.raises(sj.ClosedError, match="the stream has failed"):
            call()
    assembler.reset()
    assembler.apply("[2]")
    assert assembler.snapshot().value == [2]


def test_error_ends_a_stream_and_closes_its_source() -> None:
    source = (piece for piece in ['["a', "\n", "b"])
    stream = sj.assemble_text(source)
    assert next(stream).value == ["a"]
    with pytest.raises(sj.InvalidTextError, match="an escaped control character"):
        next(stream)
    assert list(stream) == []
    assert list(source) == []
    assert stream.snapshot.value == ["a"]


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("", "", "the text ended before its document began"),
        (" \n", "", "the text ended before its document began"),
        ("[", "", "the text ended inside the root"),
        ('"a', "", "the text ended inside the root"),
        ("-", "", "the text ended inside the root"),
        ("tru", "", "the text ended inside the root"),
        ('{"a": [1, {"b": "x', "a[1].b", "the text ended inside 'a[1].b'"),
        ('{"a": [1, {"b": "', "a[1].b", "the text ended inside 'a[1].b'"),
        ('{"a": [1, {"b', "a[1]", "the text ended inside 'a[1]'"),
        ('{"a": [1, {"b":', "a[1].b", "the text ended inside 'a[1].b'"),
        ('{"a": [1, 2', "a[1]", "the text ended inside 'a[1]'"),
        ('{"a": [1, "', "a[1]", "the text ended inside 'a[1]'"),
        ('{"a": [1, "x', "a[1]", "the text ended inside 'a[1]'"),
        ('{"a": [1,', "a", "the text ended inside 'a'"),
        ('{"a": [1]', "", "the text ended inside the root"),
    ],
)
def test_end_inside_the_document(text: str, path: str, message: str) -> None:
    assembler = text_assembler()
    assembler.apply(text)
    with pytest.raises(sj.StreamTruncatedError) as caught:
        assembler.close()
    assert (caught.value.code, caught.value.path, caught.value.message) == ("truncated_text", path, message)
    assert assembler.end == "open"


def test_text_may_continue_after_a_source_that_broke_off() -> None:
    stream = sj.assemble_text(['{"a": "x'])
    with pytest.raises(sj.StreamTruncatedError):
        stream.final()
    assert sj.assemble_text(['y"}'], assembler=stream.assembler).final() == {"a": "xy"}


def test_number_at_the_root_ends_with_the_text() -> None:
    assembler = text_assembler()
    done: list[Any] = []
    assembler.on_complete("$", lambda one: done.append(one.value))
    assembler.apply("12")
    assert assembler.snapshot().value is sj.MISSING
    change = assembler.close()
    assert repr(change) == "<Change 1: set 12 at the root>"
    assert assembler.snapshot().complete
    assert done == [12]


def test_whole_text_can_not_be_reopened() -> None:
    assembler = text_assembler()
    assert assembler.reopen() is None
    assembler.apply("[]")
    assembler.close()
    with pytest.raises(sj.ClosedError, match="is whole"):
        assembler.reopen()
    assert assembler.close() is None


@pytest.mark.parametrize(
    "pieces", [['["a"x'], ['["a', '"x'], ["[", '"a"', "x"]], ids=["whole", "cut in the string", "cut after it"]
)
def test_values_that_were_closed_before_an_error_are_reported(pieces: list[str]) -> None:
    assembler = text_assembler()
    done: list[str] = []
    assembler.on_complete("$..*", lambda one: done.append(one.value))
    with pytest.raises(sj.InvalidTextError):
        list(map(assembler.apply, pieces))
    assert done == ["a"]


def test_reader_that_lags_behind_sees_the_same_revisions() -> None:
    stream = sj.assemble_text(["[0,", '{"a":1,"a":2}', "]"])
    stream.assembler.on_complete("$..*", lambda _: None)
    assert [(str(one.path), one.revision) for one in stream.completions("$..*")] == [
        ("[0]", 1), ("[1].a", 1), ("[1].a", 2), ("[1]", 1),
    ]  # fmt: skip


def test_wrong_text_in_an_event_is_never_skipped() -> None:
    assembler = text_assembler(on_invalid="skip", limits=sj.Limits(max_string_bytes=4))
    with pytest.raises(sj.LimitExceededError):
        assembler.apply(event('["abcdefgh",'))
    assert assembler.skipped_count == 0


def test_limit_that_the_end_meets_is_final() -> None:
    assembler = text_assembler(limits=sj.Limits(max_document_bytes=4))
    assembler.apply("12")
    with pytest.raises(sj.LimitExceededError):
        assembler.close()
    with pytest.raises(sj.ClosedError):
        assembler.apply("3")


def test_name_with_half_a_pair_is_within_the_limit() -> None:
    with pytest.raises(sj.LimitExceededError):
        text_assembler().apply('{"\\ud83d' + "a" * 5000)


def test_path_of_a_number_after_a_string() -> None:
    assembler = text_assembler()
    assembler.apply('["a", 12')
    with pytest.raises(sj.StreamTruncatedError) as caught:
        assembler.close()
    assert caught.value.path == "[1]"


@pytest.mark.parametrize("piece", [None, 1, [1], ("a",)])
def test_piece_of_another_type_is_refused(piece: Any) -> None:
    with pytest.raises(sj.InvalidEventError, match="a piece of JSON text is text or bytes"):
        text_assembler().apply(piece)


class Response:
    """Like the response of a client."""

    def iter_bytes(self) -> Any:
        """Yield nothing."""


@pytest.mark.parametrize("source", [None, {"a": 1}, 1, lambda: iter(""), Response()])
def test_source_of_another_type_is_refused(source: Any) -> None:
    with pytest.raises(sj.InvalidEventError, match="given as an iterable of its pieces"):
        sj.assemble_text(source)


@pytest.mark.parametrize("option", [{"dialect": "json_text"}, {"require_done": True}])
def test_options_of_events_are_refused(option: Any) -> None:
    with pytest.raises(TypeError, match="is for events"):
        sj.assemble_text("1", **option)


def test_text_is_one_piece_of_its_dialect() -> None:
    assert sj.assemble('{"a": 1}', dialect="json_text").final() == {"a": 1}


@pytest.mark.parametrize(
    ("text", "hint"),
    [("Sure: {}", 'wrapper="fence"'), ("data: {}", "decode_sse"), ("{} {}", 'documents="many"'), ("{,", "a name in")],
)
def test_message_says_what_may_help(text: str, hint: str) -> None:
    with pytest.raises(sj.InvalidTextError, match=hint):
        sj.assemble_text(text).final()


def test_wrong_text_in_an_event_is_final() -> None:
    assembler = text_assembler()
    with pytest.raises(sj.InvalidTextError) as caught:
        assembler.apply(event("[1,]", id="7"))
    assert (caught.value.position, caught.value.event_number, assembler.last_event_id) == (3, 1, "")
    assert assembler.snapshot().value == [1]


@pytest.mark.parametrize(
    ("pieces", "offset", "code"),
    [
        ([b"12\xe2"], 2, "bad_encoding"),
        ([b'["\xff'], 2, "bad_encoding"),
        ([b'["\xc3', b"("], 2, "bad_encoding"),
        ([b'["\xc3', "é"], 2, "bad_encoding"),
        ([b'["\xc3\xa9', b"\x80"], 4, "bad_encoding"),
        ([b"[]", b"\xc3"], 2, "bad_encoding"),
        ([b'["\xc3'], 3, "truncated_text"),
    ],
)
def test_bytes_that_are_not_utf8(pieces: list[Any], offset: int, code: str) -> None:
    with pytest.raises((sj.InvalidTextError, sj.StreamTruncatedError)) as caught:
        sj.assemble_text(pieces).final()
    assert (caught.value.code, caught.value.offset) == (code, offset)


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"max_depth": 3}, "[[[["),
        ({"max_nodes": 3}, "[1,2,3,"),
        ({"max_array_length": 2}, "[1,2,3,"),
        ({"max_string_bytes": 5}, '["abcdef'),
        ({"max_key_bytes": 5}, '{"abcdef'),
        ({"max_key_bytes": 5}, '{"ééé"'),
        ({"max_number_digits": 5}, "[123456"),
        ({"max_number_digits": 5}, "[-1.2345e6"),
        ({"max_document_bytes": 12}, '{"abcdef": "ghijklm'),
        ({"max_runs": 3}, "[1,2,3,"),
    ],
)
@pytest.mark.parametrize("is_cut", [False, True])
def test_limits(limits: dict[str, int], text: str, *, is_cut: bool) -> None:
    assembler = text_assembler(limits=sj.Limits(**limits))
    pieces = iter(text if is_cut else [text])
    with pytest.raises(sj.LimitExceededError) as caught:
        list(map(assembler.apply, pieces))
    assert caught.value.limit == next(iter(limits))
    with pytest.raises(sj.ClosedError):
        assembler.apply("]")
    within = text_assembler(limits=sj.Limits(**limits))
    within.apply(text[:-1])


def test_number_that_python_does_not_convert() -> None:
    assembler = text_assembler(limits=sj.Limits.unlimited())
    with pytest.raises(sj.InvalidTextError, match="more digits than") as caught:
        assembler.apply(f"[{'7' * 5000}]")
    assert (caught.value.code, caught.value.position) == ("number_too_large", 1)


def test_deltas_at_a_path_are_refused() -> None:
    assembler = text_assembler()
    assembler.apply('{"a": "x')
    for call in (assembler.apply_delta, assembler.set_value):
        with pytest.raises(sj.InvalidEventError, match="is written by its JSON text"):
            call("a", "y")
    assembler.apply('y"}')
    assert assembler.snapshot().value == {"a": "xy"}


def test_options_that_a_text_does_not_have() -> None:
    with pytest.raises(ValueError, match="path_prefix"):
        text_assembler(path_prefix="a")
    with pytest.raises(TypeError, match="the assembler has the dialect 'chunks', not 'json_text'"):
        sj.assemble_text("1", assembler=sj.Assembler())


def test_callback_may_not_apply() -> None:
    assembler = text_assembler()
    assembler.on("$", lambda _: assembler.apply("1"))
    with pytest.raises(sj.StreamJSONError) as caught:
        assembler.apply("[")
    assert caught.value.code == "applying"


def test_interrupt_inside_a_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    assembler = text_assembler()
    assembler.apply('{"a": 1, ')
    parser = assembler._session.parser  # type: ignore[attr-defined]

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(parser), "_begin_string", interrupt)
    with pytest.raises(KeyboardInterrupt):
        assembler.apply('"b": 2, "c": "d')
    assert assembler.snapshot().value == {"a": 1, "b": 2}
    with pytest.raises(sj.ClosedError, match="interrupt"):
        assembler.apply('e"}')
    with pytest.raises(sj.ClosedError):
        sj.Assembler.restore(assembler.checkpoint()).apply('e"}')


class Interrupting(list[Any]):
    """In place of a list: an interrupt comes when something is appended."""

    def append(self, _: object) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("before", "piece"),
    [("[", "1,"), ('["a', "b"), ('["a', "\\n"), ('["a', "b\\u0041")],
    ids=["a value", "a string that begins to grow", "an escape", "text and an escape"],
)
def test_interrupt_while_a_version_is_written(before: str, piece: str) -> None:
    assembler = text_assembler()
    assembler.apply(before)
    value = assembler.snapshot().copy_value()
    document: Any = assembler._session.document
    lengths, document.lengths = document.lengths, Interrupting()
    with pytest.raises(KeyboardInterrupt):
        assembler.apply(piece)
    document.lengths = lengths
    assert document.torn
    assert assembler.snapshot().value == value


def test_interrupt_in_a_string_that_grows() -> None:
    assembler = text_assembler()
    list(map(assembler.apply, ['["a', "b"]))
    document: Any = assembler._session.document
    lengths, document.lengths = document.lengths, Interrupting()
    with pytest.raises(KeyboardInterrupt):
        assembler.apply("c")
    document.lengths = lengths
    assert document.torn
    assert assembler.snapshot().value == ["ab"]


def test_many_names() -> None:
    text = "".join(f'{{"n{number}": {number}}},' for number in range(300))
    assert sj.assemble_text(f"[{text}0]").final()[299] == {"n299": 299}


def test_number_with_too_many_digits_in_one_piece() -> None:
    with pytest.raises(sj.LimitExceededError):
        text_assembler(limits=sj.Limits(max_number_digits=3)).apply("[1234, 5]")


def test_reset_begins_another_text() -> None:
    assembler = text_assembler()
    assembler.apply(b'{"a": "\xc3')
    assembler.reset()
    assembler.apply("[1]")
    assembler.close()
    assert assembler.snapshot().value == [1]
    assert assembler.version == 4
