"""Pass on parts of a trip plan, each validated when the model has finished it: python proxy.py MODEL_URL PORT."""

import sys
from collections.abc import AsyncIterator
from typing import Annotated, TypedDict

import httpx2
import uvicorn
from fastapi import Depends, FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent

import streamjson as sj

Day = TypedDict("Day", {"date": str, "title": str})  # noqa: UP013  # a class is four lines
app = FastAPI()


async def ask_model() -> AsyncIterator[sj.AsyncSnapshotStream]:  # FastAPI closes it, also if the browser leaves
    async with httpx2.AsyncClient(timeout=60) as client, client.stream("GET", sys.argv[1]) as response:
        response.raise_for_status()
        async with sj.assemble(sj.decode_sse(response.aiter_bytes()), require_done=True, on_misfit=print) as stream:
            yield stream


@app.get("/trip", response_class=EventSourceResponse)
async def trip(stream: Annotated[sj.AsyncSnapshotStream, Depends(ask_model)]) -> AsyncIterator[ServerSentEvent]:
    try:
        async for part in stream.completions(into={"title": str, "budget.total": float, "days[*]": Day}):
            value = None if part.gone else part.value  # the sender may remove a finished value
            yield ServerSentEvent(event=part.pattern, data={"path": str(part.path), "value": value})
        yield ServerSentEvent(event="end", data={})  # the browser closes its EventSource, which would ask again
    except (sj.StreamJSONError, httpx2.HTTPError) as error:  # too late for another status
        print(error)
        yield ServerSentEvent(event="failed", data={"message": "the model's answer broke off"})


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]))
