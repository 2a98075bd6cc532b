"""Settings of all tests: the number of examples per property, and the streamjson under test.

`pytest --hypothesis-profile=NAME` or `HYPOTHESIS_PROFILE=NAME` selects a profile:

- `standard`: 20 examples per property, other ones with each commit; `make test` uses it.
- `thorough`: 5,000 examples per property; `make properties` uses it.
- `quick`: 30 examples per property, the same in every run; for commands that ask something else, such as
  `make coverage`.

`pytest --without-fast` runs the tests as if msgspec, the extra `fast`, were not installed.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings

import streamjson
from streamjson._dialects.quick_chunks import quick_decoder

COMMON = settings(
    deadline=None,  # wall-clock time means nothing on a busy machine
    print_blob=True,  # a failure on another machine can be reproduced here
    suppress_health_check=[HealthCheck.too_slow],  # wall-clock time, too
)
settings.register_profile("quick", COMMON, max_examples=30, derandomize=True)
settings.register_profile("standard", COMMON, max_examples=20)
settings.register_profile("thorough", COMMON, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "standard"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--without-fast", action="store_true", help="decode events without msgspec")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--without-fast"):
        with patch.dict(sys.modules, {"msgspec": None}):
            quick_decoder()  # caches its choice


def pytest_collection_finish() -> None:
    """Hide the collected tests, a million objects, from the garbage collector: many tests call it or trigger it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def _hide_earlier_modules() -> None:
    """Hide what earlier modules left, such as the SDKs that they import: each collection would take 0.3 s."""
    gc.freeze()


def pytest_report_header() -> str:
    decoder = quick_decoder()[0]
    return f"streamjson: {streamjson.__version__} in {Path(streamjson.__file__).parent}, events decoded by {decoder!r}"
