"""The inputs of a hostile sender, and the promised outcomes: a table of attacks.

An attack generates its input in pieces, so that it needs little memory itself. It sends them through the public
interface, and asserts the outcome: the error with its code and attributes, and a document that is unchanged by the
refused event.
`cap` runs and measures the attacks.

`limits` are the limits in force; `scale` is how often, or how many times more than allowed, the attack sends its
input. `ROWS` lists the inputs that the attacks must cover, table by table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial, reduce
from inspect import signature
from itertools import count, cycle, product
from typing import Any, Final

from attrs import evolve, frozen

import streamjson as sj

__all__ = ["ATTACKS", "DEFAULT", "NOT_YET", "ROWS", "SMALL", "WAITING", "Attack"]

DEFAULT: Final = sj.Limits()
SMALL: Final = sj.Limits(
    max_event_bytes=1024 * 1024,
    max_string_bytes=1024 * 1024,
    max_document_bytes=4 * 1024 * 1024,
    max_nodes=62_500,
    max_runs=62_500,
    max_array_length=62_500,
)
"""A sixteenth of each large default."""

ROWS: Final = {
    "SSE bytes": (
        "endless bytes without a line end",
        "endless lines that must be kept, without a blank line",
        "one line in pieces of one byte; very many data lines",
        "endless comments and unknown fields",
        "CR, LF, CRLF and mixtures, cut anywhere",
        "U+2028, U+2029, U+0085, VT, FF and FS in data",
        "bytes that are not UTF-8",
        "a comment and a blank line after an id",
        "an id and empty data",
        "an id that contains NUL or is too long",
        "a reconnection time of 5,000 digits, 0, -5, 1_000, or in Arabic digits",
        "a stream cut inside an event",
        "line breaks in an encoded id, type or data",
        "a rejected event, and the id to resume from",
        "very many small events in one piece",
    ),
    "Event payload": (
        "data that is not JSON, not an object, or without a delta",
        "nesting",
        "a number of 5,000 digits",
        "NaN, Infinity, 1e400",
        "the same name twice",
        "half of a surrogate pair",
        "a surrogate pair split over two deltas",
        "the fields of an error, and an unknown chunk_type",
        "very many values in one event",
        "one character that makes a long text wide",
    ),
    "Path": (
        "a wildcard, slice, union, filter or script, or '..'",
        "a negative index, [01], Arabic or full-width digits, [1_0]",
        "an index of a billion, or of 5,000 digits",
        "__class__, __globals__, __proto__",
        "an index into an object, a name into an array, either into a string",
        "text onto a number or an object, a kind that changes in midstream",
        "the root replaced in midstream",
        "100,000 steps, an open bracket, NUL, a path that is not text",
    ),
    "Document and readers": (
        "very many short deltas to one string",
        "very many values, or a huge document",
        "interleaved fields",
        "a reader that modifies a shared value",
        "an event that is replayed after a reconnect",
        "a damaged or foreign checkpoint",
        "a slow reader",
        "a foreign journal",
        "the id of another user's stream",
    ),
}
"""Descriptions of the inputs."""

NOT_YET: Final = {
    "a slow reader": "conflation, and its bounded queue",
    "a foreign journal": "the journal",
    "the id of another user's stream": "the keys of the store",
}
"""Rows without an attack, and the feature that they need."""


@frozen
class Attack:
    """One input; `run(limits, scale)` sends it, asserts the outcome, and returns the number of bytes sent.

    `limit` names the limit that bounds the memory, None if nothing may be held. The attack may take `factor` times that
    limit; `because` is the reason if that is more than four. `needs` names a part of the public interface that the
    attack uses and older versions lack; without that part, the attack is not among `ATTACKS`.
    """

    name: str
    table: str
    row: str
    promise: str
    limit: str | None
    run: Callable[[sj.Limits, int], int]
    factor: int = 4
    because: str = ""
    needs: str = ""

    def allowed_bytes(self, limits: sj.Limits) -> int:
        """Return the number of bytes that the attack may take under these limits."""
        return 0 if self.limit is None else self.factor * getattr(limits, self.limit)


ATTACKS: Final[dict[str, Attack]] = {}
WAITING: Final[dict[str, Attack]] = {}
"""Attacks that need a missing part of the public interface."""


def _exists(name: str) -> bool:
    """Return whether the public interface has a name, an attribute (with a dot) or an option of the assembler (=)."""
    if name.endswith("="):
        return name[:-1] in signature(sj.Assembler).parameters
    return reduce(lambda here, part: getattr(here, part, None), name.split("."), sj) is not None


def attack(
    table: str,
    row: str,
    promise: str,
    limit: str | None = None,
    *,
    factor: int = 4,
    because: str = "",
    needs: str = "",
) -> Callable[[Callable[[sj.Limits, int], int]], Callable[[sj.Limits, int], int]]:
    """Register a function as an attack of the same name."""

    def register(run: Callable[[sj.Limits, int], int]) -> Callable[[sj.Limits, int], int]:
        name = run.__name__.replace("_", "-")
        found = not needs or _exists(needs)
        (ATTACKS if found else WAITING)[name] = Attack(name, table, row, promise, limit, run, factor, because, needs)
        return run

    return register


# ---------------------------------------------------------------------------------------------------------------------
# helpers of the attacks

PIECE_BYTES: Final = 8 * 1024


class Victim:
    """A decoder and an assembler with the limits in force, and the number of bytes sent to them."""

    def __init__(self, limits: sj.Limits, **options: Any) -> None:
        self.decoder = sj.SSEDecoder(limits=limits)
        self.assembler = sj.Assembler(limits=limits, **options)
        self.sent = 0

    def feed(self, piece: bytes) -> list[sj.ServerSentEvent[str]]:
        self.sent += len(piece)
        return self.decoder.feed(piece)

    def send(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            for event in self.feed(piece):
                self.assembler.apply(event)

    def event(self, delta: object, path: object, **fields: object) -> None:
        """Send an event over the wire."""
        data = json.dumps({"delta": delta, "json_path": path, **fields})
        self.send([b"data: ", data.encode(), b"\n\n"])

    def delta(self, path: str, delta: Any) -> None:
        """Apply a delta; estimate the bytes that it would take on the wire."""
        self.assembler.apply_delta(path, delta)
        self.sent += 40 + len(path)

    def state(self) -> tuple[object, ...]:
        """Return the state that no refused event may change, without the value, which would cost its size each time."""
        assembler = self.assembler
        return assembler.version, assembler.span_id, assembler.last_event_id, assembler.end

    @contextmanager
    def refuses(self, *codes: str) -> Iterator[list[sj.StreamJSONError]]:
        """Expect an error with one of the codes, and an unchanged state."""
        before, caught = self.state(), list[sj.StreamJSONError]()
        try:
            yield caught
        except sj.StreamJSONError as error:
            assert error.code in codes, f"{error.code} instead of {codes}: {error}"
            assert len(str(error)) < 1000, "a message must not contain the input"
            caught.append(error.with_traceback(None))  # its frames reference the event
        else:
            raise AssertionError(f"the input was accepted, not refused with {codes}")
        assert self.state() == before, "the refused input changed the state"

    def until_refused(self, steps: Iterable[Callable[[], object]], *codes: str) -> None:
        """Run steps until one is refused; assert that the refused one changed nothing."""
        for step in steps:
            version = self.assembler.version
            try:
                step()
            except sj.StreamJSONError as error:
                assert self.assembler.version == version
                with self.refuses(*codes):  # checks the code
                    raise error.with_traceback(None) from None
                with self.refuses(*codes):
                    step()
                return
        raise AssertionError(f"no step was refused with {codes}")

    def dies(self, pieces: Iterable[bytes], code: str) -> None:
        """Send pieces until the decoder refuses; assert that it is dead until `reset`."""
        before = self.sent
        with self.refuses(code) as caught:
            self.send(pieces)
        (error,) = caught
        assert isinstance(error, sj.LimitExceededError)
        assert error.met > error.maximum
        assert error.offset is not None
        assert self.sent - before <= 2 * error.maximum + 2 * PIECE_BYTES, "the error came too late"
        assert self.decoder.truncated
        with self.refuses("closed"):
            self.decoder.feed(b"data: x\n\n")
        self.decoder.reset()
        self.continues()

    def continues(self) -> None:
        """Assert that a valid event is applied."""
        version, number = self.assembler.version, self.sent
        self.event({"seen": number}, "good")
        assert self.assembler.version == version + 1
        assert self.assembler.snapshot().get("good") == {"seen": number}

    def has_value(self, value: object) -> None:
        """Assert the value of the document."""
        assert self.assembler.snapshot().value == value


def filled(unit: bytes, size: int) -> Iterator[bytes]:
    """Yield repetitions of `unit` in pieces, at least `size` bytes in total."""
    whole = unit * max(1, PIECE_BYTES // len(unit))
    for _ in range(size // len(whole)):
        yield whole
    yield unit * (-(-(size % len(whole)) // len(unit)))


def one_event(head: bytes, unit: bytes, size: int, tail: bytes) -> Iterator[bytes]:
    """Yield the pieces of an event of about `size` bytes whose data is JSON."""
    yield b'data: {"json_path":"big","delta":' + head
    yield from filled(unit, size)
    yield tail + b"}\n\n"


def fill_bytes(limits: sj.Limits) -> int:
    """Return the number of bytes with which an event may be filled."""
    return (limits.max_event_bytes or 0) - 2 * 1024


# ---------------------------------------------------------------------------------------------------------------------
# SSE bytes

SSE = "SSE bytes"
TOO_LARGE = "`max_event_bytes`; the decoder is dead until `reset`"


@attack(SSE, ROWS[SSE][0], TOO_LARGE, "max_event_bytes")
def no_line_end(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for _ in range(scale):
        victim.dies(cycle([b"x" * PIECE_BYTES]), "max_event_bytes")
    return victim.sent


@attack(SSE, ROWS[SSE][0], TOO_LARGE, "max_event_bytes")
def no_line_end_in_data(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for _ in range(scale):
        victim.dies(filled(b"data:" + b"x" * 1000, 2**40), "max_event_bytes")
    return victim.sent


def _endless_lines(line: bytes) -> Callable[[sj.Limits, int], int]:
    def run(limits: sj.Limits, scale: int) -> int:
        victim = Victim(limits)
        for _ in range(scale):
            victim.dies(filled(line, 2**40), "max_event_bytes")
        return victim.sent

    return run


for _name, _line in {
    "data_lines": b"data: 0123456789\n",
    "empty_data_lines": b"data\n",
    "crlf_data_lines": b"data: x\r\n",
    "type_lines": b"event: 0123456789\n",
    "id_lines": b"id: 0123456789\n",
}.items():
    _run = _endless_lines(_line)
    _run.__name__ = f"endless_{_name}"
    attack(SSE, ROWS[SSE][1], TOO_LARGE, "max_event_bytes")(_run)


@attack(SSE, ROWS[SSE][2], "the event, in linear time", "max_event_bytes")
def one_byte_pieces(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    size = fill_bytes(limits) // 16
    for _ in range(scale):
        pieces = one_event(b'"', b"x", size, b'"')
        victim.send(bytes([byte]) for piece in pieces for byte in piece)
        assert len(victim.assembler.snapshot().get("big")) == size
        victim.assembler.reset()
    return victim.sent


@attack(SSE, ROWS[SSE][2], "the event, in linear time", "max_event_bytes")
def sixteen_byte_pieces(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    size = fill_bytes(limits)
    for _ in range(scale):
        pieces = one_event(b'"', b"x", size, b'"')
        victim.send(piece[at : at + 16] for piece in pieces for at in range(0, len(piece), 16))
        assert len(victim.assembler.snapshot().get("big")) == size
        victim.assembler.reset()
    return victim.sent


@attack(SSE, ROWS[SSE][2], "the event, in linear time", "max_event_bytes")
def many_data_lines(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    count = fill_bytes(limits) // len(b"data:x")
    for _ in range(scale):
        for piece in filled(b"data:x\n", count * 7):
            assert victim.feed(piece) == []
        (event,) = victim.feed(b"\n")
        assert event.data.count("\n") >= count - 1
    return victim.sent


def _nothing_kept(line: bytes, *, has_end: bool = True) -> Callable[[sj.Limits, int], int]:
    def run(limits: sj.Limits, scale: int) -> int:
        victim = Victim(limits)
        size = 2 * scale * (limits.max_event_bytes or 0)
        for piece in filled(line, size):
            assert victim.feed(piece) == []
        assert victim.decoder.truncated is False
        victim.feed(b"\n" if has_end else b"\n\n")
        victim.continues()
        return victim.sent

    return run


for _name, _run in {
    "endless_comment": _nothing_kept(b":", has_end=False),
    "endless_comments": _nothing_kept(b": ping\n"),
    "endless_unknown_fields": _nothing_kept(b"foo: bar\n"),
    "endless_retries": _nothing_kept(b"retry: 5\n"),
    "endless_blank_lines": _nothing_kept(b"\n"),
    "endless_crs": _nothing_kept(b"\r"),
}.items():
    _run.__name__ = _name
    attack(SSE, ROWS[SSE][3], "nothing is kept")(_run)


@attack(SSE, ROWS[SSE][3], TOO_LARGE, "max_event_bytes")
def endless_unknown_field(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for _ in range(scale):
        victim.dies(filled(b"unknown: 0123456789 ", 2**40), "max_event_bytes")
    return victim.sent


@attack(SSE, ROWS[SSE][4], "the same events at every cut")
def line_ends(limits: sj.Limits, scale: int) -> int:
    sent = 0
    for a, b, c in product((b"\n", b"\r", b"\r\n"), repeat=3):
        stream = b"id: 1%bdata: a%bdata: b%b%b" % (a, b, c, a) + b"data: [DONE]%b%b" % (c, b)
        if b"\r\n" in {c + a, c + b}:  # the two would form one line end
            continue
        for cut in range(len(stream) * scale):
            victim = Victim(limits)
            cut %= len(stream)
            events = [*victim.feed(stream[:cut]), *victim.feed(stream[cut:])]
            assert [event.data for event in events] == ["a\nb", "[DONE]"]
            assert [event.id for event in events] == ["1", None]
            sent += victim.sent
    return sent


@attack(SSE, ROWS[SSE][5], "they are data, not line ends")
def unicode_line_ends(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for number in range(1000 * scale):
        for end in "\u2028\u2029\u0085\x0b\x0c\x1c\x1d\x1e":
            (event,) = victim.feed(f"data: a{end}b{number}\n\n".encode())
            assert event.data == f"a{end}b{number}"
    return victim.sent


@attack(SSE, ROWS[SSE][6], "U+FFFD, and no error", "max_event_bytes")
def no_utf8(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xf0\x9f\x98"):
        for _ in range(100 * scale):
            (event,) = victim.feed(b"data: a" + bad + b"\n\n")
            assert event.data.startswith("a\ufffd")
        for piece in (b"data: ", *filled(bad, fill_bytes(limits) - 6)):
            victim.feed(piece)
        (event,) = victim.feed(b"\n\n")
        assert set(event.data) == {"\ufffd"}
    return victim.sent


@attack(SSE, ROWS[SSE][7], "no event; the next one has the id")
def comment_after_id(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for number in range(1000 * scale):
        assert victim.feed(b"id: %d\n: ping\n\n" % number) == []
        assert victim.decoder.last_event_id == str(number)
        assert victim.assembler.last_event_id == ""
    return victim.sent


@attack(SSE, ROWS[SSE][8], "an event with empty data; the assembler records its id, and nothing changes")
def id_and_empty_data(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for number in range(1000 * scale):
        (event,) = victim.feed(b"id: %d\ndata:\n\n" % number)
        assert event.data == ""
        assert victim.assembler.apply(event) is None
        assert victim.assembler.last_event_id == str(number)
    return victim.sent


@attack(SSE, ROWS[SSE][9], "it is ignored")
def id_with_nul(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    victim.feed(b"id: good\n\n")
    for number in range(1000 * scale):
        (event,) = victim.feed(b"id: a\0%d\ndata: x\n\n" % number)
        assert (event.id, event.last_event_id) == (None, "good")
    return victim.sent


@attack(SSE, ROWS[SSE][9], "`max_id_bytes`; the decoder is dead until `reset`", "max_event_bytes")
def id_too_long(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for size in (limits.max_id_bytes or 0, fill_bytes(limits)):
        for _ in range(scale):
            with victim.refuses("max_id_bytes"):
                victim.send([b"id: x", *filled(b"x", size), b"\ndata: x\n\n"])
            victim.decoder.reset()
            victim.continues()
    return victim.sent


RETRIES: Final = {
    "5,000_digits": ("9" * 5000, 3_600_000),
    "zero": ("0", 0),
    "negative": ("-5", None),
    "underscore": ("1_000", None),
    "arabic_digits": ("٣٠٠٠", None),
    "fraction": ("1.5", None),
    "empty": ("", None),
}


def _retry(text: str, expected: int | None) -> Callable[[sj.Limits, int], int]:
    def run(limits: sj.Limits, scale: int) -> int:
        victim = Victim(limits)
        for _ in range(100 * scale):
            (event,) = victim.feed(f"retry: {text}\ndata: x\n\n".encode())
            assert event.retry == victim.decoder.retry_ms == expected
        victim.continues()
        return victim.sent

    return run


for _name, (_text, _expected) in RETRIES.items():
    _run = _retry(_text, _expected)
    _run.__name__ = f"retry_{_name.replace(',', '')}"
    attack(SSE, ROWS[SSE][10], "lowered to `max_retry_ms`, or ignored")(_run)


@attack(SSE, ROWS[SSE][10], "lowered to `max_retry_ms`", "max_event_bytes")
def retry_that_fills_an_event(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for _ in range(scale):
        victim.send([b"retry: ", *filled(b"9", fill_bytes(limits)), b"\n"])
        assert victim.decoder.retry_ms == limits.max_retry_ms
    victim.feed(b"\n")
    victim.continues()
    return victim.sent


@attack(SSE, ROWS[SSE][11], "the incomplete event and its id are dropped, and the end is an error", "max_event_bytes")
def cut_inside_an_event(limits: sj.Limits, scale: int) -> int:
    sent = 0
    whole = b'id: 1\ndata: {"delta":"a","json_path":"t"}\n\n'
    for cut in range(1, 40 * scale):
        torn = b'id: 2\ndata: {"delta":"b","json_path":"t"}\n'[: 1 + cut % 40]
        stream = sj.assemble(sj.decode_sse([whole, torn], limits=limits), limits=limits)
        try:
            list(stream)
        except sj.StreamTruncatedError as error:
            assert (error.code, error.last_event_id) == ("truncated", "1")
        else:
            raise AssertionError("an end inside an event was not reported")
        assert stream.snapshot.value == {"t": "a"}
        assert (stream.snapshot.complete, stream.snapshot.last_event_id) == (False, "1")
        sent += len(whole) + len(torn)
    for _ in range(scale):
        victim = Victim(limits)
        victim.send([b"data: ", *filled(b"x", fill_bytes(limits))])
        victim.decoder.close()
        assert victim.decoder.truncated
        sent += victim.sent
    return sent


@attack(SSE, ROWS[SSE][12], "`line_break` for an id and a type; data is split into lines")
def line_breaks_written(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for number in range(300 * scale):
        for text in (f"a\n\ndata: {number}", f"a\rb{number}", f"\r\nid: {number}"):
            for fields in ({"id": text}, {"event": text}):
                with victim.refuses("line_break"):
                    sj.encode_sse(sj.ServerSentEvent("x", **fields))
            (event,) = victim.feed(sj.encode_sse(sj.ServerSentEvent(text)))
            assert event.data == text.replace("\r\n", "\n").replace("\r", "\n")
            assert event.id is None
    return victim.sent


@attack(SSE, ROWS[SSE][13], "the id does not move", "max_event_bytes")
def rejected_event_and_the_id(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    victim.send([b'id: good\ndata: {"delta":1,"json_path":"n"}\n\n'])
    for number in range(300 * scale):
        for data in (
            "nonsense",
            '{"delta":1,"json_path":"n[*]"}',
            '{"delta":"x","json_path":"n"}',
            '{"delta":[1e400]}',
        ):
            with victim.refuses("bad_json", "wildcard", "type_conflict", "bad_number", "missing_path") as caught:
                victim.send([f"id: bad{number}\ndata: {data}\n\n".encode()])
            assert caught[0].last_event_id == "good"
            assert victim.assembler.last_event_id == "good"
    victim.has_value({"n": 1})
    return victim.sent


@attack(
    SSE, ROWS[SSE][13], "with `on_invalid='skip'` the id moves, so that a replay skips the event", needs="on_invalid="
)
def skipped_event_and_the_id(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits, on_invalid="skip")
    victim.event(1, "n")
    number = 0
    for number in range(300 * scale):
        victim.send([f"id: bad{number}\ndata: nonsense\n\n".encode()])
        victim.send([f'id: bad{number}\ndata: {{"delta":1,"json_path":"n[*]"}}\n\n'.encode()])
        assert victim.assembler.last_event_id == f"bad{number}"
    assert victim.assembler.skipped_count == 2 * (number + 1)
    assert len(victim.assembler.skipped) == 100
    victim.has_value({"n": 1})
    return victim.sent


@attack(SSE, ROWS[SSE][13], "not all skipped events are kept whole", "max_event_bytes", needs="on_invalid=")
def skipped_events_that_are_large(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits, on_invalid="skip")
    for _ in range(30 * scale):
        victim.send([b"data: ", *filled(b"x", fill_bytes(limits)), b"\n\n"])
    assert victim.assembler.skipped_count == 30 * scale
    return victim.sent


@attack(SSE, ROWS[SSE][14], "`decode_sse` yields them one after the other, and holds few", "max_event_bytes")
def many_events_in_one_piece(limits: sj.Limits, scale: int) -> int:
    unit = b"data:\n\n"
    piece = unit * ((limits.max_event_bytes or 0) // len(unit))
    for _ in range(scale):
        count = sum(1 for event in sj.decode_sse([piece], limits=limits) if event.data == "")
        assert count == len(piece) // len(unit)
    return scale * len(piece)


# ---------------------------------------------------------------------------------------------------------------------
# Event payload

PAYLOAD = "Event payload"
UNCHANGED = "; the document is unchanged"


@attack(PAYLOAD, ROWS[PAYLOAD][0], "`bad_json` or `bad_event`" + UNCHANGED)
def no_chunk(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    victim.continues()
    for number in range(300 * scale):
        for data in (f"nonsense {number}", f'{{"delta": {number}', "\ufeff{}", "{'a': 1}", '{"delta":1,}', "\0"):
            with victim.refuses("bad_json"):
                victim.send([f"data: {data}\n\n".encode()])
        for data in (f"{number}", f"[{number}]", f'"{number}"', "null", f'{{"delta": 1, "json_path": {number}}}'):
            with victim.refuses("bad_event"):
                victim.send([f"data: {data}\n\n".encode()])
        with victim.refuses("missing_path"):
            victim.send([f'data: {{"delta": {number}}}\n\n'.encode()])
    victim.continues()
    return victim.sent


@attack(PAYLOAD, ROWS[PAYLOAD][0], "nothing changes")
def no_delta(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for number in range(1000 * scale):
        victim.send([f'data: {{"model": {number}, "json_path": "a"}}\n\n'.encode()])
    assert victim.assembler.version == 0
    return victim.sent


@attack(PAYLOAD, ROWS[PAYLOAD][0], "`bad_json`" + UNCHANGED, "max_event_bytes")
def large_nonsense(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for unit in (b"x", b"\\", b'"', b"[}", b'"\\'):
        for _ in range(scale):
            with victim.refuses("bad_json", "max_depth", "max_nodes"):
                victim.send(one_event(b"", unit, fill_bytes(limits), b""))
    victim.continues()
    return victim.sent


def _nested(unit: bytes, middle: bytes, tail: bytes, *, is_closed: bool = True) -> Callable[[sj.Limits, int], int]:
    def run(limits: sj.Limits, scale: int) -> int:
        victim = Victim(limits)
        victim.continues()
        for _ in range(scale):
            whole = fill_bytes(limits) // (len(unit) + len(tail))
            for depth in ((limits.max_depth or 0) + 1, whole // 10, whole):
                with victim.refuses("max_depth"):
                    victim.send([
                        b'data: {"json_path":"big","delta":', *filled(unit, depth * len(unit)), middle,
                        *(filled(tail, depth * len(tail)) if is_closed else ()), b"}\n\n",
                    ])  # fmt: skip
        victim.continues()
        return victim.sent

    return run


for _name, _run in {
    "nested_arrays": _nested(b"[", b"1", b"]"),
    "nested_objects": _nested(b'{"a":', b"1", b"}"),
    "nested_and_not_closed": _nested(b"[", b"", b"]", is_closed=False),
    "nested_after_brackets_in_texts": _nested(b'["]]",', b"1", b"]"),
}.items():
    _run.__name__ = _name
    attack(PAYLOAD, ROWS[PAYLOAD][1], "`max_depth`, before it is parsed" + UNCHANGED, "max_event_bytes")(_run)


@attack(PAYLOAD, ROWS[PAYLOAD][1], "`max_depth` at the interpreter's limit, no RecursionError", "max_event_bytes")
def nested_without_a_limit(limits: sj.Limits, scale: int) -> int:
    victim = Victim(evolve(limits, max_depth=None, max_nodes=None))
    for _ in range(scale):
        depth = fill_bytes(limits) // 2
        with victim.refuses("max_depth"):
            victim.send([b'data: {"json_path":"a","delta":', *filled(b"[", depth), *filled(b"]", depth), b"}\n\n"])
    victim.continues()
    return victim.sent


@attack(PAYLOAD, ROWS[PAYLOAD][2], "`max_number_digits`, never a bare ValueError" + UNCHANGED)
def number_of_5000_digits(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    victim.continues()
    digits = "9" * 5000
    for _ in range(20 * scale):
        for delta in (digits, f"-{digits}", f"0.{digits}", f"{digits}e5", f"[{digits}]", f'{{"a":{digits}}}'):
            with victim.refuses("max_number_digits"):
                victim.send([f'data: {{"delta":{delta},"json_path":"n"}}\n\n'.encode()])
        with victim.refuses("max_number_digits"):
            victim.send([f'data: {{"delta":1,"json_path":"n","other":{digits}}}\n\n'.encode()])
        with victim.refuses("max_number_digits"):
            victim.assembler.apply_delta("n", 10**5000)
    victim.continues()
    return victim.sent


@attack(PAYLOAD, ROWS[PAYLOAD][2], "`max_number_digits`" + UNCHANGED, "max_event_bytes")
def number_that_fills_an_event(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for head in (b"", b"-", b"0."):
        for _ in range(scale):
            with victim.refuses("max_number_digits"):
                victim.send(one_event(head + b"1", b"0", fill_bytes(limits), b""))
    victim.continues()
    return victim.sent


@attack(PAYLOAD, ROWS[PAYLOAD][2], "`bad_number` if the limit is lifted" + UNCHANGED, "max_event_bytes")
def number_without_a_limit(limits: sj.Limits, scale: int) -> int:
    victim = Victim(evolve(limits, max_number_digits=None))
    for _ in range(scale):
        with victim.refuses("bad_number"):
            victim.send(one_event(b"1", b"0", fill_bytes(limits), b""))
    victim.continues()
    return victim.sent


@attack(PAYLOAD, ROWS[PAYLOAD][3], "`bad_number`" + UNCHANGED)
def no_numbers(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    victim.continues()
    for _ in range(200 * scale):
        for number in ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e999999999"):
            for delta in (number, f"[{number}]", f'{{"a": {number}}}'):
                with victim.refuses("bad_number"):
                    victim.send([f'data: {{"delta": {delta}, "json_path": "n"}}\n\n'.encode()])
    victim.continues()
    return victim.sent


@attack(PAYLOAD, ROWS[PAYLOAD][4], "the last one wins, as in `json.loads`")
def same_name_twice(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for number in range(300 * scale):
        victim.send([f'data: {{"delta":"no","delta":{{"a":"no","a":{number}}},"json_path":"n"}}\n\n'.encode()])
        assert victim.assembler.snapshot().value == {"n": {"a": number}}
    return victim.sent


@attack(PAYLOAD, ROWS[PAYLOAD][4], "the last one wins", "max_event_bytes")
def same_name_again_and_again(limits: sj.Limits, scale: int) -> int:
    victim = Victim(evolve(limits, max_nodes=None))
    for _ in range(scale):
        victim.send(one_event(b"{", b'"a":"0123456789",', fill_bytes(limits), b'"a":1}'))
        assert victim.assembler.snapshot().value == {"big": {"a": 1}}
    return victim.sent


@attack(PAYLOAD, ROWS[PAYLOAD][5], "U+FFFD; every snapshot can be encoded")
def lone_halves(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for number in range(300 * scale):
        for text in ("\\ud83d!", "\\ude00", "\\ude00\\ud83d-", "a\\udfffb"):
            victim.send([f'data: {{"delta":"{text}","json_path":"n{number}"}}\n\n'.encode()])
        victim.send([b'data: {"delta":{"\\ud83d":"\\ud83d"},"json_path":"o"}\n\n'])
    value = victim.assembler.snapshot().value
    json.dumps(value, ensure_ascii=False).encode()
    assert value["n0"] == "\ufffd!\ufffd\ufffd\ufffd-a\ufffdb"
    assert value["o"] == {"\ufffd": "\ufffd"}
    return victim.sent


@attack(PAYLOAD, ROWS[PAYLOAD][6], "the high half waits for its partner")
def pair_cut_in_two(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for _ in range(1000 * scale):
        for half in ("\\ud83d", "\\ude00"):
            victim.send([f'data: {{"delta":"{half}","json_path":"n"}}\n\n'.encode()])
            assert not any("\ud800" <= char <= "\udfff" for char in victim.assembler.snapshot().get("n")[-2:])
    victim.has_value({"n": "😀" * (1000 * scale)})
    return victim.sent


@attack(PAYLOAD, ROWS[PAYLOAD][6], "each becomes one U+FFFD when another location changes")
def halves_that_wait_everywhere(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    count = 300 * scale
    for number in range(count):
        victim.event("x", f"a[{number}]")
    for number in range(count):
        victim.send([f'data: {{"delta":"\\ud83d","json_path":"a[{number}]"}}\n\n'.encode()])
    for _ in range(count):
        with victim.refuses("max_array_gap"):
            victim.event(1, "z[999999]")
    victim.event(1, "b")
    victim.has_value({"a": ["x\ufffd"] * count, "b": 1})
    return victim.sent


@attack(PAYLOAD, ROWS[PAYLOAD][7], "`stream_error`, final, with the snapshot so far")
def error_fields(limits: sj.Limits, scale: int) -> int:
    sent = 0
    for number in range(100 * scale):
        for event in (
            f'data: {{"error_type":"e{number}","error_message":"m"}}',
            f'data: {{"chunk_type":"error","error_type":"e{number}","errorMessage":"m"}}',
            f'event: error\ndata: {{"errorType":"e{number}","error_message":"m"}}',
        ):
            victim = Victim(limits)
            victim.event("a", "t")
            before = victim.assembler.version
            try:
                victim.send([event.encode() + b"\n\n"])
            except sj.StreamFailedError as error:
                assert (error.code, error.error_type, error.error_message) == ("stream_error", f"e{number}", "m")
                assert error.snapshot is not None
                assert error.snapshot.value == {"t": "a"}
            assert victim.assembler.version == before
            with victim.refuses("closed"):
                victim.event("b", "t")
            sent += victim.sent
    return sent


@attack(PAYLOAD, ROWS[PAYLOAD][7], "the delta is applied")
def unknown_chunk_type(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for number in range(300 * scale):
        victim.event(number, "n", chunk_type=f"type{number}")
        assert victim.assembler.snapshot().value == {"n": number}
        with victim.refuses("bad_event"):
            victim.event(number, "n", chunk_type=number)
    return victim.sent


def _many_values(head: bytes, unit: bytes, tail: bytes) -> Callable[[sj.Limits, int], int]:
    def run(limits: sj.Limits, scale: int) -> int:
        victim = Victim(limits)
        victim.continues()
        for _ in range(scale):
            with victim.refuses("max_nodes"):
                victim.send(one_event(head, unit, fill_bytes(limits), tail))
        victim.continues()
        return victim.sent

    return run


for _name, _run in {
    "many_numbers": _many_values(b"[", b"0,", b"0]"),
    "many_fractions": _many_values(b"[", b".5e1,".replace(b".", b"1."), b"0]"),
    "many_arrays": _many_values(b"[", b"[],", b"0]"),
    "many_objects": _many_values(b"[", b"{},", b"0]"),
    "many_members": _many_values(b"[", b'{"a":0},', b"0]"),
    "many_texts": _many_values(b"[", b'"",', b"0]"),
    "many_deep_objects": _many_values(b"[", b'{"a":' * 100 + b"1" + b"}" * 100 + b",", b"0]"),
    "many_values_in_an_unknown_field": _many_values(b'1,"unknown":[', b"{},", b"0]"),
}.items():
    _run.__name__ = _name
    attack(PAYLOAD, ROWS[PAYLOAD][8], "`max_nodes`, before it is parsed" + UNCHANGED, "max_event_bytes")(_run)


@attack(PAYLOAD, ROWS[PAYLOAD][8], "brackets and commas in a text count towards no limit", "max_event_bytes")
def many_separators_in_a_text(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for unit in (b",", b"[", b"{", b":", b'\\"'):
        for _ in range(scale):
            victim.send(one_event(b'"', unit, fill_bytes(limits) - 2, b'"'))
            assert set(victim.assembler.snapshot().get("big")) == set(unit.decode()[-1])
            victim.assembler.reset()
    return victim.sent


WIDE: Final = (
    "CPython stores a text with a character beyond U+FFFF in four bytes per character: the event's data, and its delta"
)


@attack(PAYLOAD, ROWS[PAYLOAD][9], "the event is applied", "max_event_bytes", factor=9, because=WIDE)
def one_wide_character(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for _ in range(scale):
        victim.send(one_event(b'"', b"x", fill_bytes(limits), '😀"'.encode()))
        assert victim.assembler.snapshot().get("big")[-2:] == "x😀"
        victim.assembler.reset()
    return victim.sent


# ---------------------------------------------------------------------------------------------------------------------
# Path

PATH = "Path"


def _bad_paths(row: int, promise: str, paths: dict[str, str]) -> None:
    def register(name: str, code: str, path: str) -> None:
        def run(limits: sj.Limits, scale: int) -> int:
            victim = Victim(limits)
            victim.continues()
            value = victim.assembler.snapshot().value
            for number in range(300 * scale):
                with victim.refuses(code) as caught:
                    victim.event("x", f"a{number}{path}")
                assert isinstance(caught[0], sj.InvalidPathError)
                with victim.refuses(code):
                    victim.assembler.apply_delta(f"a{number}{path}", [])
            assert victim.assembler.snapshot().value is value
            victim.continues()
            return victim.sent

        run.__name__ = f"path_{name}"
        attack(PATH, ROWS[PATH][row], promise + UNCHANGED)(run)

    for name, path in paths.items():
        register(name.replace("-", "_"), name.rstrip("0123456789").rstrip("_"), path)


_bad_paths(
    0,
    "a code that names the error",
    {
        "wildcard": "[*].x", "wildcard_2": ".*", "slice": "[1:2]", "union": "[0,1]", "union_2": "['a','b']",
        "filter": "[?(@.a)]", "script": "[(@.length-1)]", "descendant": "..x",
    },
)  # fmt: skip
_bad_paths(
    1,
    "a code that names the error",
    {
        "negative_index": "[-1]", "leading_zero": "[01]", "bad_index": "[٣]", "bad_index_2": "[１]",
        "bad_index_3": "[1_0]", "bad_index_4": "[+1]", "bad_index_5": "[1.0]",
    },
)  # fmt: skip
_bad_paths(2, "`index_too_large`, and nothing is allocated", {"index_too_large": f"[{'9' * 4000}]"})
_bad_paths(
    7,
    "a code that names the error",
    {
        "unbalanced": "[0", "unbalanced_2": "['a", "unbalanced_3": "]", "control_character": ".b\0c",
        "trailing_dot": ".", "empty_brackets": "[]", "lone_surrogate": ".\ud800",
    },
)  # fmt: skip


@attack(PATH, ROWS[PATH][2], "`max_array_gap`, and nothing is allocated" + UNCHANGED)
def gaps(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    victim.event([1], "a")
    for number in range(300 * scale):
        for path in (f"a[{10**9 + number}]", f"new[{10**9}]", f"a[1][{number + 1025}]", f"a[{2**53 - 1}].x"):
            with victim.refuses("max_array_gap"):
                victim.event("x", path)
    victim.has_value({"a": [1]})
    return victim.sent


@attack(PATH, ROWS[PATH][2], "`max_nodes` or `max_array_length`: gaps add up", "max_document_bytes")
def many_gaps(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    gap = limits.max_array_gap or 0
    for _ in range(scale):
        one_array = (partial(victim.event, 1, f"a[{number * gap}]") for number in count(1))
        victim.until_refused(one_array, "max_array_length", "max_nodes")
        many_arrays = (partial(victim.event, 1, f"b{number}[{gap}]") for number in count())
        victim.until_refused(many_arrays, "max_nodes")
        victim.assembler.reset()
    return victim.sent


@attack(PATH, ROWS[PATH][3], "they are names in plain dicts; no attribute is ever read or set")
def attribute_names(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    path = ("__class__", "__init__", "__globals__", "__proto__", "constructor", "__dict__")
    for number in range(100 * scale):
        victim.event(number, ".".join(path))
        victim.event({"__class__": number}, "__reduce__")
    here: Any = victim.assembler.snapshot().value
    assert here["__reduce__"] == {"__class__": 100 * scale - 1}
    for name in path:
        assert type(here) is dict
        here = here[name]
    assert here == 100 * scale - 1
    assert sj.Assembler.__init__ is not None
    return victim.sent


@attack(PATH, ROWS[PATH][4], "`type_conflict`" + UNCHANGED)
def paths_that_do_not_fit(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    value = {"object": {"a": 1}, "array": [1], "text": "t", "number": 1, "truth": True}
    victim.event(value, "")
    for _ in range(200 * scale):
        for path in ("object[0]", "array.a", "array['0']", "text[0]", "text.a", "number[0]", "truth.a", "[0]"):
            with victim.refuses("type_conflict") as caught:
                victim.event("x", path)
            assert isinstance(caught[0], sj.ConflictError)
    victim.has_value(value)
    assert all(type(name) is str for name in victim.assembler.snapshot().value["object"])
    return victim.sent


@attack(PATH, ROWS[PATH][5], "`type_conflict`" + UNCHANGED)
def deltas_that_do_not_fit(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    value = {"object": {"a": 1}, "array": [1], "text": "t", "number": 1, "truth": True}
    given = {"object": {}, "array": [], "text": "x", "number": 2, "truth": False}
    victim.event(value, "")
    for _ in range(100 * scale):
        for there in value:
            for kind, delta in given.items():
                if kind == there or {kind, there} == {"number", "truth"}:
                    continue
                with victim.refuses("type_conflict"):
                    victim.event(delta, there)
    victim.has_value(value)
    return victim.sent


@attack(PATH, ROWS[PATH][5], "with `on_conflict='replace'` the newer kind wins", "max_document_bytes")
def kinds_that_change(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits, on_conflict="replace")
    for _ in range(100 * scale):
        for delta in (1, "x", {"a": [1]}, [{"b": 2}], None, True):
            victim.event(delta, "a")
            assert victim.assembler.snapshot().value == {"a": delta}
    return victim.sent


@attack(PATH, ROWS[PATH][6], "an object replaces an object; another kind is a `type_conflict`")
def root_replaced(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for number in range(200 * scale):
        victim.event({"number": number}, "")
        victim.event(number, "other")
        victim.has_value({"number": number, "other": number})
        for delta in ([number], "x", number, True):
            with victim.refuses("type_conflict"):
                victim.event(delta, "")
            with victim.refuses("type_conflict"):
                victim.event(delta, "$")
    return victim.sent


@attack(PATH, ROWS[PATH][7], "`path_too_long`" + UNCHANGED, "max_event_bytes")
def very_long_paths(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    victim.continues()
    for unit in (b"a.", b"[0]", b"['a']", b"x", b"[", b"\\u0000", b"."):
        for _ in range(scale):
            with victim.refuses("path_too_long", "too_deep", "unbalanced", "control_character", "descendant"):
                victim.send([b'data: {"delta":1,"json_path":"a', *filled(unit, fill_bytes(limits)), b'"}\n\n'])
    victim.continues()
    return victim.sent


@attack(PATH, ROWS[PATH][7], "`too_deep`" + UNCHANGED)
def too_many_steps(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    victim.continues()
    for number in range(100 * scale):
        for path in (f"a{number}" + ".a" * 128, f"a{number}" + "[0]" * 128, f"a{number}" + "['b']" * 128):
            with victim.refuses("too_deep"):
                victim.event(1, path)
    victim.continues()
    return victim.sent


@attack(PATH, ROWS[PATH][7], "100,000 steps are parsed in linear time if the limits are lifted", "max_event_bytes")
def steps_without_a_limit(limits: sj.Limits, scale: int) -> int:
    sent = 0
    lifted = evolve(limits, max_depth=None, max_path_bytes=None)
    for unit in (".a", "[0]", "['b']", '["\\u00e9"]'):
        count = 100_000 * scale * (limits.max_event_bytes or 0) // (16 * 1024 * 1024)
        text = "a" + unit * count
        assert len(sj.parse_path(text, limits=lifted)) == count + 1
        sent += len(text)
    return sent


@attack(PATH, ROWS[PATH][7], "`bad_event` over the wire, `not_a_string` from a call" + UNCHANGED)
def no_text_at_all(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    victim.continues()
    for _ in range(100 * scale):
        for path in (1, 1.5, True, ["a"], {"a": 1}):
            with victim.refuses("bad_event"):
                victim.event("x", path)
            with victim.refuses("not_a_string"):
                victim.assembler.apply_delta(path, "x")  # type: ignore[arg-type]
    victim.continues()
    return victim.sent


# ---------------------------------------------------------------------------------------------------------------------
# Document and readers

DOCUMENT = "Document and readers"


@attack(DOCUMENT, ROWS[DOCUMENT][0], "linear, and `max_string_bytes` at the end", "max_string_bytes")
def short_deltas_to_one_string(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    most = limits.max_string_bytes or 0
    piece = b'data: {"delta":"0123456789","json_path":"text"}\n\n' * 1000
    for _ in range(scale):
        victim.send(piece for _ in range(most // 10_000))
        with victim.refuses("max_string_bytes"):
            victim.event("x" * 10_001, "text")
        assert len(victim.assembler.snapshot().get("text")) == most // 10_000 * 10_000
        victim.assembler.reset()
    return victim.sent


@attack(DOCUMENT, ROWS[DOCUMENT][0], "linear, and `max_string_bytes` at the end", "max_string_bytes")
def one_character_deltas(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    most = (limits.max_string_bytes or 0) // 8
    victim = Victim(evolve(limits, max_string_bytes=most))
    for _ in range(scale):
        for _ in range(most):
            victim.assembler.apply_delta("text", "x")
        with victim.refuses("max_string_bytes"):
            victim.assembler.apply_delta("text", "x")
        assert len(victim.assembler.snapshot().get("text")) == most
        victim.assembler.reset()
    return scale * most


REVISITED: Final = "A revisited text is several Python objects"
OVERHEAD: Final = "A container is several Python objects, and `max_document_bytes` does not count them"


def _many_nodes(unit: Any, path: Callable[[int], str]) -> Callable[[sj.Limits, int], int]:
    def run(limits: sj.Limits, scale: int) -> int:
        victim = Victim(limits)
        for _ in range(scale):
            victim.until_refused(
                (partial(victim.delta, path(number), unit) for number in count()), "max_nodes", "max_array_length"
            )
            victim.assembler.reset()
        return victim.sent

    return run


for _name, _run in {
    "many_numbers_one_by_one": _many_nodes(1, lambda number: f"a[{number}]"),
    "many_fields_one_by_one": _many_nodes(None, lambda number: f"a{number}"),
}.items():
    _run.__name__ = _name
    attack(DOCUMENT, ROWS[DOCUMENT][1], "`max_nodes` or `max_array_length`" + UNCHANGED, "max_document_bytes")(_run)


for _name, _run in {
    "many_containers_one_by_one": _many_nodes({}, lambda number: f"a[{number}]"),
    "one_container_set_again": _many_nodes({}, lambda _: "a"),
}.items():
    _run.__name__ = _name
    attack(DOCUMENT, ROWS[DOCUMENT][1], "`max_nodes`" + UNCHANGED, "max_document_bytes", factor=8, because=OVERHEAD)(
        _run
    )


@attack(DOCUMENT, ROWS[DOCUMENT][1], "the event is applied", "max_document_bytes", factor=12, because=OVERHEAD)
def as_many_containers_as_allowed(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    unit = b'{"a":' * 100 + b"1" + b"}" * 100 + b","
    size = len(unit) * ((limits.max_nodes or 0) // 101 - 2)
    for _ in range(scale):
        victim.send(one_event(b"[", unit, size, b"0]"))
        assert victim.assembler.version > 0
        victim.assembler.reset()
    return victim.sent


@attack(DOCUMENT, ROWS[DOCUMENT][1], "`max_document_bytes`" + UNCHANGED, "max_document_bytes")
def many_long_strings(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    text = b"x" * ((limits.max_string_bytes or 0) // 32)
    for _ in range(scale):
        pieces = ([b'data: {"delta":"', text, b'","json_path":"t%d"}\n\n' % number] for number in count())
        victim.until_refused((partial(victim.send, one) for one in pieces), "max_document_bytes")
        victim.assembler.reset()
    return victim.sent


@attack(DOCUMENT, ROWS[DOCUMENT][1], "`max_document_bytes`" + UNCHANGED, "max_document_bytes")
def many_long_names(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for _ in range(scale):
        steps = (partial(victim.event, None, f"n{number}" + "x" * 4000) for number in count())
        victim.until_refused(steps, "max_document_bytes")
        victim.assembler.reset()
    return victim.sent


@attack(DOCUMENT, ROWS[DOCUMENT][1], "`max_document_bytes`: replaced values count" + UNCHANGED, "max_document_bytes")
def one_string_replaced(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    text = "x" * ((limits.max_string_bytes or 0) // 32)
    for _ in range(scale):
        steps = (partial(victim.event, delta, "t") for delta in cycle([text, None]))
        victim.until_refused(steps, "max_document_bytes")
        victim.assembler.reset()
    return victim.sent


@attack(DOCUMENT, ROWS[DOCUMENT][2], "`max_runs`: each revisit of a text counts", "max_document_bytes")
def fields_in_turn(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for _ in range(scale):
        in_turn = (partial(victim.delta, path, "x") for path in cycle("ab"))
        victim.until_refused(in_turn, "max_runs")
        victim.assembler.reset()
    return victim.sent


@attack(DOCUMENT, ROWS[DOCUMENT][2], "`max_runs`: each revisit of a text counts", "max_document_bytes")
def halves_in_turn(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    for _ in range(scale):
        in_turn = (partial(victim.delta, path, delta) for path in cycle("ab") for delta in ("\ud83d", "x\ud83d"))
        victim.until_refused(in_turn, "max_runs")
        victim.assembler.reset()
    return victim.sent


@attack(DOCUMENT, ROWS[DOCUMENT][1], "`max_document_bytes`, which counts their bytes" + UNCHANGED, "max_document_bytes")
def many_large_integers(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    digits = "9" * ((limits.max_number_digits or 1) - 10)
    for _ in range(scale):
        pieces = (f'data: {{"delta":{digits},"json_path":"a[{number}]"}}\n\n'.encode() for number in count())
        victim.until_refused(
            (partial(victim.send, [piece]) for piece in pieces), "max_document_bytes", "max_nodes", "max_runs"
        )
        victim.assembler.reset()
    return victim.sent


@attack(
    DOCUMENT,
    ROWS[DOCUMENT][2],
    "`max_runs`: each revisit of a text counts",
    "max_document_bytes",
    factor=5,
    because=REVISITED,
)
def all_texts_again(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    many = (limits.max_nodes or 0) // 2
    for _ in range(scale):
        for number in range(many):
            victim.delta(f"a[{number}]", "xy")
        again = (partial(victim.delta, f"a[{number % many}]", "yz") for number in count())
        victim.until_refused(again, "max_runs")
        victim.assembler.reset()
    return victim.sent


@attack(
    DOCUMENT,
    ROWS[DOCUMENT][2],
    "`max_runs`: each pending half counts as a revisit",
    "max_document_bytes",
)
def halves_that_wait_in_all_texts(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    many = (limits.max_nodes or 0) // 2 + 10
    for _ in range(scale):
        for number in range(many):
            victim.delta(f"a[{number}]", "xy")
        waiting = (partial(victim.delta, f"a[{number}]", "\ud83d") for number in range(many))
        victim.until_refused(waiting, "max_runs")
        victim.assembler.reset()
    return victim.sent


@attack(
    DOCUMENT,
    ROWS[DOCUMENT][3],
    "it may show in later values and results of `get`, never in `changes_since` or completions",
)
def reader_changes_values(limits: sj.Limits, scale: int) -> int:
    expected = {"name": "xy", "tags": ["a"]}
    sent = 0
    for _ in range(10 * scale):
        victim = Victim(limits)
        reported: list[Any] = []
        victim.assembler.on_complete("items[*]", lambda done, reported=reported: reported.append(done.value))
        for number in range(20):
            victim.event({"name": "x", "tags": ["a"]}, f"items[{number}]")
            victim.event("y", f"items[{number}].name")
            snapshot = victim.assembler.snapshot()
            (change,) = snapshot.changes_since(0)
            for items in (snapshot.value["items"], snapshot.get("items")):
                for item in items:
                    item.clear()
                if number % 2:
                    items.clear()
            assert snapshot.get("items", copy=True) == change.value["items"] == [expected] * (number + 1)
            assert snapshot.copy_value() == {"items": [expected] * (number + 1)}
            assert reported == [expected] * number
        sent += victim.sent
    return sent


@attack(DOCUMENT, ROWS[DOCUMENT][4], "it is applied once, wherever the sender resumes", needs="ReplayFilter")
def replayed_events(limits: sj.Limits, scale: int) -> int:
    sent = 0
    many = 16
    events = [sj.ServerSentEvent(f'{{"delta":"{number},","json_path":"t"}}', id=f"{number}") for number in range(many)]
    for cut, again in product(range(1, many), [*range(many)] * scale):
        replay, assembler = sj.ReplayFilter(), sj.Assembler(limits=limits)
        for number, event in enumerate([*events[:cut], *events[min(again, cut) :]]):
            if number == cut:
                replay.reconnected()
            if not replay.is_replay(event):
                assembler.apply(event)
                replay.applied(event)
            sent += len(event.data)
        assert assembler.snapshot().value == {"t": "".join(f"{number}," for number in range(many))}
    return sent


@attack(DOCUMENT, ROWS[DOCUMENT][5], "a `CheckpointError`, and no other error", needs="Assembler.checkpoint")
def damaged_checkpoints(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    victim.event({"a": [1, None, "x"], "b": {}}, "big")
    victim.event("\ud83d", "t")
    good: Any = victim.assembler.checkpoint()
    raw = good.encode() if isinstance(good, str) else bytes(good)
    assert sj.Assembler.restore(good, limits=limits).snapshot().value == victim.assembler.snapshot().value
    damaged = [raw[:at] for at in range(len(raw))]
    damaged += [raw[:at] + bytes([raw[at] ^ 1 << at % 7]) + raw[at + 1 :] for at in range(len(raw))]
    damaged += [b"", b"null", b"[]", b"{}", b"7", b"\x80\x04.", b"[" * 10_000, b"9" * 10_000, b'{"format":"x"}']
    for data in damaged * scale:
        try:
            given: Any = data.decode("utf-8", "replace") if isinstance(good, str) else data
            sj.Assembler.restore(given, limits=limits)
        except sj.CheckpointError:
            continue
        raise AssertionError(f"a damaged checkpoint was restored: {data[:100]!r}")
    return len(raw) * len(damaged) * scale


@attack(DOCUMENT, ROWS[DOCUMENT][5], "the limits apply to it, too", "max_document_bytes", needs="Assembler.checkpoint")
def large_checkpoint(limits: sj.Limits, scale: int) -> int:
    victim = Victim(limits)
    text = "x" * ((limits.max_string_bytes or 0) // 2)
    for number in range(7):
        victim.assembler.apply_delta(f"t{number}", text)
    data: Any = victim.assembler.checkpoint()
    for _ in range(scale):
        del victim.assembler
        with Victim(limits).refuses("max_document_bytes", "bad_checkpoint"):
            sj.Assembler.restore(data, limits=evolve(limits, max_document_bytes=(limits.max_document_bytes or 0) // 2))
        victim.assembler = sj.Assembler.restore(data, limits=limits)
        assert victim.assembler.snapshot().get("t6") == text
    return scale * len(data)
