"""Store a log of several answers in SQLite, and report its bad events: python log_to_sqlite.py URL DATABASE."""

import json
import sqlite3
import sys
from contextlib import closing

import httpx2

import streamjson as sj

TABLES = """
create table if not exists answer (id integer primary key, span text, document text, problem text);
create table if not exists bad_event (answer integer references answer, event text, code text, problem text);
"""


def store(stream: sj.SnapshotStream, database: sqlite3.Connection) -> None:
    problem = None
    try:
        stream.final()
    except sj.StreamJSONError as error:  # of the sender, or of the log; the part received is stored anyway
        problem = error.message
    value = stream.snapshot.value
    row = (stream.snapshot.span_id, None if value is sj.MISSING else json.dumps(value), problem)
    answer = database.execute("insert into answer (span, document, problem) values (?, ?, ?)", row).lastrowid
    bad = [(answer, str(event), error.code, error.message) for event, error in stream.skipped + stream.ignored]
    database.executemany("insert into bad_event values (?, ?, ?, ?)", bad)  # at most the last 100 of each
    count = stream.skipped_count + stream.ignored_count
    print(f"answer {answer}: {problem or 'whole'}, {count} bad events", file=sys.stderr)


if __name__ == "__main__":
    with closing(sqlite3.connect(sys.argv[2])) as database, httpx2.stream("GET", sys.argv[1], timeout=60) as response:
        database.executescript(TABLES)
        for events in sj.split_streams(sj.decode_sse(response.raise_for_status().iter_bytes())):
            with database:  # one transaction for each answer
                store(sj.assemble(events, on_invalid="skip", require_done=True), database)
