"""An answer in the middle of its stream -> bytes that can be stored, and back.

Each part is saved with the checkpoint of its own assembler; keys, and the state of the provider, as JSON. `envelope`
has the format around it. A checkpoint may be forged, so everything that is read is checked.

Cost: linear in the documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import asdict, fields, has

from .._assembler import Assembler
from .._errors import CheckpointError, StreamJSONError, shorten
from .._limits import Limits
from .._resume import seal, unseal
from .answer import Answer
from .part_state import PartState
from .provider import Provider
from .providers import PROVIDERS

__all__ = ["members_of", "restore_answer", "save_answer"]

_KIND: Final = "parts"
# Members of a part, by their name and what they may be.
_PLAIN: Final[dict[str, tuple[type, ...]]] = {
    "kind": (str,),
    "form": (str,),
    "id": (str, type(None)),
    "name": (str, type(None)),
    "index": (int, type(None)),
    "choice": (int, type(None)),
    "executed_by": (str, type(None)),
    "encoding": (str,),
    "end": (str,),
    "finish": (str, type(None)),
    "is_passed": (bool,),
    "is_ready": (bool,),
    "is_valued": (bool,),
}
_VALUES: Final = {
    "kind": ("text", "call", "refusal", "reasoning", "state"),
    "form": ("string", "json", "paths"),
    "executed_by": ("client", "provider", None),
    "encoding": ("json", "text"),
    "end": ("open", "done", "length", "filtered", "failed", "aborted", "cut"),
}


def save_answer(answer: Answer, provider: Provider | None, session: Mapping[str, Any]) -> bytes:
    """Return the checkpoint of an answer."""
    number_of = {state: number for number, state in enumerate(answer.states)}
    return seal(
        _KIND,
        {
            **session,
            "provider": None if provider is None else provider.name,
            "state": {} if provider is None else asdict(provider.state),
            "parts": [_save_part(state) for state in answer.states],
            "keys": [[list(key), number_of[state]] for key, state in answer.keys.items()],
            "last_written": [[choice, number_of[state]] for choice, state in answer.last_written.items()],
            "finished": sorted(answer.finished, key=str),
            "ready": [number_of[state] for state in answer.ready],
            "finish": answer.finish,
            "ignored_count": answer.ignored_count,
            "replayed_count": answer.replayed_count,
        },
    )


def _save_part(state: PartState) -> dict[str, Any]:
    return {
        **{name: getattr(state, name) for name in _PLAIN},
        "first": state.first,
        "half": state.half,
        "error": None if state.error is None else [type(state.error).__name__, state.error.code, state.error.message],
        "raw": state.raw if state.form == "json" else None,
        "assembler": state.assembler.checkpoint().decode(),
    }


def members_of(data: bytes, limits: Limits) -> dict[str, Any]:
    """Return the members of a checkpoint. Raises `CheckpointError`."""
    return unseal(_KIND, data, limits)


def restore_answer(answer: Answer, members: Mapping[str, Any]) -> Provider | None:
    """Fill an empty answer from a checkpoint; return its provider. Raises `CheckpointError`."""
    try:
        limits = answer.options.limits
        if limits.max_parts is not None and len(members["parts"]) > limits.max_parts:
            raise limits.exceeded("max_parts", len(members["parts"]), is_full=True)
        for saved in members["parts"]:
            _restore_part(answer, saved)
        answer.keys = {tuple(map(_key_of, key)): answer.states[_index(at)] for key, at in members["keys"]}
        answer.last_written = {choice: answer.states[_index(at)] for choice, at in members["last_written"]}
        answer.finished = set(members["finished"])
        answer.ready = [answer.states[_index(at)] for at in members["ready"]]
        answer.finish, answer.ignored_count = members["finish"], members["ignored_count"]
        answer.replayed_count = members["replayed_count"]
        _check_plain({"finish": answer.finish, "name": None}, {"finish": (str, type(None))})
        _check_plain(members, {"ignored_count": (int,), "replayed_count": (int,)})
        answer.changed.clear()
        if members["provider"] is None:
            return None
        provider = PROVIDERS[members["provider"]](answer)
        provider.state = _restore_state(provider.state_type, members["state"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"the checkpoint of parts can't be: {shorten(str(error), 200)}") from None
    return provider


def _restore_state(kind: type[Any], state: Any) -> Any:
    """Return a provider's state; attrs checks the members, also those of states in it."""
    made = dict(state.items())
    for attribute in fields(kind):
        inner = attribute.metadata.get("values")
        if inner is not None and has(inner):
            made[attribute.name] = {key: _restore_state(inner, value) for key, value in made[attribute.name].items()}
    return kind(**made)


def _restore_part(answer: Answer, saved: Mapping[str, Any]) -> None:
    _check_plain(saved, _PLAIN)
    for name, values in _VALUES.items():
        if saved[name] not in values:
            raise ValueError(f"{name} is {shorten(saved[name])}")
    state = PartState(
        answer.options, answer.failures,
        **{name: saved[name] for name in ("kind", "form", "id", "name", "index", "choice", "executed_by", "encoding")},
    )  # fmt: skip
    for name in ("end", "finish", "is_passed", "is_ready", "is_valued"):
        setattr(state, name, saved[name])
    first, error, raw = saved["first"], saved["error"], saved["raw"]
    if not (first is None or isinstance(first, str | dict)) or not (raw is None or isinstance(raw, str)):
        raise TypeError("a part's text is not text")
    half = saved["half"]
    if not isinstance(half, str) or not (half == "" or "\ud800" <= half <= "\udbff"):
        raise TypeError("what is pending of a text is no half of a pair")
    state.first = first
    if error is not None:
        state.error = _restore_error(error)
    assembler = Assembler.restore(saved["assembler"].encode(), limits=answer.options.limits)
    state.take_up(assembler, raw or "", half)
    if state.form == "string" and not isinstance(state.value, str):
        raise TypeError("the document of a text is no string")
    answer.add(state)


def _restore_error(saved: Any) -> StreamJSONError:
    kind, code, message = saved
    classes = {one.__name__: one for one in StreamJSONError.__subclasses__()}
    if not (isinstance(code, str) and isinstance(message, str)):
        raise TypeError("an error's message is not text")
    return classes[kind](message, code=code)


def _check_plain(saved: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]]) -> None:
    for name, allowed in kinds.items():
        if type(saved[name]) not in allowed:
            raise TypeError(f"{name} is {shorten(saved[name])}")


def _key_of(member: object) -> str | int | None:
    if member is None or isinstance(member, str | int):
        return member
    raise TypeError(f"a key has {shorten(member)}")


def _index(at: object) -> int:
    if type(at) is not int or at < 0:
        raise TypeError(f"a part's number is {shorten(at)}")
    return at
