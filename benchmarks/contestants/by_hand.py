"""The loops that a good programmer writes without a library: deltas into dicts and lists, in three flavours.

Two loops find the location of a delta:

- *split loop* splits each path and walks down from the root: the version that a programmer writes first.
- *last target* remembers the location of the previous delta. For the same text it appends without splitting the path;
  for another member of the same object it splits off the name only; elsewhere it splits the whole path.

Three flavours give the document after any delta:

- *live*: the one dict, which the next delta changes.
- *+ deepcopy*: `copy.deepcopy` of that dict at each value.
- *+ path copy*: each delta replaces every container on its path by a shallow copy, so that a value never changes after
  it was returned. It is the yardstick: snapshots with the least work that plain objects allow.

No checks, no limits, no surrogates, and no names with a dot or a bracket. Slower variants that were tried, on people in
CPython 3.11 (`tests/streams.py`), with their time relative to last target: without the check for the previous delta's
object 1.6 live and 1.2 with a path copy, with a cache of split paths instead 1.8 and 1.3, with containers kept and
copied from the leaf up 1.4, with the text kept beside them 1.25, with each depth written out 1.15. A regular expression
takes 1.8 times as long for a path as `_split`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from contestants import Contestant, Turn
from contestants._plain import get_field

__all__ = ["CONTESTANTS", "last_target_path_copy", "split_loop", "split_path_copy"]

Feed = Callable[[str, Any], None]
Get = Callable[[], Any]
Step = str | int


def split_loop(deltas: list[tuple[str, Any]]) -> Any:
    """Split the path, walk down, append or set; all in one loop, for benchmarks without snapshots."""
    document: dict[str, Any] = {}
    for path, delta in deltas:
        steps: list[Any] = []
        for part in path.split("."):
            name, _, indexes = part.partition("[")
            if name:
                steps.append(name)
            while indexes:
                index, _, indexes = indexes.partition("]")
                steps.append(int(index))
                indexes = indexes[1:]
        here: Any = document
        for step, following in pairwise(steps):
            if isinstance(here, list):
                while len(here) <= step:
                    here.append(None)
                there = here[step]
            else:
                there = here.get(step)
            if there is None:
                there = here[step] = [] if isinstance(following, int) else {}
            here = there
        last = steps[-1]
        if isinstance(here, list):
            while len(here) <= last:
                here.append(None)
            there = here[last]
        else:
            there = here.get(last)
        here[last] = there + delta if isinstance(there, str) and isinstance(delta, str) else delta
    return document


# ---------------------------------------------------------------------------------------------------------------------
# live


def _split_live() -> tuple[Feed, Get]:
    document: dict[str, Any] = {}

    # Written out again: a call for each path would cost a tenth of its time.
    def feed(path: str, delta: Any) -> None:
        steps: list[Any] = []
        for part in path.split("."):
            name, _, indexes = part.partition("[")
            if name:
                steps.append(name)
            while indexes:
                index, _, indexes = indexes.partition("]")
                steps.append(int(index))
                indexes = indexes[1:]
        here: Any = document
        for step, following in pairwise(steps):
            if isinstance(here, list):
                while len(here) <= step:
                    here.append(None)
                there = here[step]
            else:
                there = here.get(step)
            if there is None:
                there = here[step] = [] if isinstance(following, int) else {}
            here = there
        last = steps[-1]
        if isinstance(here, list):
            while len(here) <= last:
                here.append(None)
            there = here[last]
        else:
            there = here.get(last)
        here[last] = there + delta if isinstance(there, str) and isinstance(delta, str) else delta

    return feed, lambda: document


def _last_target_live() -> tuple[Feed, Get]:
    document: dict[str, Any] = {}
    container: Any = document
    key: Any = None
    text_path: str | None = None  # of the previous delta, if it left a text there
    head: str | None = None  # path of `container`, if it is an object

    def feed(path: str, delta: Any) -> None:
        nonlocal container, key, text_path, head
        if path == text_path and type(delta) is str:
            container[key] += delta
            return
        above, _, name = path.rpartition(".")
        if above == head and name[-1] != "]":
            key = name
            there = container.get(name)
            container[name] = there + delta if type(there) is str and type(delta) is str else delta
        else:
            steps = _split(path)
            key = steps[-1]
            container = _walk(document, steps)
            _put(container, key, delta)
            head = None if name[-1] == "]" else above
        text_path = path if type(delta) is str else None

    return feed, lambda: document


def _split(path: str) -> list[Any]:
    steps: list[Step] = []
    for part in path.split("."):
        name, _, indexes = part.partition("[")
        if name:
            steps.append(name)
        while indexes:
            index, _, indexes = indexes.partition("]")
            steps.append(int(index))
            indexes = indexes[1:]
    return steps


def _walk(document: Any, steps: list[Any]) -> Any:
    """Return the container of the last step; create missing ones on the way."""
    here = document
    for step, following in pairwise(steps):
        if type(step) is int:
            while len(here) <= step:
                here.append(None)
            there = here[step]
        else:
            there = here.get(step)
        if there is None:
            there = here[step] = [] if type(following) is int else {}
        here = there
    return here


def _put(container: Any, key: Any, delta: Any) -> None:
    if type(key) is int:
        while len(container) <= key:
            container.append(None)
        there = container[key]
    else:
        there = container.get(key)
    container[key] = there + delta if type(there) is str and type(delta) is str else delta


# ---------------------------------------------------------------------------------------------------------------------
# path copy


def split_path_copy() -> tuple[Feed, Get]:
    """Return two functions, one that applies a delta at a path and one that returns the document: the split loop."""
    document: dict[str, Any] = {}

    def feed(path: str, delta: Any) -> None:
        nonlocal document
        steps: list[Any] = []
        for part in path.split("."):
            name, _, indexes = part.partition("[")
            if name:
                steps.append(name)
            while indexes:
                index, _, indexes = indexes.partition("]")
                steps.append(int(index))
                indexes = indexes[1:]
        here: Any = document.copy()
        document = here
        for step, following in pairwise(steps):
            if isinstance(here, list):
                while len(here) <= step:
                    here.append(None)
                there = here[step]
            else:
                there = here.get(step)
            if there is None:
                there = [] if isinstance(following, int) else {}
            else:
                there = there.copy()
            here[step] = there
            here = there
        last = steps[-1]
        if isinstance(here, list):
            while len(here) <= last:
                here.append(None)
            there = here[last]
        else:
            there = here.get(last)
        here[last] = there + delta if isinstance(there, str) and isinstance(delta, str) else delta

    return feed, lambda: document


def last_target_path_copy() -> tuple[Feed, Get]:
    """Return two functions, one that applies a delta at a path and one that returns the document: last target."""
    document: dict[str, Any] = {}
    steps: list[Any] = []  # to the container of the previous delta
    key: Any = None
    text_path: str | None = None  # of the previous delta, if it left a text there
    head: str | None = None  # of the object at `steps`, if it is one

    def feed(path: str, delta: Any) -> None:
        nonlocal document, steps, key, text_path, head
        if path == text_path and type(delta) is str:
            here: Any = document.copy()
            document = here
            for step in steps:
                # From left to right: into the container above, then the name.
                here[step] = here = here[step].copy()
            here[key] += delta
            return
        above, _, name = path.rpartition(".")
        here = document.copy()
        document = here
        if above == head and name[-1] != "]":
            for step in steps:
                here[step] = here = here[step].copy()
            key = name
            there = here.get(name)
            here[name] = there + delta if type(there) is str and type(delta) is str else delta
        else:
            steps = _split(path)
            here = _walk_path_copy(here, steps)
            key = steps.pop()
            _put(here, key, delta)
            head = None if name[-1] == "]" else above
        text_path = path if type(delta) is str else None

    return feed, lambda: document


def _walk_path_copy(document: Any, steps: list[Any]) -> Any:
    """Return a copy of the container of the last step, placed in copies of all containers above it."""
    here = document
    for step, following in pairwise(steps):
        if type(step) is int:
            while len(here) <= step:
                here.append(None)
            there = here[step]
        else:
            there = here.get(step)
        if there is None:
            there = [] if type(following) is int else {}
        else:
            there = there.copy()
        here[step] = there
        here = there
    return here


# ---------------------------------------------------------------------------------------------------------------------
# the contestants


def _begin(loop: Callable[[], tuple[Feed, Get]]) -> Callable[[], Turn]:
    def begin() -> Turn:
        feed, document = loop()
        return Turn(feed, document, lambda steps: get_field(document(), steps), document)

    return begin


def _begin_deepcopy(loop: Callable[[], tuple[Feed, Get]]) -> Callable[[], Turn]:
    def begin() -> Turn:
        feed, document = loop()
        deepcopy = copy.deepcopy
        # Only the field is copied, and the finished document not at all: nothing changes it any more.
        return Turn(feed, lambda: deepcopy(document()), lambda steps: deepcopy(get_field(document(), steps)), document)

    return begin


CONTESTANTS: Final = (
    Contestant("split loop", "deltas", _begin(_split_live), is_live=True, note="one dict that changes"),
    Contestant("split loop + deepcopy", "deltas", _begin_deepcopy(_split_live), is_sampled=True),
    Contestant("split loop + path copy", "deltas", _begin(split_path_copy)),
    Contestant("last target", "deltas", _begin(_last_target_live), is_live=True, note="one dict that changes"),
    Contestant("last target + deepcopy", "deltas", _begin_deepcopy(_last_target_live), is_sampled=True),
    Contestant("last target + path copy", "deltas", _begin(last_target_path_copy)),
)
