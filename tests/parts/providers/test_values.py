"""Values that JavaScript has read from a JSON text."""

from __future__ import annotations

from typing import Any

import pytest

from streamjson._parts.providers.values import is_rounded


@pytest.mark.parametrize(
    ("exact", "value", "expected"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1, 2, False),
        (True, 1, False),
        ("a", "a", True),
        (None, None, True),
        (2**53 + 1, 2**53, True),
        (2**53 - 1, 2**53, False),
        (2**60 + 1, 2**60, True),
        (12345678901234567891, 12345678901234567000, True),
        (-12345678901234567891, -12345678901234567000, True),
        (12345678901234567891, 12345678901234590000, False),
        (10**25 + 1, 1e25, True),
        (10**400, 10**400 + 1, False),
        ({"a": [2**60 + 1]}, {"a": [2**60]}, True),
        ({"a": 1}, {"b": 1}, False),
        ([1], [1, 2], False),
        ([1], {"a": 1}, False),
    ],
)
def test_only_large_integers_may_differ(exact: Any, value: Any, expected: Any) -> None:
    assert is_rounded(exact, value) == expected
