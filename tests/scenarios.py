"""Short streams and every way to read a snapshot, shared by the tests of threads and interrupts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import streamjson as sj
from verbs import Whole

HIGH, LOW = "\ud83d", "\ude00"


Entry = tuple[str, Any]  # a path, and a delta or the value that is set there


class Scenario(NamedTuple):
    """The entries before a snapshot is taken, and the entries that arrive while it is read."""

    before: list[Entry]
    after: list[Entry]


SCENARIOS: dict[str, Scenario] = {
    "a string is opened, and grows": Scenario([("a", "x")], [("a", "y"), ("a", "z")]),
    "the open string grows": Scenario([("a", "x"), ("a", "y")], [("a", "z"), ("a", "w")]),
    "the open string ends its run, and another one opens": Scenario(
        [("a", "x"), ("a", "y")], [("b", "1"), ("b", "2"), ("b", "3")]
    ),
    "a string is revisited": Scenario([("a", "x"), ("a", "y")], [("b", 1), ("a", "z"), ("b", 2), ("a", "w")]),
    "strings take turns": Scenario(
        [("a", "x"), ("b", "x"), ("a", "y"), ("b", "y"), ("a", "z")], [("b", "z"), ("a", "1"), ("b", "2")]
    ),
    "a long piece, which joins all pieces": Scenario([("a", "x")] + [("a", "y")] * 20, [("a", "z" * 300), ("a", "w")]),
    "a number follows another one": Scenario([("n", 1), ("m", "x")], [("n", 12), ("n", None), ("n", True)]),
    "a string is replaced": Scenario([("a", "x"), ("a", "y")], [("a", None), ("a", "new"), ("a", "er")]),
    "a revisited string is replaced": Scenario(
        [("a", "x"), ("b", 1), ("a", "y"), ("b", 2), ("a", "z")], [("a", 1), ("a", None), ("a", "new"), ("a", "er")]
    ),
    "a growing string is set": Scenario(
        [("a", "x"), ("a", "y")], [("a", Whole("new")), ("a", "er"), ("a", Whole("newer")), ("a", Whole("z" + HIGH))]
    ),
    "a revisited string is set": Scenario(
        [("a", "x"), ("b", 1), ("a", "y"), ("b", 2), ("a", HIGH)], [("a", Whole("xy")), ("a", "z"), ("b", Whole("x"))]
    ),
    "a container is set": Scenario(
        [("a.b", "x"), ("a.c", "y" + HIGH)], [("a", Whole({"b": "x"})), ("a.b", "y"), ("a", Whole("x")), ("a", "y")]
    ),
    "a container is replaced": Scenario(
        [("a.b", "x"), ("a.c", "y"), ("a.c", "z")], [("a", {"b": [1, 2]}), ("a.b[2]", 3), ("a", 5), ("a.c[0]", "w")]
    ),
    "the root is replaced": Scenario([("a.b", "x"), ("a.b", "y")], [("", [1]), ("[1]", {"a": 2}), ("", "text")]),
    "the next item": Scenario(
        [("l[0].a", "x"), ("l[0].a", "y"), ("l[0].b", 1)],
        [("l[1].a", "x"), ("l[1].a", "y"), ("l[1].b", 2), ("l[2].a", "z"), ("m", 1)],
    ),
    "the next member and item": Scenario([("l[0]", 1), ("o.a", 1)], [("o.b", 2), ("o.c", 3), ("l[1]", 2), ("l[2]", 3)]),
    "a gap that is filled": Scenario([("l[0]", 1)], [("l[3]", 4), ("l[1]", 2), ("l[2].a", 3), ("l[2].a", 4)]),
    "containers set whole": Scenario(
        [("o", {"a": [1, {"b": "x"}]}), ("o.a[1].b", "y")], [("o.c", {"d": {}}), ("o.c.d.e", "x"), ("o", {"f": 1})]
    ),
    "halves that meet": Scenario([("a", "x"), ("a", HIGH)], [("a", LOW), ("a", HIGH), ("a", LOW)]),
    "halves that are repaired": Scenario([("a", "x"), ("a", HIGH)], [("b", "y"), ("b", HIGH), ("a", "z"), ("c", 1)]),
    "a wide object": Scenario([(f"k{n}", n) for n in range(8)], [(f"k{n}", "x") for n in range(8, 12)]),
    "a wide array": Scenario([(f"l[{n}]", n) for n in range(8)], [(f"l[{n}]", "x") for n in range(8, 12)]),
}


def facts_of(changes: tuple[sj.Change, ...]) -> list[Any]:
    return [
        (change.path, change.kind, change.delta, change.value, change.to_chunks(), change.to_patch())
        for change in changes
    ]


READS: dict[str, Callable[[sj.Snapshot], Any]] = {
    "value": lambda snapshot: snapshot.value,
    "copy_value": lambda snapshot: snapshot.copy_value(),
    "get": lambda snapshot: [snapshot.get(path, "nothing") for path in ("", "a", "a.b", "b", "l[0].a", "nowhere")],
    "get of containers": lambda snapshot: [snapshot.get(path, "nothing") for path in ("l", "l[0]", "o", "o.a", "a")],
    "changes": lambda snapshot: facts_of(snapshot.changes),
    "changes_since": lambda snapshot: facts_of(snapshot.changes_since(snapshot.version // 2)),
    "is_complete": lambda snapshot: [snapshot.is_complete(path) for path in ("", "a", "b", "l[0].a", "o.a")],
    "find": lambda snapshot: snapshot.find("$..*"),
}
