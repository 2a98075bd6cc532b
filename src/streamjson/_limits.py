"""Every bound of the library, in one place: its unit, its default and the reason for it.

What comes from a network or a model is not trusted, so every buffer and every structure that grows has a bound.
A bound is tested before anything changes: what is refused leaves the document as it was.
`None` lifts a bound. A bound that is accepted is honoured exactly, at every event.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from attrs import Attribute, asdict, field, fields, frozen

from ._errors import LimitExceededError, shorten

__all__ = ["Limits"]


def _bound(default: int, *, unit: str, counts: str, reason: str) -> Any:
    return field(
        default=default, kw_only=True, validator=_check, metadata={"unit": unit, "counts": counts, "reason": reason}
    )


def _check(_limits: Limits, attribute: Attribute[Any], value: object) -> None:
    least = 0 if attribute.name == "max_array_gap" else 1  # no gap at all is a bound that makes sense
    if value is not None and (type(value) is not int or value < least):
        raise ValueError(f"Limits.{attribute.name} is an integer from {least}, or None, not {value!r}")


_OF_THE_DECODER: Final = ("max_event_bytes", "max_id_bytes")


def check_limits(limits: object) -> None:
    """Raise `TypeError` for what is no `Limits`, before it is asked for one."""
    if not isinstance(limits, Limits):
        raise TypeError(f"limits is a Limits, not {shorten(limits)}; Limits.unlimited() lifts all")


def too_deep(what: str, met: int) -> LimitExceededError:
    """Return the error for what the interpreter itself can't do, where `max_depth` was lifted (it is not raised here).

    `what` is a sentence, `met` the levels that were met, as far as that is known.
    """
    return LimitExceededError(
        f"{what}: bound it by Limits.max_depth", limit="max_depth", maximum=sys.getrecursionlimit(), met=met
    )


@frozen
class Limits:
    """The bounds within which a stream is decoded and a document is built; `None` lifts one.

    >>> import streamjson as sj
    >>> assembler = sj.Assembler(limits=sj.Limits(max_array_gap=100))
    >>> assembler.apply_delta("a[99999]", 1)
    Traceback (most recent call last):
    ...
    streamjson.LimitExceededError: 99999 items: more than Limits.max_array_gap = 100 (how far an index lies past ...
    """

    max_event_bytes: int | None = _bound(
        16 * 1024 * 1024,
        unit="bytes",
        counts="the lines of the event in progress that must be kept, the unfinished one included",
        reason="messages of 13 MiB occur in the wild; smaller bounds in other libraries drew complaints",
    )
    max_id_bytes: int | None = _bound(
        1024,
        unit="bytes",
        counts="an event's id",
        reason="it is sent back as one HTTP header, and servers hold a header line to 8 KiB",
    )
    max_retry_ms: int | None = _bound(
        3_600_000,
        unit="milliseconds",
        counts="a reconnection time; a larger one is lowered to this",
        reason="a huge number overflows timers and turns into a reconnect loop",
    )
    max_path_bytes: int | None = _bound(
        4096, unit="bytes", counts="a path's text", reason="bounds the work for an event before any of it is parsed"
    )
    max_depth: int | None = _bound(
        128,
        unit="levels",
        counts="containers around a value: steps of the path plus levels of the delta",
        reason="every tool that may receive a snapshot can read it: the weakest one here stops at 201 levels",
    )
    max_array_gap: int | None = _bound(
        1024,
        unit="items",
        counts="how far an index lies past the end of its array",
        reason="a path of 20 bytes must not allocate an array of a million items",
    )
    max_array_length: int | None = _bound(
        1_000_000, unit="items", counts="an array's items, holes included", reason="many small gaps add up"
    )
    max_nodes: int | None = _bound(
        1_000_000,
        unit="values",
        counts="containers, scalars and holes received since the last reset, replaced ones included",
        reason="a million empty objects take 69 MiB",
    )
    max_runs: int | None = _bound(
        1_000_000,
        unit="runs",
        counts="values that were set and returns to a text, since the last reset",
        reason="each is kept as history, in a hundred bytes, also for a text that gets one character",
    )
    max_document_bytes: int | None = _bound(
        64 * 1024 * 1024,
        unit="bytes",
        counts="UTF-8 bytes of strings and names, plus 8 for each other scalar and hole, or those of a larger integer;"
        " replaced ones included",
        reason="stops many strings that are each below their own bound",
    )
    max_string_bytes: int | None = _bound(
        16 * 1024 * 1024, unit="bytes", counts="UTF-8 bytes of one string", reason="one value must fit an event"
    )
    max_key_bytes: int | None = _bound(
        4096, unit="bytes", counts="UTF-8 bytes of a member's name", reason="as a path's; names of whole objects too"
    )
    max_number_digits: int | None = _bound(
        1000,
        unit="digits",
        counts="the digits of a number",
        reason="reading digits takes quadratic time, and CPython refuses 4,300 with an undocumented error",
    )
    max_patterns: int | None = _bound(
        1000,
        unit="patterns",
        counts="the callbacks that are registered at one time",
        reason="a leak of registrations shows before it slows the stream",
    )

    @classmethod
    def unlimited(cls) -> Limits:
        """Return limits that bound nothing, for input that you trust.

        >>> import streamjson as sj
        >>> sj.Limits.unlimited().max_depth is None
        True
        """
        return cls(**dict.fromkeys(asdict(cls())))

    def exceeded(self, limit: str, met: int, *, is_full: bool = False) -> LimitExceededError:
        """Return the error for a bound of this object that `met` does not keep (it is not raised here)."""
        maximum = getattr(self, limit)
        about = getattr(fields(Limits), limit).metadata
        taker = "decode_sse" if limit in _OF_THE_DECODER else "the assembler"
        return LimitExceededError(
            f"{met} {about['unit']}: more than Limits.{limit} = {maximum} ({about['counts']});"
            f" give {taker} limits=Limits({limit}=...) to raise it",
            limit=limit,
            maximum=maximum,
            met=met,
            is_full=is_full,
        )
