"""Print an answer over as many connections, and runs, as it takes: python resume.py URL CHECKPOINT_FILE."""

import json
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import streamjson as sj


def save(path: Path, *parts: sj.Assembler | sj.ReplayFilter) -> None:
    path.with_suffix(".new").write_bytes(b"\n".join(b64encode(part.checkpoint()) for part in parts))
    path.with_suffix(".new").replace(path)  # all or nothing, even if the program is killed


if __name__ == "__main__":
    url, path = sys.argv[1], Path(sys.argv[2])
    saved = [b64decode(part) for part in path.read_bytes().split()] if path.exists() else []
    assembler = sj.Assembler.restore(saved[0]) if saved else sj.Assembler()
    replays = sj.ReplayFilter.restore(saved[1]) if saved else sj.ReplayFilter()

    def note(error: sj.StreamJSONError, _: float) -> None:
        print(error, file=sys.stderr)
        save(path, assembler, replays)

    if assembler.end != "done":
        headers = {"Last-Event-ID": assembler.last_event_id} if assembler.last_event_id else {}
        events = sj.http.stream("GET", url, headers=headers, replays=replays, on_break=note)  # of the extra `http`
        for snapshot in sj.assemble(events, assembler=assembler, require_done=True):
            if snapshot.version % 100 == 0:  # not each time: the cost is linear in the document
                save(path, assembler, replays)
        save(path, assembler, replays)
    print(json.dumps(assembler.snapshot().value))
