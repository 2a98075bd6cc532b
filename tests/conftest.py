"""What all tests share: how many examples a property runs, and which streamjson is tested.

A profile is chosen by `pytest --hypothesis-profile=NAME`, or by `HYPOTHESIS_PROFILE=NAME`:

- `standard`: 100 examples each; what `make test` runs.
- `thorough`: 5,000 examples each; `make properties`.
- `quick`: 30 examples each, the same at every run; for questions that properties don't answer, such as `make coverage`.

`pytest --without-fast` runs everything as if msgspec, the extra `fast`, were not installed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings

import streamjson
from streamjson._json import quick_decoder

COMMON = settings(
    deadline=None,  # a wall clock says nothing on a busy machine
    print_blob=True,  # a failure elsewhere can be repeated here
    suppress_health_check=[HealthCheck.too_slow],  # the same clock
)
settings.register_profile("quick", COMMON, max_examples=30, derandomize=True)
settings.register_profile("standard", COMMON, max_examples=100)
settings.register_profile("thorough", COMMON, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "standard"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--without-fast", action="store_true", help="decode events without msgspec")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--without-fast"):
        with patch.dict(sys.modules, {"msgspec": None}):
            quick_decoder()  # is remembered


def pytest_report_header() -> str:
    decoder = quick_decoder()[0]
    return f"streamjson: {streamjson.__version__} in {Path(streamjson.__file__).parent}, events decoded by {decoder!r}"
