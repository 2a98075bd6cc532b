"""Every limit of the library, in one place: its unit, its default and its reason.

Input from a network or a model is not trusted, so every buffer and every structure that grows has a limit.
A limit is tested before anything changes: a refused event leaves the document unchanged.
`None` lifts a limit. A limit that was accepted is applied exactly, at every event.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from attrs import Attribute, asdict, field, fields, frozen

from ._errors import LimitExceededError, shorten

__all__ = ["Limits"]


def _limit(default: int, *, unit: str, counts: str, reason: str) -> Any:
    return field(
        default=default, kw_only=True, validator=_check, metadata={"unit": unit, "counts": counts, "reason": reason}
    )


def _check(_limits: Limits, attribute: Attribute[Any], value: object) -> None:
    minimum = 0 if attribute.name == "max_array_gap" else 1  # 0 makes sense there: no gap is allowed
    if value is not None and (type(value) is not int or value < minimum):
        raise ValueError(f"Limits.{attribute.name} must be an integer of at least {minimum}, or None, not {value!r}")


_DECODER_LIMITS: Final = ("max_event_bytes", "max_id_bytes")


def check_limits(limits: object) -> None:
    """Raise `TypeError` for an object that is not a `Limits`."""
    if not isinstance(limits, Limits):
        raise TypeError(f"limits must be a Limits, not {shorten(limits)}; Limits.unlimited() lifts all limits")


def too_deep(what: str, met: int) -> LimitExceededError:
    """Return, not raise, the error for a depth that the interpreter can't handle, where `max_depth` is None.

    `what` is a sentence, `met` the number of levels, as far as it is known.
    """
    return LimitExceededError(
        f"{what}: set Limits.max_depth", limit="max_depth", maximum=sys.getrecursionlimit(), met=met
    )


@frozen
class Limits:
    """The limits for decoding a stream and building a document; `None` lifts a limit.

    >>> import streamjson as sj
    >>> assembler = sj.Assembler(limits=sj.Limits(max_array_gap=100))
    >>> assembler.apply_delta("a[99999]", 1)
    Traceback (most recent call last):
    ...
    streamjson.LimitExceededError: 99999 items: more than Limits.max_array_gap = 100 (how far an index lies past ...
    """

    max_event_bytes: int | None = _limit(
        16 * 1024 * 1024,
        unit="bytes",
        counts="the lines of the event in progress that must be kept, the unfinished one included",
        reason="messages of 13 MiB occur in the wild; smaller bounds in other libraries drew complaints",
    )
    max_id_bytes: int | None = _limit(
        1024,
        unit="bytes",
        counts="an event's id",
        reason="it is sent back as one HTTP header, and servers hold a header line to 8 KiB",
    )
    max_retry_ms: int | None = _limit(
        3_600_000,
        unit="milliseconds",
        counts="a reconnection time; a larger one is lowered to this",
        reason="a huge number overflows timers and turns into a reconnect loop",
    )
    max_path_bytes: int | None = _limit(
        4096, unit="bytes", counts="a path's text", reason="bounds the work for an event before any of it is parsed"
    )
    max_depth: int | None = _limit(
        128,
        unit="levels",
        counts="containers around a value: steps of the path plus levels of the delta",
        reason="every tool that may receive a snapshot can read it: the weakest one here stops at 201 levels",
    )
    max_array_gap: int | None = _limit(
        1024,
        unit="items",
        counts="how far an index lies past the end of its array",
        reason="a path of 20 bytes must not allocate an array of a million items",
    )
    max_array_length: int | None = _limit(
        1_000_000, unit="items", counts="an array's items, holes included", reason="many small gaps add up"
    )
    max_nodes: int | None = _limit(
        1_000_000,
        unit="values",
        counts="containers, scalars and holes received since the last reset, replaced ones included",
        reason="a million empty objects take 69 MiB",
    )
    max_runs: int | None = _limit(
        1_000_000,
        unit="runs",
        counts="values set, and returns to a text, since the last reset",
        reason="each is kept as history and takes a hundred bytes, even if a text gets a single character",
    )
    max_document_bytes: int | None = _limit(
        64 * 1024 * 1024,
        unit="bytes",
        counts="UTF-8 bytes of strings and names, plus 8 for each other scalar and hole, or those of a larger integer;"
        " replaced ones included",
        reason="stops many strings that are each below their own bound",
    )
    max_string_bytes: int | None = _limit(
        16 * 1024 * 1024, unit="bytes", counts="UTF-8 bytes of one string", reason="one value must fit an event"
    )
    max_key_bytes: int | None = _limit(
        4096, unit="bytes", counts="UTF-8 bytes of a member's name", reason="as for a path; names in deltas count too"
    )
    max_number_digits: int | None = _limit(
        1000,
        unit="digits",
        counts="the digits of a number",
        reason="reading digits takes quadratic time, and CPython refuses 4,300 with an undocumented error",
    )
    max_patterns: int | None = _limit(
        1000,
        unit="patterns",
        counts="the callbacks that are registered at one time",
        reason="a leak of registrations shows before it slows the stream",
    )
    max_parts: int | None = _limit(
        1000,
        unit="parts",
        counts="the texts and calls of one answer",
        reason="each is a document with limits of its own, and no model calls a thousand tools at once",
    )

    @classmethod
    def unlimited(cls) -> Limits:
        """Return limits that are all lifted, for input that you trust.

        >>> import streamjson as sj
        >>> sj.Limits.unlimited().max_depth is None
        True
        """
        return cls(**dict.fromkeys(asdict(cls())))

    def exceeded(self, limit: str, met: int, *, is_full: bool = False) -> LimitExceededError:
        """Return, not raise, the error for the amount `met`, which exceeds the limit named `limit`."""
        maximum = getattr(self, limit)
        about = getattr(fields(Limits), limit).metadata
        recipient = "decode_sse" if limit in _DECODER_LIMITS else "the assembler"
        return LimitExceededError(
            f"{met} {about['unit']}: more than Limits.{limit} = {maximum} ({about['counts']});"
            f" pass limits=Limits({limit}=...) to {recipient} to raise it",
            limit=limit,
            maximum=maximum,
            met=met,
            is_full=is_full,
        )
