"""What all emitters do: begin, continue, end, fail, and what no client may ever see."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

import pytest

import streamjson as sj
from growing import in_order
from streamjson.emit import encoding

EMITTERS: dict[str, Callable[..., sj.emit.Emitter]] = {
    **{
        f"AISDK {as_}": lambda as_=as_, **o: sj.emit.AISDK("msg_1", as_, **o)
        for as_ in ("transient", "data", "tool", "text")
    },
    **{
        f"AGUI {as_}": lambda as_=as_, **o: sj.emit.AGUI("t_1", "r_1", as_, **o)
        for as_ in ("state", "activity", "tool")
    },
    **{
        f"OpenAI {as_}": lambda as_=as_, **o: sj.emit.OpenAI(as_=as_, completion_id="c", created=1, **o)
        for as_ in ("tool", "content")
    },
    "AGUI at a place": lambda **o: sj.emit.AGUI("t_1", "r_1", at="/trip", **o),
    "Patch": sj.emit.Patch,
    "Patch append": lambda **o: sj.emit.Patch(text="append", **o),
    "Patch lines": lambda **o: sj.emit.Patch(lines=True, **o),
    "Text": sj.emit.Text,
    "ObjectStream": sj.emit.ObjectStream,
    "Chunks": lambda **o: sj.emit.Chunks("s", **o),
}
every_emitter = pytest.mark.parametrize("make", EMITTERS.values(), ids=EMITTERS)


def snapshots(value: Any, piece_chars: int = 3) -> list[sj.Snapshot]:
    return list(sj.assemble(sj.disassemble(value, piece_chars=piece_chars)))


DOCUMENT = {"title": "Lisbon trip", "days": [{"name": "Mon", "stops": []}], "budget": 120, "note": None}


@every_emitter
def test_all_at_once_is_a_joiner(make: Any) -> None:
    """`close` alone sends everything: the opening, the document and the end."""
    snapshot = snapshots(DOCUMENT)[-1]
    out = make()

    assert out.open() + out.close(snapshot) == make().close(snapshot) != b""


@every_emitter
def test_opening_comes_once_and_first(make: Any) -> None:
    asked, not_asked = make(min_interval_s=0), make(min_interval_s=0)
    snapshot = snapshots(DOCUMENT)[0]
    opening = asked.open()

    assert asked.open() == b""
    assert opening + asked.update(snapshot) == not_asked.update(snapshot)


@every_emitter
def test_same_snapshot_brings_nothing(make: Any) -> None:
    out = make(min_interval_s=0)
    snapshot = snapshots(DOCUMENT)[0]

    assert out.update(snapshot)
    assert (out.update(snapshot), out.due_s) == (b"", None)


@every_emitter
def test_nothing_follows_the_end(make: Any) -> None:
    *_, last = snapshots(DOCUMENT)
    out = make()
    out.close(last)

    assert (out.close(last), out.fail("late"), out.open(), out.due_s) == (b"", b"", b"", None)
    with pytest.raises(sj.ClosedError, match="has ended"):
        out.update(last)


@every_emitter
def test_nothing_follows_a_failure(make: Any) -> None:
    first, *_, last = snapshots(DOCUMENT)
    out = make()
    out.update(first)
    failure = out.fail(RuntimeError("The model went away."))

    assert (b"The model went away." in failure) is out.says_failure
    assert (out.fail("again"), out.close(last)) == (b"", b"")
    with pytest.raises(sj.ClosedError):
        out.update(last)


@every_emitter
def test_document_without_a_value_has_an_end(make: Any) -> None:
    out = make()
    ended = out.open() + out.update(sj.Assembler().snapshot()) + out.close()

    assert b'"value":null' in ended or b"null" not in ended.replace(b'"finish_reason":null', b"").replace(
        b'"content":null', b""
    )
    assert make().close() == ended
    assert make().fail("x") or not out.says_failure


@every_emitter
def test_frames_have_no_character_at_which_a_client_cuts_lines(make: Any) -> None:
    texts = ["\x85", "\u2028", "\u2029", "\r\n", "\r", "\x0b", "\x1c"]
    sent = make().close(snapshots({"".join(texts): texts})[-1])

    assert b"\r" not in sent
    assert len(sent.decode().splitlines()) == len(sent.decode().split("\n")) - sent.endswith(b"\n")


@every_emitter
def test_pieces_of_a_stream_are_whole_frames(make: Any) -> None:
    out = make(min_interval_s=0)
    for snapshot in snapshots(DOCUMENT):
        piece = out.update(snapshot)
        if out.headers["content-type"] == "text/event-stream":
            assert piece == b"" or piece.endswith(b"\n\n")
            for event in sj.decode_sse([piece]):
                json.loads(event.data)


@every_emitter
def test_headers_keep_a_proxy_from_collecting(make: Any) -> None:
    out = make()

    assert out.headers["x-accel-buffering"] == "no"
    assert out.headers["cache-control"] == "no-cache"
    assert out.keep_alive == (b": ping\n" if out.headers["content-type"] == "text/event-stream" else b"")


@every_emitter
def test_end_alone_follows_when_all_was_sent(make: Any) -> None:
    *_, last = snapshots({"a": {}})
    out, again = make(min_interval_s=0), make(min_interval_s=0)
    out.update(last)

    assert len(out.close()) < len(again.close(last))


@pytest.mark.parametrize("name", ["AISDK tool", "AISDK text", "AGUI tool", "OpenAI tool", "OpenAI content", "Text"])
def test_number_that_grows_is_held_in_a_text(name: str) -> None:
    assembler, out = sj.Assembler(), EMITTERS[name](min_interval_s=0)
    assembler.apply_delta("a", 1)
    assert b"a" in out.update(assembler.snapshot())
    assembler.apply_delta("a", 12)

    assert out.update(assembler.snapshot()) == b""
    assert b"12" in out.close()


@every_emitter
def test_older_and_foreign_snapshots_are_refused(make: Any) -> None:
    first, second, *_ = snapshots(DOCUMENT)
    out = make(min_interval_s=0)
    out.update(second)

    with pytest.raises(ValueError, match="older"):
        out.update(first)
    with pytest.raises(ValueError, match="another document"):
        out.update(snapshots(DOCUMENT)[1])
    with pytest.raises(TypeError, match="an emitter takes a snapshot"):
        out.update(b"bytes")


def test_failure_says_what_the_sender_said():
    error = sj.StreamFailedError("failed", error_type="overloaded", error_message="Try again later.")
    sent = sj.emit.Chunks("s").fail(error)

    (event,) = sj.decode_sse([sent])
    assert json.loads(event.data) == {
        "chunk_type": "error", "error_type": "overloaded", "error_message": "Try again later.",
    }  # fmt: skip
    with pytest.raises(sj.StreamFailedError, match="Try again later"):
        sj.assemble(sj.decode_sse([sent])).final()


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        ("went away", "went away", "error"),
        (KeyError(), "the answer broke off", "KeyError"),
        (sj.StreamTruncatedError("cut"), "cut", "truncated"),
        (sj.StreamFailedError("no deltas", code="no_deltas"), "no deltas", "no_deltas"),
    ],
    ids=["text", "an exception without a message", "a truncated stream", "a failure without a type"],
)
def test_failure_has_a_message_and_a_code(error: Any, message: str, code: str) -> None:
    (_, event) = sj.decode_sse([sj.emit.AGUI("t", "r").fail(error)])

    assert json.loads(event.data) == {"type": "RUN_ERROR", "message": message, "code": code}


def send_all(out: sj.emit.Emitter, value: Any) -> None:
    for snapshot in snapshots(value):
        out.update(snapshot)
    out.close()


FORBIDDEN = [
    {"a": {"__proto__": 1}},
    {"a": [{"constructor": {"prototype": 1}}]},
]


@pytest.mark.parametrize("value", FORBIDDEN, ids=str)
@pytest.mark.parametrize(
    "name", [name for name in EMITTERS if name.startswith(("AISDK", "AGUI", "Object")) and name != "AISDK text"]
)
def test_names_that_browsers_refuse_are_an_error(value: Any, name: str) -> None:
    out = EMITTERS[name](min_interval_s=0)
    with pytest.raises(sj.StreamJSONError, match="clients in JavaScript refuse") as caught:
        send_all(out, value)

    assert caught.value.code == "forbidden_name"
    assert out.fail(caught.value) or not out.says_failure


@pytest.mark.parametrize(
    "value", [{"a": "__proto__"}, {"a": "prototype", "constructor": [1]}, {"prototype": "x"}], ids=str
)
def test_such_words_are_no_error_elsewhere(value: Any) -> None:
    assert sj.emit.AGUI("t", "r").close(snapshots(value)[-1])


def test_content_of_an_activity_is_an_object():
    out = sj.emit.AGUI("t", "r", "activity")
    with pytest.raises(sj.StreamJSONError, match="is an object, not") as caught:
        out.update(snapshots([1])[-1])

    assert caught.value.code == "not_an_object"


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "AISDK, as_": (lambda: sj.emit.AISDK("m", "xml"), "as_ is"),
    "AGUI, as_": (lambda: sj.emit.AGUI("t", "r", "xml"), "as_ is"),
    "OpenAI, as_": (lambda: sj.emit.OpenAI(as_="xml"), "as_ is"),
    "a pointer without its slash": (lambda: sj.emit.AGUI("t", "r", at="trip"), "at is a JSON pointer"),
    "a pointer with half an escape": (lambda: sj.emit.AGUI("t", "r", at="/a~b"), "at is a JSON pointer"),
    "a place for a tool": (lambda: sj.emit.AGUI("t", "r", "tool", at="/trip"), "at is a JSON pointer"),
    "Patch, text": (lambda: sj.emit.Patch(text="grow"), "text is"),
    "a negative interval": (lambda: sj.emit.Patch(min_interval_s=-1), "min_interval_s is not negative"),
    "an interval that is not a number": (lambda: sj.emit.Patch(min_interval_s=float("nan")), "min_interval_s"),
    "no budget": (lambda: sj.emit.Patch(max_bytes_per_s=0), "max_bytes_per_s is more than 0"),
}


@pytest.mark.parametrize(("make", "message"), WRONG.values(), ids=WRONG)
def test_wrong_options_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("stream_id", ["", "a\nb", "a\0", None])
def test_stream_id_is_text_on_one_line(stream_id: Any) -> None:
    with pytest.raises(sj.InvalidEventError, match="stream_id"):
        sj.emit.Chunks(stream_id)


def test_tool_starts_again_where_its_text_can_not_continue():
    assembler = sj.Assembler()
    out = sj.emit.AISDK("m", "tool", name="trip", id="c", output={"ok": True}, min_interval_s=0)
    sent = b""
    for path, delta in [("a", "x"), ("b", "y"), ("a", "z")]:
        assembler.apply_delta(path, delta)
        sent += out.update(assembler.snapshot())
    sent += out.close()

    events = [json.loads(event.data) for event in sj.decode_sse([sent]) if event.data != "[DONE]"]
    assert [event["type"] for event in events] == [
        "start", "tool-input-start", "tool-input-delta", "tool-input-delta", "tool-input-start", "tool-input-delta",
        "tool-input-delta", "tool-input-available", "tool-output-available", "finish",
    ]  # fmt: skip
    assert events[5]["inputTextDelta"] + events[6]["inputTextDelta"] == '{"a":"xz","b":"y"}'


@every_emitter
def test_document_that_was_reset_before_a_client_came_is_like_a_new_one(make: Any) -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", "x")
    assembler.reset()
    out, like_new = make(min_interval_s=0), make(min_interval_s=0)
    sent = out.update(assembler.snapshot())
    assembler.apply_delta("b", "y")
    sent += out.update(assembler.snapshot())

    assert sent.count(b":null") == sent.count(b'"finish_reason":null') + sent.count(b'"content":null')
    lineage = r":[0-9a-f]{8}:"
    assert re.sub(lineage, ":", sent.decode()) == re.sub(lineage, ":", like_new.update(assembler.snapshot()).decode())


@every_emitter
def test_after_an_update_that_was_refused_the_end_is_a_failure(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *_, last = snapshots(DOCUMENT)
    out = make(min_interval_s=0)
    out.update(first)
    error = sj.ConflictError("it can't be sent", code="not_append_only")

    def refuse(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(out._body, "write", refuse)
    with pytest.raises(sj.ConflictError):
        out.update(last)
    with pytest.raises(sj.ClosedError, match="is broken"):
        out.update(last)
    assert (b"it can't be sent" in out.close(last)) is out.says_failure


@pytest.mark.parametrize("name", [name for name in EMITTERS if name != "AISDK data"])
def test_text_that_mentions_a_prototype_costs_what_it_sends(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a frame sends is looked at, not the whole document."""
    looked_at: list[int] = []
    check = encoding._check

    def counted(path: Any, value: Any) -> None:
        looked_at.append(len(str(value)))
        check(path, value)

    monkeypatch.setattr(encoding, "_check", counted)
    assembler, out = sj.Assembler(), EMITTERS[name](min_interval_s=0)
    for number in range(100):
        assembler.apply_delta(f"items[{number}]", "prototype!")
        out.update(assembler.snapshot())

    assert sum(looked_at) < 100 * 100


@every_emitter
def test_opening_is_not_lost_with_what_was_refused(make: Any) -> None:
    out = make(min_interval_s=0)
    with pytest.raises(TypeError):
        out.update(b"not a snapshot")
    *_, last = snapshots(DOCUMENT)

    assert out.close(last).startswith(make().open())


def test_opening_comes_before_the_failure_of_the_first_update():
    out = sj.emit.AGUI("t", "r")
    with pytest.raises(sj.StreamJSONError):
        out.update(snapshots({"__proto__": 1})[-1])

    assert [json.loads(event.data)["type"] for event in sj.decode_sse([out.fail("x")])] == ["RUN_STARTED", "RUN_ERROR"]


def test_half_a_pair_in_an_id_is_repaired():
    (event,) = sj.decode_sse([sj.emit.AISDK("m\ud83d").open()])

    assert json.loads(event.data)["messageId"] == "m\ufffd"


def test_numbers_and_depths_that_json_can_not_say_are_an_error():
    limits = sj.Limits(max_number_digits=None, max_depth=None, max_path_bytes=None)
    number, deep = sj.Assembler(limits=limits), sj.Assembler(limits=limits)
    number.apply_delta("a", 10**5000)
    deep.apply_delta("a" + "[0]" * 1500, "x")

    with pytest.raises(sj.InvalidEventError) as caught:
        sj.emit.Patch().update(number.snapshot())
    assert caught.value.code == "bad_number"
    with pytest.raises(sj.InvalidEventError, match="too deeply"):
        sj.emit.Patch().update(deep.snapshot())


@pytest.mark.parametrize("name", ["constructor", "prototype"])
def test_object_stream_refuses_a_path_that_its_client_refuses(name: str) -> None:
    assembler, out = sj.Assembler(), sj.emit.ObjectStream(min_interval_s=0)
    assembler.apply_delta("a", 1)
    out.update(assembler.snapshot())
    assembler.apply_delta(name, 1)
    with pytest.raises(sj.StreamJSONError, match="clients in JavaScript refuse"):
        out.update(assembler.snapshot())


def test_failure_does_not_send_what_the_client_refuses():
    assembler, out = sj.Assembler(), sj.emit.AISDK("m", "tool", min_interval_s=0)
    assembler.apply_delta("a.b", 1)
    out.update(assembler.snapshot())
    assembler.apply_delta("a.__proto__", 1)
    with pytest.raises(sj.StreamJSONError):
        out.update(assembler.snapshot())
    (error, _) = sj.decode_sse([out.fail("x")])

    assert json.loads(error.data)["input"] == {}


def test_state_at_a_place_is_emptied_if_there_is_no_document():
    (_, patch, _) = sj.decode_sse([sj.emit.AGUI("t", "r", at="/trip").close()])

    assert json.loads(patch.data)["delta"] == [{"op": "add", "path": "/trip", "value": None}]


def test_document_that_was_reset_is_not_kept_by_the_ai_sdk():
    assembler = sj.Assembler()
    data, tool = (sj.emit.AISDK("m", as_, min_interval_s=0) for as_ in ("data", "tool"))
    assembler.apply_delta("a", "x")
    data.update(assembler.snapshot()), tool.update(assembler.snapshot())
    assembler.reset()

    (event,) = sj.decode_sse([data.update(assembler.snapshot())])
    assert json.loads(event.data)["data"] is None
    *events, _ = sj.decode_sse([tool.close(assembler.snapshot())])
    kinds = [json.loads(event.data)["type"] for event in events]
    assert kinds == ["tool-input-start", "tool-input-error", "finish"]


def test_reset_of_the_state_is_an_empty_state():
    assembler = sj.Assembler()
    assembler.apply_delta("a", 1)
    out, at_a_place = sj.emit.AGUI("t", "r", min_interval_s=0), sj.emit.AGUI("t", "r", at="/x", min_interval_s=0)
    out.update(assembler.snapshot()), at_a_place.update(assembler.snapshot())
    assembler.reset()

    (event,) = sj.decode_sse([out.update(assembler.snapshot())])
    assert json.loads(event.data) == {"type": "STATE_SNAPSHOT", "snapshot": {}}
    (event,) = sj.decode_sse([at_a_place.update(assembler.snapshot())])
    assert json.loads(event.data)["delta"] == [{"op": "add", "path": "/x", "value": None}]


def test_default_created_is_now():
    (first, *_) = sj.decode_sse([sj.emit.OpenAI().close()])

    assert json.loads(first.data)["created"] > 1_700_000_000


@pytest.mark.parametrize("seed", range(20))
def test_what_an_openai_client_is_sent_comes_back(seed: int) -> None:
    """Our own reader of these chunks builds the same document."""
    assembler, out = sj.Assembler(), sj.emit.OpenAI(name="trip", min_interval_s=0)
    sent = b"".join(out.update(assembler.snapshot()) for _ in in_order(random.Random(seed)).apply_to(assembler))
    (part,) = sj.assemble_parts(sj.decode_sse([sent + out.close()])).final()

    assert (part.name, part.end, part.value) == ("trip", "done", assembler.snapshot().value)
