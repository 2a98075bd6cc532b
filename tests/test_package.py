"""The names that `import streamjson` provides, and the modules that it does not load."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.resources
import re
import subprocess
import sys
from pathlib import Path

import pytest

import streamjson

ROOT = Path(str(streamjson.__file__)).parent
PACKAGES = sorted(path.parent.name for path in ROOT.glob("_*/__init__.py"))
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in ROOT.rglob("*.py")
    if path.relative_to(ROOT).parts[0] not in {"cli", "__init__.py", "__main__.py"} and path.name != "__init__.py"
)


@pytest.mark.parametrize("module", [*PACKAGES, *MODULES])
def test_each_module_has_all_and_a_docstring(module: str) -> None:
    loaded = importlib.import_module(f"streamjson.{module}")
    assert loaded.__doc__
    assert sorted(set(loaded.__all__)) == sorted(loaded.__all__)
    assert all(hasattr(loaded, name) for name in loaded.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_package_exports_names_of_its_modules(package: str) -> None:
    face = importlib.import_module(f"streamjson.{package}")
    modules = [importlib.import_module(f"streamjson.{name}") for name in MODULES if name.startswith(f"{package}.")]
    exported = {name for module in modules for name in module.__all__}
    assert set(face.__all__) <= exported


def test_names_of_the_root_are_sorted() -> None:
    assert streamjson.__all__ == [
        *sorted(name for name in streamjson.__all__ if name.isupper()),
        *sorted(name for name in streamjson.__all__ if not name.isupper()),
    ]


def test_no_other_name_is_public() -> None:
    assert set(streamjson.__all__) <= set(dir(streamjson))
    assert streamjson.PartStream is not None  # imported when it is used, with its neighbours
    names = {name for name in vars(streamjson) if not name.startswith("_")}
    # `streamjson.cli` is imported by name, and `emit` and `http` are attributes when they were used.
    modules = {"annotations", "cli", "emit", "http", "Any", "TYPE_CHECKING"}
    assert names - modules == set(streamjson.__all__)


@pytest.mark.parametrize("name", [name for name in streamjson.__all__ if name not in {"JSONValue", "End"}])
def test_public_names_belong_to_the_package_and_are_documented(name: str) -> None:
    thing = getattr(streamjson, name)
    assert thing.__module__ == "streamjson"
    assert thing.__doc__


def test_version_is_that_of_the_distribution() -> None:
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


def test_import_loads_nothing_heavy() -> None:
    loaded = loaded_by("import streamjson")
    assert "streamjson._document.document" in loaded
    forbidden = {
        "asyncio", "cattrs", "httpx", "httpx2", "jsonpath_ng", "logging", "msgspec", "pydantic", "rich", "socket", "ssl"
    }  # fmt: skip
    assert not {name.partition(".")[0] for name in loaded} & forbidden


def test_import_does_not_load_typed_results() -> None:
    assert not [name for name in loaded_by("import streamjson") if name.startswith("streamjson._typed")]


def test_import_needs_only_attrs_and_the_standard_library() -> None:
    roots = {name.partition(".")[0] for name in loaded_by("import streamjson")}
    assert roots - set(sys.stdlib_module_names) <= {"streamjson", "attr", "attrs"}


def test_py_typed_ships_with_the_package() -> None:
    assert importlib.resources.files("streamjson").joinpath("py.typed").is_file()


def test_few_private_attributes_are_touched_from_outside() -> None:
    """Ruff refuses all others; INVARIANTS.md, rule 8, gives the reason for each."""
    sources = ROOT.rglob("*.py")
    assert sum(source.read_text(encoding="utf-8").count("noqa: SLF001") for source in sources) <= 15


def test_modules_and_functions_are_short() -> None:
    """At most 450 lines for a module, and 60 for a function."""
    for source in ROOT.rglob("*.py"):
        text = source.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 450, source
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno < 60, f"{source}: {node.name}"
