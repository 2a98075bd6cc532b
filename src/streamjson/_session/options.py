"""The options of an assembler, checked.

Cost: O(1), but for the prefix, which is parsed.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from attrs import field, frozen

from .._errors import shorten
from .._limits import Limits, check_limits
from .._paths import Path, parse_path
from .._skipped import OnMisfit, check_on_misfit
from .._text import FIRST_MODES, Wrapper

__all__ = ["AssemblerOptions", "Options"]


class AssemblerOptions(TypedDict, total=False):
    """The options of an `Assembler`."""

    path_prefix: str
    limits: Limits
    dialect: str
    wrapper: Wrapper
    on_conflict: Literal["error", "replace"]
    on_new_span: Literal["error", "reset"]
    on_invalid: Literal["raise", "skip"]
    completion: Literal["order", "end"]
    on_misfit: OnMisfit


@frozen(kw_only=True)
class Options:
    """The same with their values. `prefix` is the parsed `path_prefix`.

    Raises `ValueError` for a value that an option does not take, `InvalidPathError` for a malformed prefix.
    """

    path_prefix: str
    limits: Limits
    dialect: str
    wrapper: Wrapper
    on_conflict: Literal["error", "replace"]
    on_new_span: Literal["error", "reset"]
    on_invalid: Literal["raise", "skip"]
    completion: Literal["order", "end"]
    on_misfit: OnMisfit
    prefix: Path = field(init=False)

    def __attrs_post_init__(self) -> None:
        check_limits(self.limits)
        for name, values in (
            ("on_conflict", ("error", "replace")),
            ("on_new_span", ("error", "reset")),
            ("on_invalid", ("raise", "skip")),
            ("completion", ("order", "end")),
        ):
            value = getattr(self, name)
            if value not in values:
                raise ValueError(f"{name} is {values[0]!r} or {values[1]!r}, not {value!r}")
        if self.wrapper not in FIRST_MODES:
            raise ValueError(f"wrapper is 'fence', 'prose' or None, not {shorten(self.wrapper)}")
        check_on_misfit(self.on_misfit)
        object.__setattr__(self, "prefix", parse_path(self.path_prefix, limits=self.limits))

    @property
    def replaces(self) -> bool:
        """Whether a delta that conflicts with what is there replaces it."""
        return self.on_conflict == "replace"

    @property
    def in_order(self) -> bool:
        """Whether a value is finished when the next delta lands outside of it."""
        return self.completion == "order"
