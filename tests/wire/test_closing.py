"""Each source is closed once, by the method that it has, even if another one raises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from streamjson._wire.closing import aclose_all, close_all


class Closable:
    def __init__(self, *names: str, error: Exception | None = None, awaitable: bool = False) -> None:
        self.calls: list[str] = []
        self.error = error
        self.awaitable = awaitable
        for name in names:
            setattr(self, name, lambda name=name: self.call(name))

    def call(self, name: str) -> Awaitable[None] | None:
        self.calls.append(name)
        if self.error is not None:
            raise self.error
        return asyncio.sleep(0) if self.awaitable else None


@pytest.mark.parametrize(
    ("names", "called", "called_async"),
    [
        ((), [], []),
        (("close",), ["close"], ["close"]),
        (("aclose", "close"), ["close"], ["aclose"]),
        (("close", "release"), ["close"], ["close"]),
        (("release",), [], ["release"]),
    ],
)
@pytest.mark.parametrize("awaitable", [False, True])
def test_source_is_closed_by_the_method_that_it_has(
    names: tuple[str, ...], called: list[str], called_async: list[str], *, awaitable: bool
) -> None:
    source = Closable(*names)
    close_all(source, source)
    assert source.calls == called
    source = Closable(*names, awaitable=awaitable)
    asyncio.run(aclose_all(source, source))
    assert source.calls == called_async


def test_all_sources_are_closed_even_if_one_raises() -> None:
    first, second, third = (
        Closable("close", error=OSError("first")),
        Closable("close", error=OSError("second")),
        Closable("close"),
    )
    with pytest.raises(OSError, match="first"):
        close_all(first, second, third)
    with pytest.raises(OSError, match="first"):
        asyncio.run(aclose_all(first, second, third))
    assert [len(source.calls) for source in (first, second, third)] == [2, 2, 2]
