"""What a provider is: it reads the events of one API, and says by the verbs of an `Answer` what they bring.

A provider keeps what it must remember between events in `state`, an attrs class of its own, so that a checkpoint can
save it. Everything about the parts themselves is the answer's.

To add a provider, see CONTRIBUTING.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import attrs

from .answer import Answer

__all__ = ["NoState", "Provider", "a_number", "an_optional", "by_index", "by_text", "numbers"]


@attrs.define
class NoState:
    """The state of a provider that remembers nothing beside the parts."""


class Provider(ABC):
    """Reads the events of one API. Subclasses define `name`, `protocols` and `read`."""

    name: ClassVar[str]
    protocols: ClassVar[tuple[str, ...]]
    """The names by which `_dialects` knows the protocol."""
    state_type: ClassVar[type[Any]] = NoState

    def __init__(self, answer: Answer) -> None:
        self.answer: Answer = answer
        self.state: Any = self.state_type()

    @abstractmethod
    def read(self, event: Any) -> None:
        """Do what an event says: a mapping, or an object of the SDK.

        Raises `InvalidEventError` for an event that can't be read, or placed, `ConflictError`, `LimitExceededError`,
        and `StreamFailedError` for a failure.
        """

    def end(self, *, is_done: bool) -> None:  # noqa: ARG002  # for a provider of which `[DONE]` proves the end
        """End what is open: the source has ended, with `is_done` by `[DONE]`, else by itself."""
        self.answer.settle_open()


# ----------------------------------------------------------------------------------------------------------------------
# What a provider remembers: members of its state, each with a default, and checked when a checkpoint is restored.

_attrs: Any = attrs  # untyped: type checkers can't follow its validators
_a = _attrs.validators


def a_number(default: int) -> Any:
    """Return a member that is an int."""
    return _attrs.field(default=default, validator=[_a.instance_of(int), _a.ge(-1)])


def an_optional(kind: type) -> Any:
    """Return a member of a type, or None."""
    checks = _a.and_(_a.instance_of(kind), _a.ge(0)) if kind is int else _a.instance_of(kind)
    return _attrs.field(default=None, validator=_a.optional(checks))


def numbers() -> Any:
    """Return a member that is a list of ints."""
    items = _a.and_(_a.instance_of(int), _a.ge(0))
    return _attrs.field(default=_attrs.Factory(list), validator=_a.deep_iterable(items, _a.instance_of(list)))


def by_index(*kinds: type) -> Any:
    """Return a member that is a dict from an index, as text, to values of these types."""
    keys = _a.and_(_a.instance_of(str), _a.matches_re("[0-9]{1,18}"))
    validator = _a.deep_mapping(keys, _a.instance_of(kinds), _a.instance_of(dict))
    return _attrs.field(default=_attrs.Factory(dict), validator=validator, metadata={"values": kinds[0]})


def by_text(*kinds: type) -> Any:
    """Return a member that is a dict from text to values of these types; the first one may be a state itself."""
    validator = _a.deep_mapping(_a.instance_of(str), _a.instance_of(kinds), _a.instance_of(dict))
    return _attrs.field(default=_attrs.Factory(dict), validator=validator, metadata={"values": kinds[0]})
