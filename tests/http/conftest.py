"""The servers of a module stop with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from origin import stop_idle


@pytest.fixture(autouse=True, scope="module")
def _stop_servers() -> Iterator[None]:
    yield
    stop_idle()
