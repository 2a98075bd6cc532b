"""The fuzz targets without a fuzzer: they accept the corpus and random bytes, and fail if the library is wrong."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from figures import Figures, Finding, table
from seeds import seeds
from source import Source, text_of
from streamjson import Change, Snapshot, StreamJSONError, _json
from streamjson._dialects import adapters as _adapters
from streamjson._document.admission import Admission
from streamjson._document.document import Document
from streamjson._parts import part_state as _part_state
from streamjson._parts.providers import anthropic as _anthropic
from streamjson._paths import parser as _parser, path as _path, pattern as _pattern
from streamjson._resume import checkpoint as _checkpoint
from streamjson._session.session import Session
from streamjson._text import grammar as _grammar
from streamjson._view import snapshot as _snapshot
from streamjson._wire import decoder as _decoder, event as _event
from targets import TARGETS

pytestmark = pytest.mark.slow

FUZZ = Path(__file__).parent / "fuzz"
CORPUS = {name: sorted((FUZZ / "corpus" / name).iterdir()) for name in TARGETS}


def runner() -> Any:
    """Return the module of the command, loaded by path because benchmarks/ also has a module `run`."""
    spec = importlib.util.spec_from_file_location("fuzz_run", FUZZ / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


run = runner()

each_target = pytest.mark.parametrize("name", TARGETS)


# ---------------------------------------------------------------------------------------------------------------------
# the targets hold


@pytest.mark.parametrize(
    ("name", "file"), [pytest.param(name, file, id=f"{name}-{file.name}") for name in TARGETS for file in CORPUS[name]]
)
def test_target_accepts_its_corpus(name: str, file: Path) -> None:
    TARGETS[name](file.read_bytes())


@st.composite
def mutated(draw: st.DrawFn, name: str) -> bytes:
    """Return a file of the corpus with a few pieces replaced, removed or inserted."""
    data = draw(st.sampled_from(CORPUS[name])).read_bytes()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(start + 4, len(data))))
        data = data[:start] + draw(st.binary(max_size=4)) + data[end:]
    return data


@each_target
@given(st.data())
def test_target_accepts_any_bytes(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(st.binary(max_size=200) | mutated(name)))


@each_target
def test_corpus_is_small_and_contains_the_seeds(name: str) -> None:
    written = {file.name: file.read_bytes() for file in CORPUS[name]}
    made = seeds().get(name, {})
    assert {title: written.get(title) for title in made} == made
    assert len(made) <= 70
    assert len(written) <= 200
    assert max(map(len, written.values())) < 2048


# ---------------------------------------------------------------------------------------------------------------------
# a target must fail if the library is wrong

Break = Callable[[pytest.MonkeyPatch], None]


def replaced(owner: object, name: str, make: Callable[[Any], Any]) -> Break:
    """Return a function that replaces an attribute by `make(original)`."""
    return lambda patch: patch.setattr(owner, name, make(getattr(owner, name)))


def nothing(_original: Any) -> Callable[..., None]:
    return lambda *_args, **_options: None


def raising(error: Exception) -> Callable[[Any], Callable[..., Any]]:
    def fail(*_args: Any, **_options: Any) -> Any:
        raise error

    return lambda _original: fail


def recoded(original: Any) -> Any:
    """Give the error a code that is not in the table."""

    def fail(self: Any, code: str, at: int) -> Any:
        try:
            original(self, code, at)
        except StreamJSONError as error:
            error.code = "new"
            raise

    return fail


BREAKS: dict[str, tuple[str, type[Exception], Break]] = {
    "bytes are not UTF-8": (
        "decoder", AssertionError, replaced(_decoder.SSEDecoder, "_text", lambda _: lambda _self, data: str(data)),
    ),
    "retry is not read": ("decoder", AssertionError, replaced(_decoder.SSEDecoder, "_read_retry", nothing)),
    "a line break cut in two is not joined": (
        "decoder", AssertionError, replaced(_decoder.SSEDecoder, "_skip", lambda _: lambda _self, piece: piece),
    ),
    "an id has no limit": (
        "decoder", AssertionError,
        replaced(_decoder.SSEDecoder, "_read_id", lambda _: lambda self, value: setattr(self, "_id", value.decode())),
    ),
    "the decoder raises an undocumented error": (
        "decoder", UnicodeError, replaced(_decoder.SSEDecoder, "_dispatch", raising(UnicodeError())),
    ),
    "an escape has another meaning": ("path", AssertionError, lambda patch: patch.setitem(_parser._ESCAPES, "n", "n")),
    "an index may be larger": ("path", AssertionError, replaced(_parser, "MAX_INDEX", lambda _: 2**80)),
    "a quoted name is written unquoted": ("path", AssertionError, replaced(_path, "_quote", lambda _: str)),
    "a plain path has no limits": (
        "path", AssertionError, replaced(_path, "_is_within", lambda _: lambda *_args: True),
    ),
    "a path error has an undocumented code": ("path", AssertionError, replaced(_parser.PathReader, "fail", recoded)),
    "the path parser raises an undocumented error": (
        "path", IndexError, replaced(_parser.PathReader, "bracket", raising(IndexError())),
    ),
    "nesting of text is not checked": ("chunk", AssertionError, replaced(_json, "_check_nesting", nothing)),
    "digits are not counted": (
        "chunk", AssertionError,
        replaced(_json, "_digit_counting_decoder", lambda _: lambda *_args: _json._DECODER),
    ),
    "the JSON decoder raises an undocumented error": (
        "chunk", RecursionError, replaced(_adapters, "decode_json", raising(RecursionError())),
    ),
    "a camel case name is not read": (
        "chunk", AssertionError, lambda patch: patch.setitem(_event.OTHER_SPELLING, "json_path", "json_path"),
    ),
    "a pending half is not repaired": (
        "assembler", AssertionError, replaced(Document, "_repair", lambda _: lambda self, *_but: self.version),
    ),
    "limits are not enforced": ("assembler", AssertionError, replaced(Admission, "check", nothing)),
    "limits are enforced too early": (
        "assembler", AssertionError,
        replaced(Admission, "check", lambda original: lambda self, limit, met: original(self, limit, met + 1)),
    ),
    "ids are not recorded": ("assembler", AssertionError, replaced(Session, "record", nothing)),
    "an equal string is set again": (
        "assembler", AssertionError, replaced(Document, "_is_equal", lambda _: lambda *_args: False),
    ),
    "a string that is set is appended": (
        "assembler", AssertionError, replaced(Document, "set_value", lambda _: Document.apply),
    ),
    "changes are omitted": (
        "assembler", AssertionError, replaced(Snapshot, "changes_since", lambda _: lambda _self, _since: ()),
    ),
    "a value belongs to another version": (
        "assembler", AssertionError,
        replaced(_snapshot, "value_at", lambda original: lambda document, _version: original(document, 1)),
    ),
    "nothing is finished before the end": (
        "assembler", AssertionError, replaced(Snapshot, "is_complete", lambda _: lambda _self, _path: False),
    ),
    "a change has no chunks": ("assembler", AssertionError, replaced(Change, "to_chunks", lambda _: lambda _self: [])),
    "the document raises an undocumented error": (
        "assembler", KeyError, replaced(Document, "set_at", raising(KeyError())),
    ),
    "a checkpoint is not checked": (
        "checkpoint", AttributeError, replaced(_checkpoint, "_slot", lambda _: lambda _document, _steps: (None, None)),
    ),
    "the open string is forgotten": (
        "checkpoint", AssertionError,
        replaced(_checkpoint, "_steps", lambda original: lambda document, node, key: original(document, node, key)[:1]),
    ),
    "an event of a provider raises an error that is not documented": (
        "parts", KeyError, replaced(_anthropic.Anthropic, "_grow", raising(KeyError())),
    ),
    "every document is taken for whole": (
        "parts", AssertionError, replaced(_part_state.PartState, "is_whole", lambda _: property(lambda _: True)),
    ),
    "an escape of a text has another meaning": (
        "text", AssertionError, lambda patch: patch.setitem(_grammar._UNESCAPED, "n", "n"),
    ),
    "a number that is cut may begin with zeros": (
        "text", AssertionError, lambda patch: patch.setitem(_grammar.NUMBER_STATES["zero"], "1", "int"),
    ),
    "matches are in another order": (
        "pattern", AssertionError,
        replaced(_snapshot, "select", lambda original: lambda *args: reversed(list(original(*args)))),
    ),
    "a pattern misses a match": (
        "pattern", AssertionError,
        replaced(_snapshot, "select", lambda original: lambda *args: list(original(*args))[1:]),
    ),
    "a pattern may have more bytes": (
        "pattern", AssertionError, replaced(_pattern, "fitting_chars", lambda _: lambda text, _bytes: len(text)),
    ),
    "a number is not checked": (
        "pattern", AssertionError, replaced(_pattern._Lexer, "number", lambda _: lambda _self, _at, _word: 0),
    ),
    "the pattern parser raises an undocumented error": (
        "pattern", KeyError, replaced(_pattern._Lexer, "mark", raising(KeyError())),
    ),
}  # fmt: skip


@each_target
def test_each_target_has_a_case_in_which_it_fails(name: str) -> None:
    assert name in {broken for broken, _, _ in BREAKS.values()}


@pytest.fixture
def empty_caches() -> Any:
    """Clear the caches before, and afterwards what the broken code has cached."""
    for forget in (_path._known.clear, _pattern._remembered.cache_clear):
        forget()
    yield
    for forget in (_path._known.clear, _pattern._remembered.cache_clear):
        forget()


@pytest.mark.usefixtures("empty_caches")
@pytest.mark.parametrize(("name", "error", "break_it"), BREAKS.values(), ids=BREAKS)
def test_target_fails_if_the_library_is_wrong(
    name: str, error: type[Exception], break_it: Break, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it(monkeypatch)
    failures: list[BaseException] = []
    for file in CORPUS[name]:
        try:
            TARGETS[name](file.read_bytes())
        except Exception as failure:  # noqa: BLE001  # asserted below
            failures.append(failure)
    assert error in map(type, failures)


# ---------------------------------------------------------------------------------------------------------------------
# from the bytes of an input to choices and text


def test_source_returns_its_bytes_and_then_zeros() -> None:
    source = Source(b"\x01\x02abc")
    assert (source.byte(), source.choice("xyz"), source.take(2), source.rest()) == (1, "z", b"ab", b"c")
    assert source.is_empty
    assert (source.byte(), source.choice("xyz"), source.take(2), source.rest()) == (0, "x", b"", b"")


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"a", "a"), ("é".encode(), "é"), (b"\xed\xa0\xbd", "\ud83d"), (b"\xff\xe9", "\udcff\udce9"), (b"", "")],
)
def test_any_bytes_are_a_text(data: bytes, text: str) -> None:
    assert text_of(data) == text


# ---------------------------------------------------------------------------------------------------------------------
# the command

LOG = """\
INFO: Running with entropic power schedule (0xFF, 100).
#2\tINITED cov: 12 ft: 12 corp: 1/1b exec/s: 0 rss: 40Mb
#19958\tNEW    cov: 1781 ft: 6496 corp: 613/4147b lim: 11 exec/s: 1663 rss: 65Mb L: 11/11 MS: 1 InsertByte-
"""
DONE = "Done 20003 runs in 13 second(s)\nstat::number_of_executed_units: 20003\n"
CRASH = """\

 === Uncaught Python exception: ===
AssertionError: no
Traceback (most recent call last):
  File "/tmp/run/targets.py", line 12, in path
    check()
  File "/tmp/run/targets.py", line 7, in check
    assert False, "no"

==23431== ERROR: libFuzzer: fuzz target exited
SUMMARY: libFuzzer: fuzz target exited
artifact_prefix='/tmp/c/'; Test unit written to /tmp/c/crash-e0cd
stat::number_of_executed_units: 11
"""
TIMEOUT = """\
artifact_prefix='/tmp/c/'; Test unit written to /tmp/c/timeout-4b23
SUMMARY: libFuzzer: timeout
"""


def read(log: str) -> Figures:
    made = Figures("path", seconds=2.0)
    for line in log.splitlines():
        made.read(line)
    return made


def test_figures_are_parsed_from_the_output_of_the_fuzzer() -> None:
    assert read(LOG + DONE).row() == {
        "target": "path", "executions": 20003, "seconds": 2.0, "executions_per_second": 10002,
        "coverage": 1781, "features": 6496, "corpus": 613, "findings": [],
    }  # fmt: skip
    assert json.dumps(read("").row())
    assert Figures("path").per_second == 0


@pytest.mark.parametrize(
    ("log", "finding"),
    [
        pytest.param(
            LOG + CRASH, Finding("/tmp/c/crash-e0cd", "AssertionError: no (targets.py, line 7)"), id="an exception"
        ),
        pytest.param(LOG + TIMEOUT, Finding("/tmp/c/timeout-4b23", "timeout"), id="a hang"),
    ],
)
def test_finding_is_parsed_with_its_reason(log: str, finding: Finding) -> None:
    assert read(log).findings == [finding]


def test_table_has_a_line_for_each_target_and_a_total() -> None:
    lines = table([read(LOG + DONE), read(LOG + CRASH)]).splitlines()
    assert [line.split()[0] for line in lines] == ["target", "path", "path", "all"]
    assert lines[-1].split() == ["all", "20,014", "5,004", "1"]


def test_input_is_reproduced_without_the_fuzzer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"\0\0a.b")
    arguments = ["--target", "path", "--reproduce", str(file)]
    assert run.main(arguments) == 0
    assert capsys.readouterr().out == "no finding\n"

    monkeypatch.setattr(_parser.PathReader, "read", lambda _: 1 / 0)
    file.write_bytes(b"\0\0a[")
    assert run.main(arguments) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_command_reports_that_atheris_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "find_spec", lambda _: None)
    assert run.main(["--runs", "1"]) == 2
    assert "atheris is not installed" in capsys.readouterr().err


def test_options() -> None:
    options = run.options_of([])
    assert (options.target, options.minutes, options.runs) == (list(TARGETS), 5.0, None)
    options = run.options_of(["--runs", "7", "--target", "path", "chunk"])
    assert (options.target, options.minutes, options.runs) == (["path", "chunk"], None, 7)
    with pytest.raises(SystemExit):
        run.options_of(["--reproduce", "x"])


def test_targets_share_the_minutes() -> None:
    options = run.options_of(["--minutes", "5", "--target", "path", "chunk", "assembler"])
    assert [run.seconds_for(name, options) for name in options.target] == [60, 60, 180]
    assert run.seconds_for("path", run.options_of(["--minutes", "0.001", "--target", "path"])) == 1


ENGINE = """\
import sys
name, *flags = sys.argv[1:]
print("#5\\tNEW    cov: 7 ft: 8 corp: 2/9b lim: 4 exec/s: 1 rss: 1Mb")
prefix = next(flag for flag in flags if flag.startswith("-artifact_prefix=")).partition("=")[2]
if name == "path":
    open(prefix + "crash-1", "wb").close()
    print(f" === Uncaught Python exception: ===\\nKeyError: 1\\nTest unit written to {prefix}crash-1")
sys.exit({"path": 77, "chunk": 1}.get(name, 0))
"""


@pytest.fixture
def fake_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Replace the engine of atheris by one that fails for the target `path` and does not start for `chunk`."""
    (tmp_path / "engine.py").write_text(ENGINE, encoding="utf-8")
    for name, value in {"HERE": tmp_path, "FINDINGS": tmp_path / "findings", "find_spec": str}.items():
        monkeypatch.setattr(run, name, value)
    return tmp_path


def test_run_reports_findings_and_writes_figures(fake_engine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = fake_engine / "figures.json"
    assert run.main(["--target", "decoder", "--minutes", "1", "--json", str(written)]) == 0
    assert json.loads(written.read_text("utf-8"))["findings"] == 0

    assert run.main(["--target", "decoder", "path", "--runs", "5", "--json", str(written)]) == 1
    out = capsys.readouterr().out
    assert "path: KeyError: 1\n" in out
    assert f"--target path --reproduce {fake_engine}/findings/path/crash-1\n" in out
    figures = json.loads(written.read_text("utf-8"))
    assert (figures["executions"], figures["findings"], figures["runs"]) == (10, 1, 5)
    assert [one["coverage"] for one in figures["targets"]] == [7, 7]


def test_fuzzer_that_does_not_start_is_not_a_finding(fake_engine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--target", "chunk", "--runs", "5"]) == 2
    assert "the fuzzer ended with status 1" in capsys.readouterr().err
