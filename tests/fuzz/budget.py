"""The amounts of its limits that a document has used, counted as `Limits` documents them: for the target `assembler`.

Everything received counts, including replaced values; a pending half counts as the U+FFFD that may replace it.
"""

from __future__ import annotations

from copy import copy
from typing import Any, Final

from naive_model import MISSING as NOTHING, NaiveDocument, repair_all, repair_surrogates

__all__ = ["Budget", "used_by_text"]

Steps = tuple[str | int, ...]

COUNTED: Final = (
    "max_depth", "max_key_bytes", "max_string_bytes", "max_array_length", "max_array_gap", "max_number_digits",
    "max_nodes", "max_document_bytes",
)  # fmt: skip


def size_of(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def digits_of(number: object) -> int:
    return len(str(abs(number))) if type(number) is int else 0


class Budget:
    """The amounts used up to the last accepted event."""

    def __init__(self) -> None:
        self.nodes = 0
        self.size = 0

    def after(
        self, model: NaiveDocument, steps: Steps, delta: Any, *, is_set: bool = False
    ) -> tuple[Budget, dict[str, int]]:
        """Return the budget after a delta, and the amount that each limit would meet. The delta must not conflict.

        With `is_set` the delta is a value that is set. It counts in full, except one that is there already.
        """
        met = dict.fromkeys(COUNTED, 0)
        new = copy(self)
        if not is_set and isinstance(delta, str) and isinstance(model.look(steps), str):
            if delta:
                new.append(model, steps, delta, met)
            return new, met
        met["max_number_digits"] = digits_of(delta)
        if model.holds(steps, delta):
            return new, met
        top = new.create_ancestors(model, steps, met)
        half = ""
        if isinstance(delta, str):
            delta, half = repair_surrogates(delta)
        new.value(delta, len(steps) + 1, met)
        met["max_string_bytes"] = max(met["max_string_bytes"], size_of(delta) + 3 * len(half) if half else 0)
        waiting = sum(at != top for at, _ in model.pending_surrogates)
        met |= {"max_nodes": new.nodes, "max_document_bytes": new.size + 3 * (waiting + len(half))}
        if model.in_order:  # halves that are not discarded are repaired
            new.size += 3 * sum(at[: len(top)] != top for at, _ in model.pending_surrogates)
        return new, met

    def append(self, model: NaiveDocument, steps: Steps, delta: str, met: dict[str, int]) -> None:
        """Count an append to a string."""
        text, half = repair_surrogates("".join(half for at, half in model.pending_surrogates if at == steps) + delta)
        waiting = sum(at != steps for at, _ in model.pending_surrogates)
        met["max_string_bytes"] = size_of(model.look(steps) + text) + 3 * len(half)
        met["max_document_bytes"] = self.size + size_of(text) + 3 * (waiting + len(half))
        self.size += size_of(text) + (3 * waiting if text and model.in_order else 0)

    def create_ancestors(self, model: NaiveDocument, steps: Steps, met: dict[str, int]) -> Steps:
        """Count the containers that a path creates; return the highest location that is created or replaced."""
        top = steps
        is_new = False
        for count, step in enumerate(steps):
            there = NOTHING if is_new else model.look(steps[:count])
            if not isinstance(there, dict if isinstance(step, str) else list):
                top = steps[:count] if not is_new else top
                is_new = True
                self.nodes += 1  # the container created for this step
                there = ()
            if isinstance(step, str):
                if step not in there:
                    self.size += size_of(step)
                    met["max_key_bytes"] = max(met["max_key_bytes"], size_of(step))
            elif step >= len(there):
                gap = step - len(there)
                self.nodes += gap
                self.size += 8 * gap
                met["max_array_gap"] = max(met["max_array_gap"], gap)
                met["max_array_length"] = max(met["max_array_length"], step + 1)
        return top

    def value(self, value: Any, depth: int, met: dict[str, int]) -> None:
        """Count a value whose containers are at `depth`."""
        self.nodes += 1
        if isinstance(value, str):
            size = size_of(repair_all(value))
            self.size += size
            met["max_string_bytes"] = max(met["max_string_bytes"], size)
            return
        if not isinstance(value, dict | list):
            self.size += 8
            met["max_number_digits"] = max(met["max_number_digits"], digits_of(value))
            return
        met["max_depth"] = max(met["max_depth"], depth)
        if isinstance(value, list):
            met["max_array_length"] = max(met["max_array_length"], len(value))
        # If repairing makes two names equal, the first value counts as replaced.
        for name in set(map(repair_all, value)) if isinstance(value, dict) else ():
            self.size += size_of(name)
            met["max_key_bytes"] = max(met["max_key_bytes"], size_of(name))
        for part in value.values() if isinstance(value, dict) else value:
            self.value(part, depth + 1, met)


def used_by_text(value: Any, depth: int = 0) -> dict[str, int]:
    """Return the limits that a delta sent as text meets: depth without its path, and the digits of all its numbers."""
    if isinstance(value, dict | list):
        found = [used_by_text(part, depth + 1) for part in (value.values() if isinstance(value, dict) else value)]
        return {
            "max_depth": max([depth + 1, *(one["max_depth"] for one in found)]),
            "max_number_digits": max([0, *(one["max_number_digits"] for one in found)]),
        }
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"max_depth": depth, "max_number_digits": sum(map(str.isdigit, repr(value))) if is_number else 0}
