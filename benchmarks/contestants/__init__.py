"""The contestants: each turns the pieces of a document into values that a consumer can use.

A contestant is called in its best way, as its own documentation shows. It takes its input as *deltas*
(`feed(path, delta)`), as *text* (`feed(piece)`, pieces of the document's JSON, cut where the deltas are cut), or as
*bytes* of an event stream (`run(pieces)`, for the wire).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from attrs import frozen

__all__ = ["Contestant", "Turn", "WireContestant"]


class Turn(NamedTuple):
    """One contestant at work on one document. The work decides how often each of the four is called."""

    feed: Callable[..., object]
    value: Callable[[], Any]
    """The document so far, as plain objects that a consumer may use."""
    field: Callable[[tuple[str | int, ...]], Any]
    """One field of the document so far, in the cheapest way that this contestant offers; None if it is not there."""
    end: Callable[[], Any]
    """The finished document."""


@frozen
class Contestant:
    """A contestant that builds a document from deltas or from pieces of its text."""

    name: str
    takes: Literal["deltas", "text"]
    begin: Callable[[], Turn]
    package: str | None = None
    """The distribution whose version the results name; None for code that is written here."""
    is_live: bool = False
    """Whether the value is one object that later pieces change, so that it cannot be kept or sent."""
    is_sampled: bool = False
    """Whether `value` and `field` cost the same if the previous ones were not read: then samples stand for all."""
    note: str = ""
    """A remark for readers of the chart, in a few words."""


@frozen
class WireContestant:
    """A contestant that reads an event stream whose data are deltas."""

    name: str
    run: Callable[[Sequence[bytes]], Any]
    """Reads all pieces; returns the finished document, or for a mere decoder the decoded data of all events."""
    package: str | None = None
    gives: Literal["snapshots", "data"] = "snapshots"
    """A snapshot of the document for each event; or only the events' data, decoded from JSON."""
    note: str = ""
