"""Print an answer over as many connections, and runs, as it takes: python resume.py URL CHECKPOINT_FILE."""

import json
import sys
import time
from base64 import b64decode, b64encode
from pathlib import Path

import httpx2

import streamjson as sj


def save(path: Path, *parts: sj.Assembler | sj.ReplayFilter) -> None:
    path.with_suffix(".new").write_bytes(b"\n".join(b64encode(part.checkpoint()) for part in parts))
    path.with_suffix(".new").replace(path)  # all or nothing, even if the program is killed


if __name__ == "__main__":
    url, path, decoder = sys.argv[1], Path(sys.argv[2]), sj.SSEDecoder()
    saved = [b64decode(part) for part in path.read_bytes().split()] if path.exists() else []
    assembler = sj.Assembler.restore(saved[0]) if saved else sj.Assembler()
    replays = sj.ReplayFilter.restore(saved[1]) if saved else sj.ReplayFilter()
    while assembler.end != "done":
        assembler.reopen()  # an end between two events, without [DONE], is a cut too
        replays.reconnected()
        headers = {"Last-Event-ID": assembler.last_event_id.encode()} if assembler.last_event_id else {}
        try:
            with httpx2.stream("GET", url, headers=headers, timeout=60) as response:
                events = sj.decode_sse(response.raise_for_status().iter_bytes(), decoder=decoder)
                for snapshot in sj.assemble(events, assembler=assembler, replays=replays):
                    if snapshot.version % 100 == 0:  # not each time: the cost is linear in the document
                        save(path, assembler, replays)
        except (sj.StreamTruncatedError, httpx2.TransportError) as error:
            print(error, file=sys.stderr)
        save(path, assembler, replays)
        if assembler.end != "done":
            time.sleep((decoder.retry_ms or 1000) / 1000)
    print(json.dumps(assembler.snapshot().value))
