"""The objects that readers receive: snapshots, changes and completions, each a document and a version of it."""

from __future__ import annotations

from .change import Change, MatchedChange, brief, change_at, changes_between, make_change, matched_change
from .closings import closed_after_last, closed_before, revision_of
from .completion import Completion, Structurer, convert, structurer_of
from .failure import StreamFailedError, add_progress, no_deltas, sender_failed, started_over
from .finished import (
    finished_by,
    interleaved_since,
    is_settled,
    is_there,
    lost,
    reopen,
    reported_at,
    take_up,
    unfinished,
    was_given,
    was_reported,
)
from .selection import PatternCursor, postorder, preorder
from .snapshot import (
    OF_LAST_EVENT,
    UNREAD,
    End,
    Match,
    Snapshot,
    begin_after,
    closings_of,
    document_of,
    lineage_of,
    note_closings,
    open_path_of,
    to_json_patch,
)

__all__ = [
    "OF_LAST_EVENT",
    "UNREAD",
    "Change",
    "Completion",
    "End",
    "Match",
    "MatchedChange",
    "PatternCursor",
    "Snapshot",
    "StreamFailedError",
    "Structurer",
    "add_progress",
    "begin_after",
    "brief",
    "change_at",
    "changes_between",
    "closed_after_last",
    "closed_before",
    "closings_of",
    "convert",
    "document_of",
    "finished_by",
    "interleaved_since",
    "is_settled",
    "is_there",
    "lineage_of",
    "lost",
    "make_change",
    "matched_change",
    "no_deltas",
    "note_closings",
    "open_path_of",
    "postorder",
    "preorder",
    "reopen",
    "reported_at",
    "revision_of",
    "sender_failed",
    "started_over",
    "structurer_of",
    "take_up",
    "to_json_patch",
    "unfinished",
    "was_given",
    "was_reported",
]
