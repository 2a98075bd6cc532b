"""Drives an emitter with a stream: from snapshots or parts to the bytes of a response.

    stream -> next, or the pace, or a keep-alive -> emitter -> bytes

While the stream is quiet, what the emitter held back is sent when it is due, and a keep-alive now and then. When the
reader of the bytes goes, the stream is closed, and its source with it: a model without a reader costs money.

The client sees the text of a failure only if the sender of the stream has reported it (`StreamFailedError`); of any
other exception it sees a code, and the exception is logged, or given to a callback.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
)
from contextlib import suppress
from typing import Any, Final, NamedTuple, Self, overload

from .._errors import StreamJSONError, StreamTruncatedError, shorten
from .._parts import AsyncPartSnapshots, AsyncPartStream, Part, PartSnapshots, PartStream
from .._streams import AsyncSnapshotStream, SnapshotStream
from .._view import Snapshot, StreamFailedError
from .._wire import aclose_all, close_all
from .emitter import Emitter

__all__ = ["frames"]

_LOGGER: Final = logging.getLogger("streamjson.emit")
_BROKE_OFF: Final = "the answer broke off"
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
    the iterator is asynchronous if it is. It closes the stream when it ends, and when it is closed; of the snapshots of
    one part, the answer. A server closes only an asynchronous iterator at once when its client goes.

    After `keep_alive_s` seconds of silence a keep-alive is sent, and what the pace held back when it is due; both only
    if the stream is asynchronous. Instead of logging an exception of the stream, `on_error` is called with it. If the
    protocol can't say that it failed, the iterator raises it, so that the server breaks the connection off.

    >>> import streamjson as sj
    >>> out = sj.emit.Text()
    >>> b"".join(sj.emit.frames(sj.assemble(sj.disassemble({"title": "Lisbon"})), out))
    b'{"title":"Lisbon"}'
    """
    if not isinstance(out, Emitter):
        given_out = f"the class {out.__name__}" if isinstance(out, type) else shorten(out)
        raise TypeError(f"out is an emitter, such as Patch(), not {given_out}")
    if keep_alive_s <= 0:
        raise ValueError(f"keep_alive_s is a time in seconds, more than 0, not {shorten(keep_alive_s)}")
    report = _log if on_error is None else on_error
    given = stream  # type checkers narrow it
    if isinstance(given, AsyncIterable):
        return _AsyncFrames(_frames_async(stream, out, keep_alive_s, report), _whole(stream))
    if isinstance(given, Iterable):
        return _Frames(_frames(stream, out, report), _whole(stream))
    raise TypeError(f"stream is what assemble returns, or an iterable of snapshots, not {shorten(stream)}")


def _whole(stream: object) -> object:
    """Return what has the source: the stream, or the answer that it shows a part of."""
    return stream.answer if isinstance(stream, PartSnapshots | AsyncPartSnapshots) else stream


def _log(error: Exception) -> None:
    _LOGGER.error("the stream to a client failed", exc_info=error)


def _fail(out: Emitter, error: Exception, report: Callable[[Exception], object]) -> bytes:
    """Return the failure as the client sees it. Raises the error if the protocol can't say it."""
    shown: StreamJSONError | str = _BROKE_OFF
    if isinstance(error, StreamFailedError):
        shown = error
    elif isinstance(error, StreamJSONError):
        shown = StreamJSONError(_BROKE_OFF, code=error.code)
    sent = out.fail(shown)
    try:
        report(error)
    except Exception as failed:  # noqa: BLE001  # the client must still be told
        _log(failed)
    if not out.says_failure:
        raise error
    return sent


def _end(out: Emitter, stream: object, latest: Any) -> bytes:
    """Return the end of a stream. Raises an error if it is not whole and the client does not learn it."""
    sent = out.close(_whole_of(stream, latest))
    if out.failure is not None and not out.says_failure:
        message, code = out.failure
        raise StreamJSONError(message, code=code)
    return sent


def _whole_of(stream: object, latest: Any) -> Any:
    """Return what the client gets at the end. Raises an error if it is not whole."""
    if isinstance(stream, PartStream | AsyncPartStream):
        return stream
    if isinstance(stream, PartSnapshots | AsyncPartSnapshots):
        return stream.begun()
    if latest is None and isinstance(stream, SnapshotStream | AsyncSnapshotStream):
        latest = stream.snapshot  # it was read before
    if isinstance(latest, Snapshot) and not latest.complete:
        raise StreamTruncatedError("the stream ended, and its last snapshot is not complete", code="no_done")
    return latest


class _Frames:
    """The iterator over a synchronous stream. It closes the stream also if it was never advanced."""

    def __init__(self, frames: Generator[bytes], stream: object) -> None:
        self._frames = frames
        self._stream = stream

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._frames)

    def close(self) -> None:
        """Stop, and close the stream."""
        self._frames.close()
        close_all(self._stream)


def _frames(stream: Iterable[Any], out: Emitter, report: Callable[[Exception], object]) -> Generator[bytes]:
    try:
        latest: Any = None
        try:
            yield from _sent(out.open())
            for latest in stream:
                yield from _sent(out.update(latest))
            last = _end(out, stream, latest)
        except Exception as error:  # noqa: BLE001  # reported
            last = _fail(out, error, report)
        yield from _sent(last)
    finally:
        close_all(_whole(stream))


def _sent(piece: bytes) -> tuple[bytes, ...]:
    return (piece,) if piece else ()


class _AsyncFrames:
    """The iterator over an asynchronous stream. It is closed when the task that reads it has failed or was cancelled.

    A server cancels the task of a client that has gone. If that task was sending a piece, nothing runs here
    that could notice it, and a generator alone would stay open until Python collects it.
    """

    def __init__(self, frames: AsyncGenerator[bytes], stream: object) -> None:
        self._frames = frames
        self._stream = stream
        self._reader: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        reader = asyncio.current_task()
        if reader is not self._reader and reader is not None:
            self._reader, self._loop = reader, reader.get_loop()
            reader.add_done_callback(self._reader_ended)
        return await anext(self._frames)

    async def aclose(self) -> None:
        """Stop, and close the stream."""
        await self._frames.aclose()
        await aclose_all(self._stream)  # if nothing was read

    def close(self) -> None:
        """Close it soon, from any thread: Django calls this at the end of a response, and knows no other way."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: _in_background(self._stop()))

    def _reader_ended(self, reader: asyncio.Task[Any]) -> None:
        if reader is self._reader and (reader.cancelled() or reader.exception() is not None):
            _ = _in_background(self._stop())

    async def _stop(self) -> None:
        with suppress(RuntimeError):  # it is being closed, by the end of the event loop
            await self.aclose()


_CLOSING: Final[set[asyncio.Task[None]]] = set()
"""Tasks that close; the event loop alone would not keep them."""


def _in_background(closing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(closing)
    _CLOSING.add(task)
    task.add_done_callback(_CLOSING.discard)
    return task


async def _frames_async(
    stream: AsyncIterable[Any], out: Emitter, keep_alive_s: float, report: Callable[[Exception], object]
) -> AsyncGenerator[bytes]:
    arrived: asyncio.Queue[Any] = asyncio.Queue(maxsize=1)
    reading = asyncio.create_task(_read(stream, arrived))
    now = asyncio.get_running_loop().time
    latest: Any = None
    try:
        try:
            piece, before = out.open(), None
            quiet_until = now() + keep_alive_s
            while True:
                if piece:
                    yield piece
                    quiet_until = now() + keep_alive_s
                due_s, quiet_s = out.due_s, max(quiet_until - now(), 0)
                is_due = due_s is not None and due_s <= quiet_s
                before = latest
                try:
                    # Not `wait_for`: until Python 3.12 it loses a cancellation that comes together with an item.
                    async with asyncio.timeout(due_s if is_due else quiet_s):
                        latest = await arrived.get()
                except TimeoutError:
                    piece = out.update(latest) if is_due else out.keep_alive
                    continue
                if latest is None:
                    break
                if isinstance(latest, _Raised):
                    raise latest.error  # noqa: TRY301  # reported with what the emitter raises
                piece = out.update(latest)
            last = _end(out, stream, before)
        except Exception as error:  # noqa: BLE001  # reported
            last = _fail(out, error, report)
        if last:
            yield last
    finally:
        # In a task of its own: a server may cancel each wait of the one whose client has gone.
        await asyncio.shield(_in_background(_release(reading, _whole(stream))))


class _Raised(NamedTuple):
    error: Exception


async def _read(stream: AsyncIterable[Any], arrived: asyncio.Queue[Any]) -> None:
    """Read the stream, one item ahead, and close it; None stands for its end.

    All in one task: the connection of a client of HTTP can't be closed by another task than the one that reads it.
    """
    try:
        async for growing in stream:
            await arrived.put(growing)
        await arrived.put(None)
    except asyncio.CancelledError as error:
        task: Any = asyncio.current_task()
        if task.cancelling():
            raise
        cancelled = RuntimeError("the source of the stream was cancelled")  # from outside: the client must know
        cancelled.__cause__ = error
        await arrived.put(_Raised(cancelled))
    except Exception as error:  # noqa: BLE001  # raised where it is reported
        await arrived.put(_Raised(error))
    finally:
        await aclose_all(_whole(stream))


async def _release(reading: asyncio.Task[None], stream: object) -> None:
    reading.cancel()
    with suppress(Exception, asyncio.CancelledError):
        await reading
    await aclose_all(stream)  # if it was never read
