"""One document of an answer, as the answer writes it: a text, or the arguments of a call, and how it ended.

`part` is what callers hold of it. The document is one of the core's (`form`): a string that grows, JSON text, or values
at paths. It is made when it is first needed, because a sender may say late in which of them it writes.

A text that is not JSON is kept in `error`, so that the other parts go on. What a callback on a part raises is collected
in `failures`, so that the rest of an event is still applied.

Cost: that of the assembler, and a reference to each piece of JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from .._assembler import Assembler
from .._errors import ConflictError, InvalidEventError, InvalidTextError, StreamJSONError, StreamTruncatedError, shorten
from .._json import MISSING, is_list, is_object, well_formed
from .._limits import Limits
from .._wire import ServerSentEvent

__all__ = ["Encoding", "EndOfPart", "Executor", "Form", "Kind", "PartOptions", "PartState", "is_equal"]

Kind: TypeAlias = Literal["text", "call", "refusal", "reasoning", "state"]
EndOfPart: TypeAlias = Literal["open", "done", "length", "filtered", "failed", "aborted", "cut"]
Encoding: TypeAlias = Literal["json", "text"]
Executor: TypeAlias = Literal["client", "provider"]
Form: TypeAlias = Literal["string", "json", "paths"]

_DONE: Final = ServerSentEvent("[DONE]")
_MAX_PENDING: Final = 1024  # pieces of raw text, before they are joined


class PartOptions(NamedTuple):
    """The options that all parts of an answer share."""

    limits: Limits
    wrapper: Literal["fence", "prose"] | None
    on_conflict: Literal["error", "replace"]


class PartState:
    """A part, as the answer writes it."""

    def __init__(
        self,
        options: PartOptions,
        failures: list[Exception],
        *,
        kind: Kind,
        form: Form,
        id: str | None = None,
        name: str | None = None,
        index: int | None = None,
        choice: int | None = None,
        executed_by: Executor | None = None,
        encoding: Encoding = "text",
    ) -> None:
        self.kind: Kind = kind
        self.form: Form = form
        self.id: str | None = id
        self.name: str | None = name
        self.index: int | None = index
        self.choice: int | None = choice
        self.executed_by: Executor | None = executed_by
        self.encoding: Encoding = encoding
        self.end: EndOfPart = "open"
        self.finish: str | None = None
        self.error: StreamJSONError | None = None
        self.is_passed: bool = False  # the provider has closed it, or gone past it: nothing more of it is expected
        self.is_ready: bool = False  # a call that was reported
        self.number: int = 0  # its place among the parts
        self.part: Any = None  # what callers hold of it
        self.is_valued: bool = False  # its document came as a value, not as text
        self.first: Any = None  # what its first event holds: it counts only if nothing else comes
        self._options: PartOptions = options
        self._failures: list[Exception] = failures
        self._assembler: Assembler | None = None
        self._pieces: list[str] = []  # the raw text, except of a string, which is its own
        self._pending: list[str] = []
        self._half: str = ""  # of a string: half a surrogate pair at its end, which its document does not show

    # ------------------------------------------------------------------------------------------------------------------
    # what it shows

    @property
    def assembler(self) -> Assembler:
        """The assembler of its document."""
        if self._assembler is None:
            dialect = "json_text" if self.form == "json" else "chunks"
            wrapper = self._options.wrapper if self.form == "json" and self.kind == "text" else None
            self._assembler = Assembler(limits=self._options.limits, dialect=dialect, wrapper=wrapper)
        return self._assembler

    @property
    def is_empty(self) -> bool:
        """Whether nothing of its document has come."""
        return not (self._pending or self._pieces or self.is_valued or self.has_value)

    @property
    def has_value(self) -> bool:
        """Whether its document has begun."""
        return self._assembler is not None and self._assembler.snapshot().get("", MISSING) is not MISSING

    @property
    def value(self) -> Any:
        """The document so far."""
        value = self.assembler.snapshot().value
        return "" if value is MISSING and self.form == "string" else value

    @property
    def text(self) -> str | None:
        """The raw text so far; None if the document does not come as text."""
        if self.form == "string":
            text: str = self.value
            return text
        if self.form == "paths" or self.is_valued:
            return None
        return self.raw

    @property
    def raw(self) -> str:
        """The pieces of its JSON text, as they came."""
        raw = joined("".join((*self._pieces, *self._pending)))
        self._pieces = [raw] if raw else []
        self._pending.clear()
        return raw

    @property
    def is_whole(self) -> bool:
        """Whether its document is whole, however the part ended: JSON whose last bracket has closed proves it."""
        if self.error is not None:
            return False
        return self.end == "done" or (
            self.form == "json" and self.has_value and self.assembler.snapshot().is_complete("")
        )

    @property
    def may_be_called(self) -> bool:
        """Whether it is a call whose document is whole, and that the provider has closed or gone past."""
        return self.kind == "call" and (self.is_passed or self.end == "done") and self.is_whole

    # ------------------------------------------------------------------------------------------------------------------
    # what the answer writes

    def write(self, piece: str) -> None:
        """Append a piece of its text."""
        if self.form == "string":
            self._half = piece[-1:] if "\ud800" <= piece[-1:] <= "\udbff" else ""
            self._change(self.assembler.apply_delta, "", piece)
            return
        self._pending.append(piece)
        if len(self._pending) >= _MAX_PENDING:
            self._pieces.append("".join(self._pending))
            self._pending.clear()
        if self.error is None:
            self._change(self.assembler.apply, piece)

    def write_at(self, path: str, value: Any) -> None:
        """Append to the string at a path, or set a value there."""
        self._change(self.assembler.apply_delta, path, value)

    def replace_at(self, path: str, value: Any) -> None:
        """Set the value at a path, whatever is there."""
        self._change(self.assembler.set_value, path, value)

    def _change(self, change: Callable[..., object], *given: Any) -> None:
        """Change the document. A text that is not JSON, and what callbacks raise, are kept: the event goes on."""
        try:
            change(*given)
        except (InvalidTextError, StreamTruncatedError) as error:
            error.event_number = None  # counted by the assembler of the part alone
            self.error = error
        except ExceptionGroup as group:
            self._failures.extend(group.exceptions)
        except StreamJSONError as error:
            if error.code != "applying":  # of a callback that calls back
                raise
            self._failures.append(error)

    def write_whole(self, whole: str) -> bool:
        """Take the whole text again; return whether it brought anything. A contradiction is a `ConflictError`."""
        so_far = self.text
        if so_far is None:
            raise self._contradiction("a text", "an object")
        rest = self._rest_of(whole, so_far)
        if rest == "":
            return False
        if rest is not None and self.end == "open":
            self.write(rest)
            return True
        if self._options.on_conflict == "error":
            raise self._contradiction(shorten(whole), shorten(so_far))
        self._start_again()
        self.write(whole)
        self._end_again()
        return True

    def _rest_of(self, whole: str, so_far: str) -> str | None:
        """Return what a whole text adds to the text so far; None if it is another one.

        The two are compared in UTF-16, as a piece may end in half a surrogate pair; a lone half of a string is U+FFFD.
        """
        units, received = to_units(whole), to_units(so_far + self._half)
        if units.startswith(received):
            return units[len(received) :].decode("utf-16-le", "surrogatepass")
        repaired = well_formed(whole)
        return repaired[len(so_far) :] if self.form == "string" and repaired.startswith(so_far) else None

    def write_value(self, value: Any, *, is_repeated: bool = False) -> bool:
        """Take the whole document as a value; return whether it brought anything.

        A document of JSON text is written as the text that says it. With `is_repeated`, what the paths could not say,
        such as which empty container it is, is taken from the value.
        """
        if self._has_no_arguments():
            self.is_valued = True
            self._write_first(value)
            return True
        so_far = self.value
        if is_repeated and self.end == "open" and agrees(so_far, value):
            value = with_empties(so_far, value)
            if not is_same(so_far, value):
                self.replace_at("", value)
                return True
            return False
        if is_equal(so_far, value) and (self.form != "json" or self.is_whole):
            return False
        if self._options.on_conflict == "error":
            raise self._contradiction(shorten(value), shorten(so_far))
        if self.form == "json" or self.end != "open":
            self._start_again()
            self.is_valued = True
            self._write_first(value)
            self._end_again()
        else:
            self.replace_at("", value)
        return True

    def _write_first(self, value: Any) -> None:
        if self.form == "paths":
            self.replace_at("", value)
            return
        try:
            piece = json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidEventError(f"{self.label} has a value that is not JSON: {shorten(str(error))}") from None
        self._change(self.assembler.apply, piece)

    def begin_again(self) -> None:
        """Discard the document, which its sender begins again."""
        self._start_again()

    def settle(self, end: EndOfPart, finish: str | None) -> None:
        """End the part, which is open; the document of one that is done, or whole, is complete."""
        if end in ("done", "cut") and self.first is not None and self.is_empty:
            self.write_first()
        is_whole = self.is_whole
        self.end, self.finish = end, finish
        if end == "done" and self.kind == "call" and self.encoding == "json" and self._has_no_arguments():
            if self.form == "json":
                self._change(self.assembler.apply, "{}")
            else:
                self.write_value({})
        if end == "done" or is_whole:
            self._complete()

    def _complete(self) -> None:
        if self.error is None:
            if self.form == "string" and not self.has_value:
                self.write("")
            self._change(self.assembler.apply, _DONE)

    def write_as_text(self) -> None:
        """Write the document as JSON text, instead of by paths; nothing was written yet."""
        self.form, self._assembler = "json", None

    def write_first(self) -> None:
        """Take what the first event holds, as nothing else came."""
        first, self.first = self.first, None
        if isinstance(first, str):
            self.write(first)
        else:
            self.write_value(first)

    @property
    def half(self) -> str:
        """Half a surrogate pair at the end of its string."""
        return self._half

    def take_up(self, assembler: Assembler, raw: str, half: str) -> None:
        """Continue with the document and the text of a checkpoint."""
        self._assembler = assembler
        self._pieces = [raw] if raw else []
        self._half = half

    def _has_no_arguments(self) -> bool:
        return not self.has_value and not self.is_valued and not (self.text or "").strip()

    def _start_again(self) -> None:
        self.assembler.reset()
        self._pieces.clear()
        self._pending.clear()
        if self.error is not None:  # a broken call may be whole now; a whole one was given already
            self.is_ready = False
        self.error, self.is_valued, self._half = None, False, ""

    def _end_again(self) -> None:
        """Complete the document of a part that had ended, and whose whole was replaced."""
        if self.end == "done":
            self._complete()

    def _contradiction(self, given: str, found: str) -> ConflictError:
        return ConflictError(
            f"{self.label} came again as a whole, and it is not what its pieces gave: {given} after {found};"
            " on_conflict='replace' takes the later one",
            code="contradiction",
            given=given,
            found=found,
        )

    @property
    def label(self) -> str:
        """What an error calls it."""
        name = f"call of {shorten(self.name)}" if self.kind == "call" and self.name else self.kind
        return f"the {name}" + (f" {shorten(self.id)}" if self.id else "")


def joined(text: str) -> str:
    """Return text whose halves of a surrogate pair, from two pieces, are one character."""
    if text.isascii() or text.isprintable():
        return text
    return to_units(text).decode("utf-16-le", "surrogatepass")


def to_units(text: str) -> bytes:
    """Return text in UTF-16, in which half a surrogate pair is a beginning of the pair."""
    return text.encode("utf-16-le", "surrogatepass")


def agrees(partial: Any, whole: Any) -> bool:
    """Return whether a value given by paths may be `whole`.

    ADK can't say which container an empty one is, and drops some of them from the whole.
    """
    if is_empty_container(partial) and is_empty_container(whole):
        return True
    if is_object(partial) and is_object(whole):
        return all(name in partial for name in whole) and all(
            agrees(inner, whole[name]) if name in whole else is_empty_container(inner)
            for name, inner in partial.items()
        )
    if is_list(partial) and is_list(whole):
        return len(partial) == len(whole) and all(map(agrees, partial, whole))
    return bool(partial == whole)


def with_empties(partial: Any, whole: Any) -> Any:
    """Return a whole value, and the empty containers of a value that agrees with it."""
    if is_object(partial) and is_object(whole) and partial:
        return {name: with_empties(inner, whole[name]) if name in whole else inner for name, inner in partial.items()}
    if is_list(partial) and is_list(whole) and partial:
        return list(map(with_empties, partial, whole))
    return whole


def is_equal(found: Any, given: Any) -> bool:
    """Return whether a document has a value: 1 is not true, and a lone half of a character is U+FFFD there."""
    if is_object(found) and is_object(given):
        return found.keys() == given.keys() and all(is_equal(inner, given[name]) for name, inner in found.items())
    if is_list(found) and is_list(given):
        return len(found) == len(given) and all(map(is_equal, found, given))
    if isinstance(found, str) and isinstance(given, str):
        return found in (given, well_formed(given))
    return bool(found == given) and isinstance(found, bool) == isinstance(given, bool)


def is_same(one: Any, other: Any) -> bool:
    """Return whether equal values have equal types, too: 3 is not 3.0, nor [] an object."""
    if is_object(one) and is_object(other):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    if is_list(one) and is_list(other):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and bool(one == other)


def is_empty_container(value: object) -> bool:
    """Return whether a value is an empty object or array."""
    return (is_object(value) or is_list(value)) and not value
