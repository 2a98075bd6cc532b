"""The measurements in `tests/reliability/` run, and docs/reliability.md shows the latest results."""

from __future__ import annotations

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import scaling

pytestmark = pytest.mark.slow

# Loaded by path, because `benchmarks/` also has a module `run`.
SPEC = spec_from_file_location("reliability_run", Path(scaling.__file__).parent / "run.py")
run = module_from_spec(SPEC)
SPEC.loader.exec_module(run)


@pytest.mark.parametrize("power", [0, 1, 2])
def test_exponent_is_the_slope_of_the_logarithms(power):
    sizes = [1000, 2000, 4000, 8000]

    assert scaling.fitted(sizes, [3e-9 * size**power for size in sizes]) == pytest.approx(power)


@pytest.mark.parametrize("name", scaling.WORKS)
def test_each_work_can_be_measured(name):
    result = scaling.measure(name, quick=True, divisor=1000)

    assert len(result.sizes) == len(result.seconds) == scaling.SIZES


def test_page_shows_the_latest_results(tmp_path, monkeypatch):
    page = tmp_path / "reliability.md"
    committed = run.PAGE.read_text(encoding="utf-8")
    page.write_text(committed, encoding="utf-8")
    monkeypatch.setattr(run, "PAGE", page)
    results = json.loads(run.RESULTS.read_text(encoding="utf-8"))
    run.write_page(results)

    assert page.read_text(encoding="utf-8") == committed
    assert {row["attack"] for row in results["parts"]["attacks"]} <= set(run.hostile.ATTACKS)
    assert all(row["kept"] for rows in results["parts"].values() for row in rows)
