"""The command reads a URL from a real server, as curl would ask for it, and continues a stream that breaks."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from origin import Origin, Reply, log_of, refuses, sends, stop_idle
from test_cli import run

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def _stop_servers() -> Iterator[None]:
    yield
    stop_idle()


DOCUMENT = {"city": "Lisbon", "nights": 3}
LOG = log_of(DOCUMENT)


def command(url: str, *arguments: str, name: str = "assemble", **options: Any) -> tuple[int, str, str]:
    """Run the command; return its exit code and what it printed. The port of the server is shown as 0."""
    result = run(name, url, *arguments, **options)
    reported = result.stderr.decode().replace(url, "URL")
    return result.returncode, result.stdout.decode(), reported


def test_document_of_a_url_is_printed_with_its_state() -> None:
    with Origin([sends(LOG)]).running() as url:
        code, printed, reported = command(url)
    assert (code, json.loads(printed)) == (0, DOCUMENT)
    assert re.fullmatch(r"streamjson: URL/: done, 4 events, 3 changes, \d+ bytes\n", reported)


def test_stream_that_breaks_is_continued() -> None:
    origin = Origin([sends(LOG, cut=120, before=b"retry: 0\n\n"), sends(LOG, again=1)])
    with origin.running() as url:
        code, printed, reported = command(url, "--require-done")
    assert (code, json.loads(printed), len(origin.hits)) == (0, DOCUMENT, 2)
    assert reported.startswith("streamjson: warning: the connection of GET URL/ broke: RemoteProtocolError")
    assert re.search(r"\(after id 'e2'\); asking again after 0\.[12] s\n", reported)


def test_answer_of_a_model_is_asked_for_by_post_once() -> None:
    chunk = {"choices": [{"delta": {"content": "Hello"}, "finish_reason": "stop"}]}
    origin = Origin([sends([f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()])])
    with origin.running() as url:
        code, printed, _ = command(
            f"{url}/v1?key=secret-key",
            "-H",
            "Authorization: Bearer sk-12345678",
            "-H",
            "x-a:1",
            "-d",
            '{"stream": true}',
        )
    assert (code, json.loads(printed)[0]["value"]) == (0, "Hello")
    (hit,) = origin.hits
    assert (hit.method, hit.query, hit.body) == ("POST", {"key": "secret-key"}, b'{"stream": true}')
    sent = {name: hit.headers[name] for name in ("authorization", "x-a", "content-type")}
    assert sent == {"authorization": "Bearer sk-12345678", "x-a": "1", "content-type": "application/json"}


def test_headers_and_bodies_of_files_and_of_standard_input(tmp_path: Path) -> None:
    headers, data = tmp_path / "headers.txt", tmp_path / "data.json"
    headers.write_text("X-One: 1\n\nX-Two: a: b\n")
    data.write_text('{\n"a": 1\n}\n')
    origin = Origin([sends(LOG)])
    with origin.running() as url:
        assert command(url, "-H", f"@{headers}", "-d", f"@{data}")[0] == 0
        assert command(url, "-d", "a=1", "-d", "b=2")[0] == 0
        assert command(url, "-d", "@-", stdin=b"[1]")[0] == 0
        assert command(url, "-d", "[1]", "-H", "Content-Type: text/x")[0] == 0
    assert [(hit.body, hit.headers["content-type"]) for hit in origin.hits] == [
        (b'{"a": 1}', "application/json"),
        (b"a=1&b=2", "application/x-www-form-urlencoded"),
        (b"[1]", "application/json"),
        (b"[1]", "text/x"),
    ]
    assert (origin.hits[0].headers["x-one"], origin.hits[0].headers["x-two"]) == ("1", "a: b")


def test_fields_and_data_that_are_not_ascii(tmp_path: Path) -> None:
    """A field may stand there twice, and a file may have any bytes."""
    headers = tmp_path / "headers.txt"
    headers.write_bytes(b"X-Latin: \xe9\n")
    origin = Origin([sends(LOG)])
    with origin.running() as url:
        assert command(url, "-H", f"@{headers}", "-H", "X-A: 1", "-H", "x-a: 2", "-d", "\udcff")[0] == 0
    assert (origin.hits[0].body, origin.hits[0].headers["x-latin"]) == (b"\xff", "\udce9")


def test_log_of_several_documents_is_read_to_its_end() -> None:
    origin = Origin([sends([*LOG, *LOG], ids_from_start=True)])
    with origin.running() as url:
        code, printed, _ = command(url, "--all")
    assert (code, [json.loads(line) for line in printed.splitlines()]) == (0, [DOCUMENT] * 2)


def test_size_limits_are_lifted_for_a_url_too() -> None:
    big = log_of({"a": "x" * (17 * 1024 * 1024)}, piece_chars=1 << 30)
    with Origin([sends(big, piece_bytes=1 << 20)]).running() as url:
        assert "--no-size-limit lifts it" in command(url, "--resume", "never")[2]
        assert command(url, "--no-size-limit", "--resume", "never")[0] == 0


def test_json_lines_of_a_url() -> None:
    lines = "".join(json.dumps({"delta": piece, "json_path": "a"}) + "\n" for piece in ("Lis", "bon"))
    with Origin([refuses(200, lines.encode(), "application/x-ndjson")]).running() as url:
        code, printed, _ = command(url, "--compact")
    assert (code, printed) == (0, '{"a":"Lisbon"}\n')


@pytest.mark.parametrize(
    ("reply", "code", "reported"),
    [
        (
            refuses(401, b"who is sk-12345678?"),
            1,
            "streamjson: error: GET URL/ was answered with 401 Unauthorized; the body begins 'who is ***?'",
        ),
        (
            refuses(200, b"<html>", "text/html"),
            1,
            (
                "streamjson: error: GET URL/ was answered with text/html, which is neither an event stream nor JSON"
                " lines; the body begins '<html>'"
            ),
        ),
        (
            refuses(204, b""),
            1,
            "streamjson: error: URL/: the stream contained no document (0 events, 0 changes, 0 bytes)",
        ),
    ],
    ids=["401", "HTML", "204"],
)
def test_answer_that_is_no_stream(reply: Reply, code: int, reported: str) -> None:
    with Origin([reply]).running() as url:
        result = command(url, "-H", "x-key: sk-12345678")
    assert result == (code, "", f"{reported}\n")


def test_what_came_before_a_break_is_printed() -> None:
    origin = Origin([sends(LOG, cut=120), sends(LOG)])
    with origin.running() as url:
        code, printed, reported = command(url, "--resume", "never")
    assert (code, json.loads(printed)["city"], len(origin.hits)) == (1, "Lisbon", 1)
    assert reported.startswith("streamjson: error: the connection of GET URL/ broke: RemoteProtocolError: ")
    assert reported.endswith("(after id 'e2')\n")


MISTAKES = {
    "no such server": (["http://127.0.0.1:9/x"], 1, "the connection of GET http://127.0.0.1:9/x broke"),
    "a URL that is wrong": (
        ["http://u:p@a:8x/?key=k"],
        2,
        "error: http://a:8x/: the URL is not valid: Invalid port: '8x'",
    ),
    "a header for a file": (["trip.sse", "-H", "a: b"], 2, "error: -H is for a URL, not for a file"),
    "a body for a file": (["trip.sse", "-d", "a"], 2, "error: -d is for a URL, not for a file"),
    "a way for a file": (["-", "--resume", "never"], 2, "error: --resume is for a URL, not for a file"),
    "a way that is wrong": (["http://a", "--resume", "x"], 2, "argument --resume: invalid choice: 'x'"),
    "text of a URL": (["http://a", "--from", "text"], 2, "run curl -N http://a | streamjson assemble - --from text"),
    "a file of data that is not there": (["http://a", "-d", "@/none"], 2, "error: /none: No such file or directory"),
    "a header without a colon": (
        ["http://a", "-H", "abc"],
        2,
        "error: -H is a line like 'Name: value': line 1 has no colon",
    ),
}


@pytest.mark.parametrize(("arguments", "code", "reported"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_one_line(arguments: list[str], code: int, reported: str) -> None:
    result = run("assemble", *arguments, "--resume", "never") if code == 1 else run("assemble", *arguments)
    assert (result.returncode, result.stdout) == (code, b"")
    assert reported in result.stderr.decode().splitlines()[-1]


def test_library_that_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "httpx2.py").write_text("raise ImportError")
    (tmp_path / "httpx.py").write_text("raise ImportError")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    result = run("assemble", "http://127.0.0.1:9", env={"PYTHONPATH": path})
    assert result.returncode == 2
    assert (
        result.stderr == b"streamjson: error: a URL needs the extra `http`: pip install 'streamjson-assembler[http]'\n"
    )
