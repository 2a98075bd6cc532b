"""The objects that readers receive: snapshots, changes and completions, each a document and a version of it."""

from __future__ import annotations

from .change import Change, MatchedChange, brief, change_at, changes_between, make_change
from .completion import Completion, Structurer, structurer_of
from .failure import StreamFailedError, no_deltas, sender_failed, started_over
from .finished import (
    finished_by,
    is_settled,
    is_there,
    lost,
    reopen,
    reported_at,
    returned_at,
    take_up,
    unfinished,
    was_given,
    was_reported,
)
from .selection import Along, postorder, preorder
from .snapshot import OF_LAST_EVENT, UNREAD, End, Match, Snapshot

__all__ = [
    "OF_LAST_EVENT",
    "UNREAD",
    "Along",
    "Change",
    "Completion",
    "End",
    "Match",
    "MatchedChange",
    "Snapshot",
    "StreamFailedError",
    "Structurer",
    "brief",
    "change_at",
    "changes_between",
    "finished_by",
    "is_settled",
    "is_there",
    "lost",
    "make_change",
    "no_deltas",
    "postorder",
    "preorder",
    "reopen",
    "reported_at",
    "returned_at",
    "sender_failed",
    "started_over",
    "structurer_of",
    "take_up",
    "unfinished",
    "was_given",
    "was_reported",
]
