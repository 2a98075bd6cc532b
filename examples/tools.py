"""Run each tool as soon as its arguments are whole, while the model still answers: python tools.py MODEL_URL PORT."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any, TypedDict

import httpx2
import uvicorn
from fastapi import FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent

import streamjson as sj

Trip = TypedDict("Trip", {"city": str, "nights": int})  # noqa: UP013  # a class is four lines
app = FastAPI()
TOOLS: dict[str, Any] = {  # each a coroutine function of its arguments
    "book_trip": lambda trip: asyncio.sleep(0, f"booked {trip['nights']} nights in {trip['city']}"),
    "send_card": lambda card: asyncio.sleep(0, f"sent to {card['to']}"),
}


async def answer(out: asyncio.Queue[ServerSentEvent | None]) -> None:
    async def run(call: sj.Call[Any]) -> None:
        out.put_nowait(ServerSentEvent(event=str(call.name), data=await TOOLS[str(call.name)](call.value)))

    try:
        client = httpx2.AsyncClient(timeout=60)
        async with asyncio.TaskGroup() as tools, client, client.stream("GET", sys.argv[1]) as response:
            parts = sj.assemble_parts(sj.decode_sse(response.raise_for_status().aiter_bytes()), require_done=True)
            parts.on_call(None, lambda call: tools.create_task(run(call)), into={"book_trip": Trip})
            async for text in parts.text():
                out.put_nowait(ServerSentEvent(event="text", data=text))
    except* (sj.StreamJSONError, httpx2.HTTPError) as errors:
        out.put_nowait(ServerSentEvent(event="failed", data=str(errors.exceptions[0])))
    out.put_nowait(None)


@app.get("/answer", response_class=EventSourceResponse)
async def show() -> AsyncIterator[ServerSentEvent]:
    out: asyncio.Queue[ServerSentEvent | None] = asyncio.Queue()
    task = asyncio.create_task(answer(out))
    try:
        while (event := await out.get()) is not None:
            yield event
    finally:  # also if the browser leaves
        task.cancel()


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]))
