"""What `import streamjson` gives, and what it does not pull in."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.resources
import re
import subprocess
import sys
from pathlib import Path

import pytest

import streamjson

# What is inside of the document, and how patterns and types are followed, is nobody's business.
INSIDE = {
    "_annotations", "_body", "_checkpoint", "_chunks", "_closing", "_digests", "_document", "_draft", "_envelope",
    "_fields", "_foreign", "_intake", "_log", "_matcher", "_matching", "_pattern", "_places", "_progress", "_pull",
    "_strict", "_structure", "_tasks", "_tree", "_values", "_versions",
}  # fmt: skip
MODULES = sorted(path.stem for path in Path(str(streamjson.__file__)).parent.glob("_[a-z]*.py"))
PUBLIC = [name for name in MODULES if name not in INSIDE]


def test_the_root_exports_all_that_the_public_modules_do() -> None:
    names = [name for module in PUBLIC for name in importlib.import_module(f"streamjson.{module}").__all__]
    assert len(names) == len(set(names))
    assert sorted(streamjson.__all__) == sorted(names)


def test_the_exported_names_are_there_sorted_and_the_modules_own() -> None:
    assert len(streamjson.__all__) == len(set(streamjson.__all__))
    for module in PUBLIC:
        for name in importlib.import_module(f"streamjson.{module}").__all__:
            assert getattr(streamjson, name) is getattr(importlib.import_module(f"streamjson.{module}"), name)


@pytest.mark.parametrize("module", MODULES)
def test_each_module_says_what_it_exports_and_what_it_is(module: str) -> None:
    loaded = importlib.import_module(f"streamjson.{module}")
    assert loaded.__doc__
    assert sorted(set(loaded.__all__)) == sorted(loaded.__all__)
    assert all(hasattr(loaded, name) for name in loaded.__all__)


def test_no_other_name_is_public() -> None:
    names = {name for name in vars(streamjson) if not name.startswith("_")}
    modules = {"annotations", "cli"}  # `streamjson.cli` is imported by name
    assert names - modules == set(streamjson.__all__)


@pytest.mark.parametrize("name", [name for name in streamjson.__all__ if name not in {"JSONValue", "End"}])
def test_what_is_public_is_named_after_the_package_and_documented(name: str) -> None:
    thing = getattr(streamjson, name)
    assert thing.__module__ == "streamjson"
    assert thing.__doc__


def test_the_version_is_that_of_the_distribution() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", streamjson.__version__)
    try:
        installed = importlib.metadata.version("streamjson-assembler")
    except importlib.metadata.PackageNotFoundError:  # run from the source tree
        pytest.skip("streamjson-assembler is not installed")
    assert streamjson.__version__ == installed


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_it_loads_nothing_heavy() -> None:
    loaded = loaded_by("import streamjson")
    assert "streamjson._document" in loaded
    forbidden = {
        "asyncio", "cattrs", "httpx", "httpx2", "jsonpath_ng", "logging", "msgspec", "pydantic", "rich", "socket", "ssl"
    }  # fmt: skip
    assert not {name.partition(".")[0] for name in loaded} & forbidden


def test_what_few_use_is_loaded_when_they_do() -> None:
    few = {f"streamjson.{module}" for module in ("_structure", "_strict", "_draft", "_fields", "_annotations")}
    assert not few & loaded_by("import streamjson")


def test_it_depends_on_attrs_alone_beside_the_standard_library() -> None:
    roots = {name.partition(".")[0] for name in loaded_by("import streamjson")}
    assert roots - set(sys.stdlib_module_names) <= {"streamjson", "attr", "attrs"}


def test_its_types_ship_with_it() -> None:
    assert importlib.resources.files("streamjson").joinpath("py.typed").is_file()
