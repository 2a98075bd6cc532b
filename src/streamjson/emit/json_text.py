"""The text of a document that arrives in order, as it grows: what was sent once is never changed.

    {"title":"Lis | bon trip | ","days":[{"name":"M | on | "}],"budget": |  | 120}

Clients that only append (the input of a tool, `useObject`) can follow a document as long as each change lands at its
open end: it continues the open string, or adds the next member or item of an open container. Containers and strings
stay open until the document goes past them. Numbers, booleans and null are held until then, because `1` may become
`12`. Anything else would change what was sent: `ConflictError` (`not_append_only`).

It owns the open end: the open containers and the string or scalar in the last of them; and the names of the members in
open objects. Cost: linear in what it returns, and the changes.
"""

from __future__ import annotations

from typing import Any, Final

from .._errors import ConflictError
from .._json import MISSING, is_list, is_object
from .._paths import Path
from .._view import Change, Snapshot
from .encoding import to_json

__all__ = ["JSONText"]

_NOTHING: Final = object()


class _Container:
    """A container that is open, at a step of the one above it."""

    __slots__ = ("count", "names", "step")

    def __init__(self, step: object, *, is_object: bool) -> None:
        self.step = step
        self.names: set[object] | None = set() if is_object else None
        self.count = 0


class JSONText:
    """Turns snapshots of one document into pieces of its JSON text, which only grows.

    >>> import streamjson as sj
    >>> assembler, text = sj.Assembler(), sj.emit.JSONText()
    >>> _ = assembler.apply_delta("title", "Lis")
    >>> text.update(assembler.snapshot())
    '{"title":"Lis'
    >>> _ = assembler.apply_delta("title", "bon"), assembler.apply_delta("budget", 100)
    >>> text.update(assembler.snapshot())
    'bon","budget":'
    >>> _ = assembler.apply_delta("budget", 120)
    >>> text.close(assembler.snapshot())
    '120}'
    """

    def __init__(self) -> None:
        self._sent: Snapshot | None = None
        self._containers: list[_Container] = []
        # The string or scalar at the open end, its step, and its value if it is held.
        self._has_leaf = False
        self._step: object = None
        self._held: Any = _NOTHING
        self._out: list[str] = []
        self._is_closed = False

    @property
    def sent(self) -> Snapshot | None:
        """The snapshot that `update` or `close` was given last."""
        return self._sent

    def update(self, snapshot: Snapshot) -> str:
        """Return the text that `snapshot` adds; "" if it adds nothing, or only a scalar, which is held.

        Raises `ConflictError` (`not_append_only`) with the path of the change that can't be appended; then this object
        can't be used any more. Raises `ValueError` for a snapshot of another document.
        """
        changes = snapshot.changes_since(0 if self._sent is None else self._sent)
        self._sent = snapshot
        for change in changes:
            if self._is_closed:
                raise _not_append_only(change.path, "the text is whole")
            if change.kind == "append":
                self._append(change)
            else:
                self._set(change)
        return self._take()

    def close(self, snapshot: Snapshot | None = None) -> str:
        """Return the rest of the text, so that it is whole; "" for a document without a value.

        `snapshot` is the last one, unless `update` has seen it. Raises what `update` raises.
        """
        text = "" if snapshot is None else self.update(snapshot)
        self._close_down_to(0)
        self._is_closed = True
        return text + self._take()

    def _take(self) -> str:
        text = "".join(self._out)
        self._out.clear()
        return text

    # ------------------------------------------------------------------------------------------------------------------
    # one change

    def _append(self, change: Change) -> None:
        path = change.path
        if not (self._has_leaf and self._held is _NOTHING and self._is_at_end(path)):
            raise _not_append_only(path, "a string grew that the text has left")
        self._out.append(to_json(change.delta)[1:-1])

    def _set(self, change: Change) -> None:
        path, value = change.path, change.value
        if value is MISSING and not self._containers and not self._has_leaf:  # nothing was sent
            return
        if value is MISSING:
            raise _not_append_only(path, "the document was reset")
        if self._has_leaf and self._held is not _NOTHING and self._is_at_end(path):
            self._has_leaf, self._held = False, _NOTHING
            self._write(self._step, value)
            return
        if not path:
            if self._containers or self._has_leaf:
                raise _not_append_only(path, "the root was replaced")
            self._write(None, value)
            return
        self._set_in(path, value)

    def _set_in(self, path: Path, value: Any) -> None:
        """Write a new member or item of an open container."""
        depth = len(path)
        containers = self._containers
        if len(containers) < depth or any(
            container.step != step for container, step in zip(containers[1:depth], path, strict=False)
        ):
            raise _not_append_only(path, "its container is no longer open, or not of this kind")
        container, step = containers[depth - 1], path[-1]
        names = container.names
        if names is None:
            if step != container.count:
                what = "was replaced" if isinstance(step, int) and step < container.count else "has holes before it"
                raise _not_append_only(path, f"the item {what}")
        elif step in names:
            raise _not_append_only(path, "the member was replaced")
        self._close_down_to(depth)
        if container.count:
            self._out.append(",")
        container.count += 1
        if names is not None:
            names.add(step)
            self._out.append(f"{to_json(step)}:")
        self._write(step, value)

    def _is_at_end(self, path: Path) -> bool:
        """Return whether a path leads to the string or scalar at the open end."""
        containers = self._containers
        if len(path) != len(containers):
            return False
        if not path:
            return True
        return path[-1] == self._step and all(
            container.step == step for container, step in zip(containers[1:], path, strict=False)
        )

    # ------------------------------------------------------------------------------------------------------------------
    # text

    def _write(self, step: object, value: Any) -> None:
        """Write a value whose right edge stays open."""
        while is_object(value) or is_list(value):
            container = _Container(step, is_object=is_object(value))
            self._containers.append(container)
            container.count = len(value)
            if container.names is not None:
                container.names.update(value)
            self._out.append("[" if container.names is None else "{")
            if not value:
                return
            step, value = self._write_all_but_last(value)
        self._has_leaf, self._step = True, step
        if isinstance(value, str):
            self._out.append(to_json(value)[:-1])
        else:
            self._held = value

    def _write_all_but_last(self, value: Any) -> tuple[object, Any]:
        """Write the items or members of a container but for the value of the last one; return that, and its step."""
        if is_list(value):
            step: object = len(value) - 1
            others, key = to_json(value[:-1])[1:-1], ""
            last = value[-1]
        else:
            step, last = next(reversed(value.items()))
            others, key = (
                to_json({name: item for name, item in value.items() if name != step})[1:-1],
                f"{to_json(step)}:",
            )
        self._out.append(f"{others},{key}" if others else key)
        return step, last

    def _close_down_to(self, depth: int) -> None:
        """Close all but the first `depth` containers, and what is open in the last one."""
        if self._has_leaf:
            self._out.append('"' if self._held is _NOTHING else to_json(self._held))
            self._has_leaf, self._held = False, _NOTHING
        while len(self._containers) > depth:
            self._out.append("]" if self._containers.pop().names is None else "}")


def _not_append_only(path: Path, why: str) -> ConflictError:
    where = str(path) or "the root"
    message = f"the JSON text was sent already, and {where} changed: {why}; use a form that sends changes by path"
    return ConflictError(message, code="not_append_only", path=str(path))
