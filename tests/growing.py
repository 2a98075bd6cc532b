"""Random documents as they grow, in order or in any: for what reads them while they do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import streamjson as sj
from verbs import Whole, apply_entry

__all__ = ["Growth", "a_document", "in_any_order", "in_order"]

NAMES = ("title", "days", "a/b", "c~d", "e.f", "", "0", "naïve", "constructor", 'q"t', "\u2028", "x\u0085y", "🙂")
TEXTS = (
    "",
    "Lisbon trip",
    'say "hi"\\',
    "a\nb\r\n\tc",
    "\u2028\u2029\u0085",
    "naïve 日本 🙂🙂",
    "null",
    "data: x\n\n",
    "</script>",
)
SCALARS = (None, True, False, 0, 1, -7, 120, 2.5, 1e21, 9007199254740991)
PATHS = ("", "a", "a", "b.c", "b.d[0]", "b.d[1]", "b.d[3].e", "f[0][1]", "f[1]", "t", "t", "t")


class Growth(NamedTuple):
    """The entries of a stream: a path, and a delta or what is set there."""

    entries: list[tuple[str, Any]]

    def apply_to(self, assembler: sj.Assembler) -> Iterator[None]:
        """Apply one entry after the other."""
        for path, entry in self.entries:
            apply_entry(assembler, path, entry)
            yield


def a_document(draw: random.Random, depth: int = 3, *, is_object: bool = False) -> Any:
    """Return a random JSON value; its containers have at most four items or members."""
    kind = "object" if is_object else draw.choice(["object", "object", "array", "string", "scalar"])
    if kind == "scalar" or (depth == 0 and kind != "string"):
        return draw.choice(SCALARS)
    if kind == "string":
        return draw.choice(TEXTS) * draw.choice([1, 1, 1, 40])
    if kind == "array":
        return [a_document(draw, depth - 1) for _ in range(draw.randrange(5))]
    members = {name: a_document(draw, depth - 1) for name in draw.sample(NAMES, draw.randrange(5))}
    if members.get("constructor", 0) is None:  # early releases of the AI SDK 5 and 6 fail at that
        members["constructor"] = 0
    return members


def in_order(draw: random.Random) -> Growth:
    """Return a document as a model writes it: an object, from its beginning to its end."""
    document = a_document(draw, is_object=True)
    chunks = list(sj.disassemble(document, piece_chars=draw.choice([1, 3, 50])))
    return Growth([(chunk.json_path or "", chunk.delta) for chunk in chunks])


def in_any_order(draw: random.Random, *, is_object: bool = False) -> Growth:
    """Return a stream that goes back, leaves holes, and replaces values by others of any kind."""
    paths = PATHS[1:] if is_object else PATHS
    entries: list[tuple[str, Any]] = []
    for _ in range(draw.randrange(25)):
        value = a_document(draw, 1)
        entries.append((draw.choice(paths[:7] if is_object else paths), draw.choice([value, value, Whole(value)])))
    return Growth(entries)
