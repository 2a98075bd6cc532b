"""The programs of examples/ that need a server, run in their own processes against a server on loopback."""

from __future__ import annotations

import itertools
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx2
import pytest

import streamjson as sj
from loopback import TIMEOUT_S, Exchange, serving
from programs import EXAMPLES, running, started

pytestmark = pytest.mark.slow

TRIP = json.loads((EXAMPLES / "expected/trip.json").read_text("utf-8"))
PEOPLE = json.loads((EXAMPLES / "expected/people.json").read_text("utf-8"))


def body(name: str) -> bytes:
    return (EXAMPLES / name).read_bytes()


BLOCKS = [block + b"\n\n" for block in body("trip.sse").split(b"\n\n") if block]


def run(program: str, *arguments: object) -> tuple[str, str]:
    """Run a program to its end; return its output and its errors."""
    with started(program, *arguments) as process:
        output, errors = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0, errors
    return output, errors


def answers(*pieces: bytes) -> Callable[[Exchange], Any]:
    async def respond(exchange: Exchange) -> None:
        await exchange.start()
        for piece in pieces:
            await exchange.send(piece)

    return respond


@pytest.mark.parametrize("name", ["proxy.py", "resume.py", "log_to_sqlite.py"])
def test_program_has_fewer_than_40_lines(name):
    assert len((EXAMPLES / name).read_text("utf-8").splitlines()) < 40


# ---------------------------------------------------------------------------------------------------------------------
# proxy.py


@contextmanager
def proxy(model_url: str, output: list[str] | None = None) -> Iterator[str]:
    """Run the proxy and yield the address of its trip."""
    with running("proxy.py", model_url, output) as address:
        yield f"{address}/trip"


def parts_of(url: str) -> list[tuple[str, Any]]:
    with httpx2.stream("GET", url) as response:
        events = list(sj.decode_sse(response.raise_for_status().iter_bytes()))
    return [(event.event, json.loads(event.data)) for event in events]


def parts(trip: Any) -> list[tuple[str, Any]]:
    return [
        ("title", {"path": "title", "value": trip["title"]}),
        ("budget.total", {"path": "budget.total", "value": trip["budget"]["total"]}),
        *(("days[*]", {"path": f"days[{number}]", "value": day}) for number, day in enumerate(trip["days"])),
        ("end", {}),
    ]


def test_proxy_forwards_parts_of_several_kinds():
    with serving(answers(body("trip.sse"))) as url, proxy(url) as address:
        assert parts_of(address) == parts(TRIP)
        assert parts_of(address) == parts(TRIP)


def test_proxy_disconnects_from_the_model_with_the_browser():
    """The model is silent after the title. The browser has received the title, and disconnects."""
    was_disconnected = threading.Event()

    async def respond(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.send(b"".join(BLOCKS[:15]))
        await exchange.left()
        was_disconnected.set()

    with serving(respond) as url, proxy(url) as address:
        with httpx2.stream("GET", address) as response:
            events = sj.decode_sse(response.iter_bytes())  # kept, because it disconnects when it is collected
            assert next(events).event == "title"
            assert not was_disconnected.is_set()
        assert was_disconnected.wait(TIMEOUT_S)


def test_proxy_reports_an_invalid_part_and_forwards_the_others():
    trip = {"title": "Porto", "budget": {"total": 5}, "days": [{"date": "1"}, {"date": "2", "title": "Two"}]}
    events = [*map(sj.encode_sse, sj.disassemble(trip)), b"data: [DONE]\n\n"]
    printed: list[str] = []
    with serving(answers(*events)) as url, proxy(url, printed) as address:
        found = parts_of(address)
    assert found == [part for part in parts(trip) if part[1] != {"path": "days[0]", "value": {"date": "1"}}]
    assert "days[0] does not fit Day: title: is missing" in printed[0]


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (b"", "without [DONE]"),
        (b'data: {"error": {"message": "overloaded"}}\n\n', "overloaded"),
        (b"data: {", "incomplete"),
        (b"<html>502 Bad Gateway</html>\n", "502 Bad Gateway"),
    ],
    ids=["a cut", "an error event", "a cut event", "an error page"],
)
def test_proxy_notifies_the_browser_of_a_broken_answer(rest: bytes, reason: str):
    async def respond(exchange: Exchange) -> None:
        await exchange.start(chunked=rest == b"data: {")
        await exchange.send(b"".join(BLOCKS[:40]) + rest)

    printed: list[str] = []
    with serving(respond) as url, proxy(url, printed) as address:
        events = parts_of(address)
    assert events[0] == parts(TRIP)[0]
    assert events[-1] == ("failed", {"message": "the model's answer broke off"})
    assert reason in printed[0]


def test_proxy_reports_a_refusal_of_the_model():
    async def respond(exchange: Exchange) -> None:
        await exchange.start(401)

    with serving(respond) as url, proxy(url) as address:
        assert httpx2.get(address).status_code == 500


# ---------------------------------------------------------------------------------------------------------------------
# resume.py


class Cutting:
    """Sends some old and 100 new events on each connection and then cuts it, every other time inside the body."""

    def __init__(self) -> None:
        self.asked_after: list[int] = []

    async def respond(self, exchange: Exchange) -> None:
        at = int(exchange.headers.get("last-event-id", 0))
        self.asked_after.append(at)
        await exchange.start(chunked=len(self.asked_after) % 2 == 0)
        await exchange.send(b"retry: 1\n\n")
        for block in BLOCKS[max(0, at - 3) : at + 100]:
            await exchange.send(block)


def test_answer_over_many_connections_is_printed_whole(tmp_path):
    server = Cutting()
    with serving(server.respond) as url:
        output, errors = run("resume.py", url, tmp_path / "saved")
        again, _ = run("resume.py", url, tmp_path / "saved")
    assert json.loads(output) == json.loads(again) == TRIP
    assert server.asked_after == list(range(0, len(BLOCKS), 100))
    assert "incomplete" in errors


def test_killed_run_is_resumed_by_the_next(tmp_path):
    """The second connection stays silent: its request proves that the first one was saved."""
    is_second = threading.Event()
    server, numbers = Cutting(), itertools.count(1)

    async def respond(exchange: Exchange) -> None:
        if next(numbers) != 2:
            return await server.respond(exchange)
        is_second.set()
        await exchange.start()
        return await exchange.left()

    with serving(respond) as url:
        with started("resume.py", url, tmp_path / "saved") as process:
            assert is_second.wait(TIMEOUT_S)
            process.kill()
        assert [file.name for file in tmp_path.iterdir()] == ["saved"]
        output, _ = run("resume.py", url, tmp_path / "saved")
    assert json.loads(output) == TRIP
    assert server.asked_after == list(range(0, len(BLOCKS), 100))


# ---------------------------------------------------------------------------------------------------------------------
# log_to_sqlite.py


def test_log_of_several_streams_is_stored_with_its_bad_events(tmp_path):
    bad = [b'data: {"delta": {}, "json_path": "title"}\n\n', b"data: {no json\n\n"]
    log = [body("people.sse"), body("error.sse"), *BLOCKS[:20], *bad, *BLOCKS[20:], body("cut.sse")]
    with serving(answers(*log)) as url:
        _, errors = run("log_to_sqlite.py", url, tmp_path / "log.db")
    with closing(sqlite3.connect(tmp_path / "log.db")) as database:
        rows = database.execute("select document, problem from answer order by id").fetchall()
        bad_rows = database.execute("select answer, code from bad_event order by rowid").fetchall()
    expected = {name: json.loads((EXAMPLES / f"expected/{name}.json").read_text("utf-8")) for name in ("error", "cut")}
    assert [json.loads(document) for document, _ in rows] == [PEOPLE, expected["error"], TRIP, expected["cut"]]
    assert [problem is None for _, problem in rows] == [True, False, True, False]
    assert bad_rows == [(3, "type_conflict"), (3, "bad_json")]
    assert [line.partition(":")[0] for line in errors.splitlines()] == [f"answer {number}" for number in range(1, 5)]
    assert "answer 3: whole, 2 bad events" in errors


def test_log_cut_between_events_is_not_stored_as_whole(tmp_path):
    with serving(answers(body("people.sse"), *BLOCKS[:-1])) as url:
        _, errors = run("log_to_sqlite.py", url, tmp_path / "log.db")
    with closing(sqlite3.connect(tmp_path / "log.db")) as database:
        rows = database.execute("select id, problem from answer order by id").fetchall()
    assert rows == [(1, None), (2, "the source ended without [DONE]")]
    assert "answer 2: the source ended without [DONE], 0 bad events" in errors
