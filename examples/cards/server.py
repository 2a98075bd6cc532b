"""Cards and a form that fill in while a model answers: python server.py, or `make cards`.

The answer is read once, for any number of readers: `Answer` keeps its document. A page that was reloaded, or that lost
its connection, gets what it lacks. The model is a recording here; read the stream of a real one in `recorded`.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Header, Path as PathParameter
from fastapi.responses import FileResponse, StreamingResponse
from starlette.staticfiles import StaticFiles

import streamjson as sj

HERE = Path(__file__).parent
MAX_ANSWERS = 100

Events = AsyncIterator[sj.ServerSentEvent]
Name = Annotated[str, PathParameter(pattern=r"^[\w-]{1,40}$")]


async def recorded(seconds: float) -> Events:
    """Yield the events of a model that writes for so many seconds."""
    events = list(sj.decode_sse((HERE.parent / "trip.sse").read_bytes()))
    for event in events:
        await asyncio.sleep(seconds / len(events))
        yield event


class Answer:
    """An answer of the model: read by one task, watched by any number of pages."""

    def __init__(self, events: Events) -> None:
        self._stream = sj.assemble(events, require_done=True)
        self._changed = asyncio.Event()
        self._error: Exception | None = None
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for _ in self._stream:
                self._wake()
        except Exception as error:  # noqa: BLE001  # raised for each reader
            self._error = error
        finally:
            await self._stream.aclose()
            self._wake()

    def stop(self) -> None:
        """Stop reading the model. Readers get an error."""
        if not self._reading.done():
            self._error = RuntimeError("the answer was stopped")
            self._reading.cancel()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def snapshots(self) -> AsyncIterator[sj.Snapshot]:
        """Yield the document so far, and again when it has grown. Raises what the model's stream has raised."""
        is_over = False
        while not is_over:
            is_over, changed = self._reading.done(), self._changed
            yield self._stream.snapshot
            if not is_over:
                await changed.wait()
        if self._error is not None:
            raise self._error


def make_app(ask_model: Callable[[], Events]) -> FastAPI:
    """Return the application. Each trip of a new name asks the model once."""
    app = FastAPI()
    answers: dict[str, Answer] = {}

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(HERE / "page" / "index.html")

    @app.get("/trips/{name}")
    async def trip(name: Name, last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
        if name not in answers:
            if len(answers) == MAX_ANSWERS:
                answers.pop(next(iter(answers))).stop()
            answers[name] = Answer(ask_model())
        out = sj.emit.Chunks(name, last_event_id=last_event_id)
        return StreamingResponse(sj.emit.frames(answers[name].snapshots(), out), headers=out.headers)

    @app.delete("/trips/{name}")
    async def stop(name: Name) -> None:
        if name in answers:
            answers[name].stop()

    app.mount("/streamjson", StaticFiles(packages=[("streamjson", "browser")]))
    app.mount("/cards", StaticFiles(directory=HERE / "page"))
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Watch a trip plan fill in, in a browser.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--seconds", type=float, default=20, help="how long the model takes")
    options = parser.parse_args()
    print(f"Open http://127.0.0.1:{options.port} in a browser; reload it in the middle; stop with Ctrl-C.")
    uvicorn.run(
        make_app(lambda: recorded(options.seconds)),
        port=options.port,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
