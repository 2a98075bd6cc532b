"""Streams of both verbs: a delta as it is, or a value that is set, which is a `Whole`."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

import streamjson as sj
from naive_model import NaiveDocument
from streamjson._document.document import Document

__all__ = ["Whole", "apply_entry", "entries"]


class Whole(NamedTuple):
    """A value that is set, in the place of a delta."""

    value: Any


def apply_entry(target: sj.Assembler | Document | NaiveDocument, path: Any, entry: Any) -> Any:
    """Apply a delta, or set a value; return what the method of the target returns."""
    if isinstance(entry, Whole):
        return target.set_value(path, entry.value)
    if isinstance(target, sj.Assembler):
        return target.apply_delta(path, entry)
    return target.apply(path, entry)


def _delta(delta: Any) -> Any:
    return delta


def entries(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy that sets a quarter of the values, and leaves the others as deltas."""
    return st.builds(lambda verb, value: verb(value), st.sampled_from([_delta, _delta, _delta, Whole]), values)
