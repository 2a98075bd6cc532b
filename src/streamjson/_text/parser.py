"""From the pieces of a JSON text, cut anywhere, to a document that grows with each of them.

It takes the text as RFC 8259 has it, and repairs nothing. What a piece shows at once:

- A string is there from its first character on, and grows with each piece of it; `""` is there at its closing quote.
- Numbers and literals are there when they are whole: a number at the character after it, or at the end of the text.
- A container is there, empty, when it opens; a member when its value is.
- The closing token of a value finishes it (`TextDocument.closings`).

The `mode` says what may come next. With the open containers and the part of a token that was cut, that is the whole
state, so it can be saved in the middle of any token.

Invariants: cutting makes no difference but for the versions in between. An error is at the first character that can't
stand there, after everything before it was written; the parser is dead then.

Specification: RFC 8259, sections 2 to 7. Strings have no lone surrogates, as everywhere in this library.
Cost: linear in the text. A piece inside a string costs two searches, a token that is whole one match, and a token that
was cut a comparison for each character.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .._document import MAX_FAST_CHARS, Node, Step, TextDocument, path_of
from .._errors import StreamTruncatedError, shorten
from .._json import repair_surrogates, utf8_size, well_formed
from .._paths import Path
from .grammar import (
    BLANKS,
    ESCAPES,
    IN_NUMBER,
    INTEGERS,
    LITERALS,
    MEMBER,
    NUMBER,
    NUMBER_STATES,
    PLAIN,
    STRING_BODY,
    WHOLE_NUMBERS,
    is_escape_prefix,
    skip_blanks,
    unescape,
)
from .place import MAX_RECENT, MAX_SHORT_CHARS, Place
from .wrapping import AT_END, AT_START, FIRST_MODES, LAST_MODES, UNBEGUN, WRAPPER_STEPS, Wrapper

__all__ = ["AFTER", "BEFORE", "MODES", "Parser"]

_MAX_NAMES: Final = 256  # distinct names that are kept once; no schema has more
_MIN_LARGE_DIGITS: Final = 18  # shorter numbers take 8 bytes
_INFINITE: Final = (float("inf"), float("-inf"))
_MIN_MEMBER_CHARS: Final = 6  # a shorter rest of a piece has no whole name


class Parser:
    """Parses one text into a document, which is new and empty."""

    __slots__ = (
        "document", "half", "in_name", "is_begun", "last_mode", "length", "max_depth", "max_digits", "max_key_bytes",
        "mode", "name", "name_size", "names", "number", "parts", "place", "recent", "stack", "tail", "wrapper",
    )  # fmt: skip

    def __init__(self, document: TextDocument, wrapper: Wrapper = None) -> None:
        self.document = document
        self.place = Place()
        self.recent = self.place.recent
        self.wrapper: Wrapper = wrapper
        self.mode = FIRST_MODES[wrapper]
        self.last_mode = LAST_MODES[wrapper]  # after the document
        self.stack: list[Node] = [document.root_slot]  # the open containers; the root is in the first
        self.name = ""  # of the member whose value comes or is read
        self.name_size = 0  # in bytes
        self.in_name = False  # whether the string that is read is a name
        self.is_begun = False  # whether the string that is read is in the document
        self.half = ""  # a high surrogate at the end of what was read of a string
        self.parts: list[str] = []  # of a name or a number that was cut
        self.number = ""  # the state of a number that was cut
        self.length = 0  # of a name or a number that was cut, in characters
        self.tail = ""  # of an escape or a literal that was cut
        self.names: dict[str, tuple[str, int]] = {}  # by their text: the name, and its bytes
        bounds = document.admission.bounds
        self.max_depth, self.max_digits = bounds["max_depth"], bounds["max_number_digits"]
        self.max_key_bytes = bounds["max_key_bytes"]

    def feed(self, text: str) -> None:
        """Write what a piece brings. Raises `InvalidTextError` and `LimitExceededError`; both are final."""
        # Hot: nearly every piece of a long text is inside a string. What is printable has no control character.
        document = self.document
        if (
            self.mode == "string"
            and text.isprintable()
            and '"' not in text
            and "\\" not in text
            and document.node is not None
            and document.version < document.fast_until_version
            and 0 < (length := len(text)) <= MAX_FAST_CHARS
            and self.is_begun
        ):
            try:  # `TextDocument.grow` again: a call less saves a tenth
                document.lengths.append(length)
                document.pieces.append(text)
                document.delta = text
                document.version += 1  # last: INVARIANTS 1
            except BaseException:
                document.tear()
                raise
        else:
            at, length = 0, len(text)
            while at < length:
                at = _STEPS[self.mode](self, text, at)
        recent = self.recent
        recent.append(text)
        if len(recent) >= MAX_RECENT or length > MAX_SHORT_CHARS:
            self.place.count()

    @property
    def is_whole(self) -> bool:
        """Whether the document is whole."""
        return self.mode in AFTER

    @property
    def may_end(self) -> bool:
        """Whether the document is whole if the text ends here: a number at the root ends with it."""
        return self.is_whole or (self.mode == "number" and len(self.stack) == 1 and self.number in WHOLE_NUMBERS)

    def finish(self, pending_bytes: int = 0) -> None:
        """End the text, after the bytes of half a character. Raises `StreamTruncatedError` if it is not whole."""
        if self.may_end:
            if not self.is_whole:
                self._end_number("", 0)
            return
        path = self.open_path()
        is_begun = len(self.stack) > 1 or self.mode not in BEFORE
        where = f"inside {repr(str(path)) if path else 'the root'}" if is_begun else UNBEGUN[self.wrapper]
        error = StreamTruncatedError(f"the text ended {where}", code="truncated_text")
        error.path, error.offset = str(path), self.place.offset + pending_bytes
        raise error

    def open_path(self) -> Path:
        """Return the location of the innermost value that is not whole."""
        node = self.stack[-1]
        if node is self.document.root_slot:
            return Path()
        steps: tuple[Step, ...] = path_of(node.where)
        is_string = self.mode in ("string", "half", "escape") and not self.in_name
        if is_string or self.mode in ("number", "literal"):
            steps += (self.name if node.is_object else len(node.entries) - (is_string and self.is_begun),)
        elif self.mode == "value" and node.is_object:
            steps += (self.name,)
        return Path(steps)

    def read_value(self, text: str, at: int) -> int:
        """Read the first character of a value, or the end of an empty array."""
        char = text[at]
        if char == '"':
            self.mode = "string"
            self.in_name = self.is_begun = False
            return self.read_string(text, at + 1)
        if char in "{[":
            self.begin_container(is_object=char == "{")
            return at + 1
        if char in "-0123456789":
            return self._first_digit(text, at)
        if char in BLANKS:
            return self._blanks(text, at)
        if char in LITERALS:
            return self.read_literal(text, at)
        if self.mode == "item" and char == "]":
            return self._close(at)
        if self.mode == "start" and char == "\ufeff" and at == self.place.chars == 0:
            return 1  # section 8.1: "implementations [...] MAY ignore the presence of a byte order mark"
        expected = "a value or ']'" if self.mode == "item" else "a value"
        raise self.place.wrong(text, at, expected, hint=AT_START if self.mode == "start" else "")

    def begin_container(self, *, is_object: bool) -> None:
        """Open a container."""
        document, stack = self.document, self.stack
        if len(stack) > self.max_depth:
            document.admission.check("max_depth", len(stack))
        node = stack[-1]
        if node.is_object:
            stack.append(document.open(node, self.name, self.name_size, is_object=is_object))
        else:
            stack.append(document.open(node, len(node.entries), 0, is_object=is_object))
        self.mode = "first name" if is_object else "item"

    def _close(self, at: int) -> int:
        self.stack.pop()
        self._finish_value()
        return at + 1

    def _put(self, value: Any, length: int, size: int) -> None:
        """Write a scalar, or a string or its beginning."""
        node = self.stack[-1]
        if node.is_object:
            self.document.put(node, self.name, value, length, size + self.name_size)
        else:
            self.document.put(node, len(node.entries), value, length, size)

    def _finish_value(self) -> None:
        self.document.closings += 1
        self.mode = "after" if len(self.stack) > 1 else self.last_mode

    def read_after_value(self, text: str, at: int) -> int:
        """Read what follows a value in a container."""
        char = text[at]
        is_object = self.stack[-1].is_object
        if char == ",":
            if not is_object:
                self.mode = "value"
                return at + 2 if text[at + 1 : at + 2] == " " else at + 1
            if len(text) - at >= _MIN_MEMBER_CHARS and (member := MEMBER(text, at)):
                end = member.end()
                self.place.count_lines(text, at, end)
                self._end_name(member[1])
                self.mode = "value"
                return end
            self.mode = "name"
            return at + 2 if text[at + 1 : at + 2] == " " else at + 1
        if char == ("}" if is_object else "]"):
            return self._close(at)
        if char in BLANKS:
            return self._blanks(text, at)
        raise self.place.wrong(text, at, "',' or '}'" if is_object else "',' or ']'")

    def read_end(self, text: str, at: int) -> int:
        """Read what follows the document."""
        if text[at] in BLANKS:
            return self._blanks(text, at)
        raise self.place.wrong(text, at, "the end of the text", hint=AT_END)

    def _blanks(self, text: str, at: int) -> int:
        if text[at] == " ":  # one, most often
            return at + 1
        end = skip_blanks(text, at).end()
        self.place.count_lines(text, at, end)
        return end

    # ------------------------------------------------------------------------------------------------------------------
    # names and strings

    def read_name(self, text: str, at: int) -> int:
        """Read the first character of a name, or the end of an empty object."""
        char = text[at]
        if char == '"':
            self.mode, self.in_name, self.length = "in name", True, 0
            return self.read_string(text, at + 1)
        if char in BLANKS:
            return self._blanks(text, at)
        if self.mode == "first name" and char == "}":
            return self._close(at)
        raise self.place.wrong(text, at, "a name in quotes or '}'" if self.mode == "first name" else "a name in quotes")

    def read_colon(self, text: str, at: int) -> int:
        """Read what follows a name."""
        if text[at] == ":":
            self.mode = "value"
            return at + 2 if text[at + 1 : at + 2] == " " else at + 1
        if text[at] in BLANKS:
            return self._blanks(text, at)
        raise self.place.wrong(text, at, "':'")

    def read_string(self, text: str, at: int) -> int:
        """Read a string from inside: as much of it as this piece has."""
        if at == len(text):
            return at
        end = PLAIN(text, at).end()
        content = text[at:end]
        if end == len(text):
            self._extend(content)
            return end
        char = text[end]
        if char == "\\":
            return self._escaped_string(text, at)
        if char == '"':
            if self.in_name:
                self._end_name(content)
                self.mode = "colon"
            else:
                self._end_string(content)
            return end + 1
        self._extend(content)
        raise self.place.wrong(text, end, "an escaped control character")

    def _escaped_string(self, text: str, at: int) -> int:
        """Read a part of a string with escapes, up to one that is cut or wrong, or up to what `_string` reads."""
        end = STRING_BODY(text, at).end()
        content = unescape(text[at:end])
        if text[end : end + 1] == '"':
            if self.in_name:
                self._end_name(content)
                self.mode = "colon"
            else:
                self._end_string(content)
            return end + 1
        self._extend(content)
        if text[end : end + 1] == "\\":
            self.mode = "escape"
        return end

    def read_escape(self, text: str, at: int) -> int:
        """Read a character of an escape that was cut or that is wrong."""
        tail = self.tail + text[at]
        if not is_escape_prefix(tail):
            expected = "a hexadecimal digit" if tail.startswith("\\u") else ESCAPES
            raise self.place.wrong(text, at, expected)
        if len(tail) == 6 or (len(tail) == 2 and tail != "\\u"):
            self.tail = ""
            self.mode = "in name" if self.in_name else "string"
            self._extend(unescape(tail))
        else:
            self.tail = tail
        return at + 1

    def _extend(self, content: str) -> None:
        """Take in a part of a string that is not its last."""
        if self.in_name:
            self.parts.append(content)
            self.length += len(content)
            if self.length > self.max_key_bytes:
                self.document.admission.name(well_formed("".join(self.parts)))
            return
        if self.half or not content.isascii():
            content, self.half = repair_surrogates(self.half + content)
            self.mode = "half" if self.half else "string"
        if content:
            if self.is_begun:
                self.document.grow(content)
            else:
                self._begin_string(content)

    def _begin_string(self, content: str) -> None:
        self._put(content, len(content), len(content) if content.isascii() else utf8_size(content))
        self.is_begun = True

    def _end_string(self, content: str) -> None:
        if self.half or not content.isascii():
            content = well_formed(self.half + content)
            self.half = ""
        if not self.is_begun:
            self._begin_string(content)
        elif content:
            self.document.grow(content)
        self._finish_value()

    def _end_name(self, content: str) -> None:
        if self.parts:
            content = "".join((*self.parts, content))
            self.parts.clear()
        known = self.names.get(content)
        if known is None:
            name = well_formed(content)
            known = name, self.document.admission.name(name)
            if len(self.names) < _MAX_NAMES:
                self.names[content] = known
        self.name, self.name_size = known

    # ------------------------------------------------------------------------------------------------------------------
    # numbers and literals

    def _first_digit(self, text: str, at: int) -> int:
        number = NUMBER(text, at)
        if number and (end := number.end()) < len(text) and text[end] not in IN_NUMBER:
            self._put_number(number[0], text, end, is_integer=not number[1])
            return end
        self.mode, self.number, self.length = "number", "start", 0  # it is cut, or wrong
        return self.read_digits(text, at)

    def read_digits(self, text: str, at: int) -> int:
        """Read more of a number that was cut."""
        state, end = self.number, at
        while end < len(text) and (following := NUMBER_STATES[state].get(text[end])):
            state = following
            end += 1
        self.parts.append(text[at:end])
        self.number = state
        self.length += end - at
        if self.length > self.max_digits:
            self.check_digits("".join(self.parts))
        if end < len(text):
            if state not in WHOLE_NUMBERS:
                raise self.place.wrong(text, end, "a digit")
            self._end_number(text, end)
        return end

    def _end_number(self, text: str, at: int) -> None:
        number = "".join(self.parts)
        self.parts.clear()
        self._put_number(number, text, at, is_integer=self.number in INTEGERS)

    def _put_number(self, number: str, text: str, at: int, *, is_integer: bool) -> None:
        """Write a number that ends before character `at`."""
        length = len(number)
        if length > self.max_digits:
            self.check_digits(number)
        try:
            value = int(number) if is_integer else float(number)
        except ValueError:  # CPython's own limit on digits, where `max_number_digits` is None
            problem = "a number has more digits than sys.get_int_max_str_digits() allows"
            raise self.place.refused(text, at, length, problem) from None
        if value in _INFINITE:
            raise self.place.refused(text, at, length, f"{shorten(number)} is too large for a double")
        self._put(value, 0, 8 if length < _MIN_LARGE_DIGITS else self.document.admission.scalar_size(value))
        self._finish_value()

    def check_digits(self, number: str) -> None:
        """Raise `LimitExceededError` if a number has too many digits."""
        self.document.admission.check("max_number_digits", sum(map(number.count, "0123456789")))

    def read_literal(self, text: str, at: int) -> int:
        """Read a literal, or more of one that was cut."""
        word, value = LITERALS[self.tail[:1] or text[at]]
        known = len(self.tail)
        if text.startswith(word[known:], at):
            self.tail = ""
            self._put(value, 0, 8)
            self._finish_value()
            return at + len(word) - known
        end = at
        while end < len(text) and text[end] == word[known + end - at]:
            end += 1
        if end < len(text):
            raise self.place.wrong(text, end, repr(word))
        self.mode, self.tail = "literal", word[: known + end - at]
        return end


# Mode -> the method that reads from one character on, and returns where it has stopped.
_STEPS: Final[dict[str, Callable[[Parser, str, int], int]]] = {
    "start": Parser.read_value,
    "value": Parser.read_value,
    "item": Parser.read_value,
    "after": Parser.read_after_value,
    "first name": Parser.read_name,
    "name": Parser.read_name,
    "in name": Parser.read_string,
    "colon": Parser.read_colon,
    "string": Parser.read_string,
    "half": Parser.read_string,
    "escape": Parser.read_escape,
    "number": Parser.read_digits,
    "literal": Parser.read_literal,
    "end": Parser.read_end,
    **WRAPPER_STEPS,
}
MODES: Final = frozenset(_STEPS)
BEFORE: Final = frozenset(("start", "before fence", "fence word", "before document", "maybe object", "maybe array"))
AFTER: Final = frozenset(LAST_MODES.values()) | {"rest"}
