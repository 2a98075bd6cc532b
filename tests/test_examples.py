"""Every example runs: in README.md and docs/, in the docstrings of the installed package, and in examples/*.py.

In Markdown, the examples are the ```python blocks, plain or with `>>>` prompts.
The blocks of a document share their names from top to bottom, as if a reader typed them.
Code that a reader need not see stands in `<!-- invisible-code-block: python` ... `-->`.
No example can be skipped.
"""

from __future__ import annotations

import subprocess
import sys
from doctest import ELLIPSIS
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers import markdown, rest

import streamjson

ROOT = Path(__file__).parent.parent
PACKAGE = Path(streamjson.__file__).parent

SYBIL = Sybil(
    parsers=[markdown.PythonCodeBlockParser(doctest_optionflags=ELLIPSIS)],
    patterns=["*.md"],
)
DOCSTRING_SYBIL = Sybil(
    parsers=[rest.DocTestParser(ELLIPSIS)],
    patterns=["*.py"],
    document_types={".py": PythonDocStringDocument},
)


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE.parent if path.is_relative_to(PACKAGE) else ROOT).as_posix()


@pytest.fixture(autouse=True)
def in_root(monkeypatch):
    """Examples use paths relative to the top of the repository."""
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))], ids=relative)
def test_markdown_examples_run(path):
    for example in SYBIL.parse(path).examples():
        example.evaluate()


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("**/*.py")), ids=relative)
def test_docstring_examples_run(path):
    for example in DOCSTRING_SYBIL.parse(path).examples():
        example.evaluate()


# These need a server; tests/test_programs.py runs them against one.
PROGRAMS = {ROOT / "examples" / name for name in ("log_to_sqlite.py", "proxy.py", "resume.py", "tools.py")}


@pytest.mark.parametrize("path", sorted({*ROOT.glob("examples/*.py")} - PROGRAMS), ids=relative)
def test_example_scripts_run(path):
    subprocess.run([sys.executable, "-W", "error", path], check=True, stdout=subprocess.DEVNULL)
