"""The lineup: the contestants of `contestants/` whose packages are installed.

A peer that is not installed is left out and named, so that the benchmark runs with any subset of them.
"""

from __future__ import annotations

from hashlib import sha256
from importlib import import_module, metadata
from pathlib import Path
from typing import Final

from attrs import field, frozen

import streamjson
from contestants import Contestant, WireContestant

__all__ = ["DISTRIBUTION", "OURS", "Lineup", "lineup"]

MODULES: Final = ("ours", "by_hand", "reparsers", "incremental", "wire")
DISTRIBUTION: Final = "streamjson-assembler"
_USED_BY_OTHERS: Final = {"attrs", "httpx", "msgspec", "streaming-json-parser-native"}  # packages behind contestants
OURS: Final = "streamjson"
"""The name of this library's contestant; the names of its variants have a comma and a description after it."""


@frozen
class Lineup:
    """The contestants in the order of their modules, and the missing modules, each with the reason."""

    builders: list[Contestant] = field(factory=list)
    readers: list[WireContestant] = field(factory=list)
    missing: dict[str, str] = field(factory=dict)

    def versions(self) -> dict[str, str]:
        """Return the version of this library and of every package that takes part, by name."""
        everybody: list[Contestant | WireContestant] = [*self.builders, *self.readers]
        packages = {one.package for one in everybody if one.package} - {DISTRIBUTION}
        ours = {DISTRIBUTION: f"{streamjson.__version__}, sha256 {_digest()}"}
        names = sorted(packages | _USED_BY_OTHERS)
        return ours | {name: metadata.version(name) for name in names if _is_installed(name)}


def _is_installed(distribution: str) -> bool:
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _digest() -> str:
    """Return a digest of this library's code, which changes between releases, while the version does not."""
    folder = Path(streamjson.__file__).parent
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def lineup(names: list[str] | None = None) -> Lineup:
    """Import all contestants; with `names`, keep those whose name contains one of them."""
    found = Lineup()
    for module in MODULES:
        try:
            contestants = import_module(f"contestants.{module}").CONTESTANTS
        except ImportError as error:
            found.missing[module] = str(error)
            continue
        for one in contestants:
            if names is None or any(name.casefold() in one.name.casefold() for name in names):
                (found.readers if isinstance(one, WireContestant) else found.builders).append(one)
    _check_names(found)
    return found


def _check_names(found: Lineup) -> None:
    for group in (found.builders, found.readers):
        names = [one.name for one in group]
        if len(names) != len(set(names)):
            raise ValueError(f"two contestants of one name would share a row of the results: {sorted(names)}")
