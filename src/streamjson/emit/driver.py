"""Drives an emitter with a stream: from snapshots or parts to the bytes of a response.

    stream -> next, or the pace, or a keep-alive -> emitter -> bytes

While the stream is quiet, what the emitter held back is sent when it is due, and a keep-alive now and then. When the
reader of the bytes goes, the stream is closed, and its source with it: a model that nobody listens to costs money.

The client sees the text of a failure only if the sender of the stream has reported it (`StreamFailedError`); of any
other exception it sees a code, and the exception is logged, or given to a callback.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Final, overload

from .._errors import StreamJSONError, shorten
from .._parts import Part
from .._view import Snapshot, StreamFailedError
from .._wire import aclose_all, close_all
from .emitter import Emitter

__all__ = ["frames"]

_LOGGER: Final = logging.getLogger("streamjson.emit")
KEEP_ALIVE_S: Final = 15.0
"""Proxies close connections on which nothing happens, many of them after 30 or 60 s."""


@overload
def frames(
    stream: AsyncIterable[Snapshot] | AsyncIterable[Part],
    out: Emitter,
    *,
    keep_alive_s: float = KEEP_ALIVE_S,
    on_error: Callable[[Exception], object] | None = None,
) -> AsyncIterator[bytes]: ...
@overload
def frames(
    stream: Iterable[Snapshot] | Iterable[Part],
    out: Emitter,
    *,
    keep_alive_s: float = KEEP_ALIVE_S,
    on_error: Callable[[Exception], object] | None = None,
) -> Iterator[bytes]: ...
def frames(
    stream: Any,
    out: Emitter,
    *,
    keep_alive_s: float = KEEP_ALIVE_S,
    on_error: Callable[[Exception], object] | None = None,
) -> Any:
    """Return an iterator over the bytes of a response: a stream of snapshots or parts, as `out` sends them.

    `stream` is what `assemble`, `assemble_text` or `assemble_parts` returns, or an iterable of snapshots or parts;
    the iterator is asynchronous if it is. It closes the stream when it ends, and when it is closed.

    After `keep_alive_s` seconds of silence a keep-alive is sent, and what the pace held back when it is due; both only
    if the stream is asynchronous. Instead of logging an exception of the stream, `on_error` is called with it. If the
    protocol can't say that it failed, the iterator raises it, so that the server breaks the connection off.

    >>> import streamjson as sj
    >>> out = sj.emit.Text()
    >>> b"".join(sj.emit.frames(sj.assemble(sj.disassemble({"title": "Lisbon"})), out))
    b'{"title":"Lisbon"}'
    """
    if not isinstance(out, Emitter):
        raise TypeError(f"out is an emitter, such as Patch(), not {shorten(out)}")
    report = _log if on_error is None else on_error
    given = stream  # type checkers narrow it
    if isinstance(given, AsyncIterable):
        return _frames_async(stream, out, keep_alive_s, report)
    if isinstance(given, Iterable):
        return _frames(stream, out, report)
    raise TypeError(f"stream is what assemble returns, or an iterable of snapshots, not {shorten(stream)}")


def _log(error: Exception) -> None:
    _LOGGER.error("the stream to a client failed", exc_info=error)


def _fail(out: Emitter, error: Exception, report: Callable[[Exception], object]) -> bytes:
    """Return the failure as the client sees it. Raises the error if the protocol can't say it."""
    report(error)
    shown: StreamJSONError = StreamFailedError("the answer broke off", code="error")
    if isinstance(error, StreamFailedError):
        shown = error
    elif isinstance(error, StreamJSONError):
        shown.code = error.code
    sent = out.fail(shown)
    if not out.says_failure:
        raise error
    return sent


def _frames(stream: Iterable[Any], out: Emitter, report: Callable[[Exception], object]) -> Iterator[bytes]:
    try:
        try:
            yield from _sent(out.open())
            for growing in stream:
                yield from _sent(out.update(growing))
            last = out.close()
        except Exception as error:  # noqa: BLE001  # reported
            last = _fail(out, error, report)
        yield from _sent(last)
    finally:
        close_all(stream)


def _sent(piece: bytes) -> tuple[bytes, ...]:
    return (piece,) if piece else ()


async def _frames_async(
    stream: AsyncIterable[Any], out: Emitter, keep_alive_s: float, report: Callable[[Exception], object]
) -> AsyncIterator[bytes]:
    iterator = aiter(stream)
    reading: asyncio.Task[Any] | None = None
    latest: Any = None
    try:
        try:
            opening = out.open()
            if opening:
                yield opening
            while True:
                if reading is None:
                    reading = asyncio.ensure_future(_next(iterator))
                due_s = out.due_s
                wait_s = keep_alive_s if due_s is None else min(due_s, keep_alive_s)
                done, _ = await asyncio.wait({reading}, timeout=wait_s)
                if done:
                    growing, reading = reading.result(), None
                    if growing is None:
                        break
                    latest = growing
                    piece = out.update(latest)
                else:
                    piece = out.keep_alive if due_s is None or due_s > keep_alive_s else out.update(latest)
                if piece:
                    yield piece
            last = out.close()
        except Exception as error:  # noqa: BLE001  # reported
            last = _fail(out, error, report)
        if last:
            yield last
    finally:
        # In a task of its own: a server may cancel each wait of the one that serves a client that has gone.
        await asyncio.shield(asyncio.ensure_future(_release(reading, iterator, stream)))


async def _next(iterator: AsyncIterator[Any]) -> Any:
    """Return the next item; None at the end: a task can't raise `StopAsyncIteration`."""
    return await anext(iterator, None)


async def _release(reading: asyncio.Task[Any] | None, *sources: object) -> None:
    if reading is not None:
        reading.cancel()
        with suppress(Exception, asyncio.CancelledError):
            await reading
    await aclose_all(*sources)
