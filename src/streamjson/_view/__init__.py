"""What a reader holds: snapshots, changes and completions, each a reference to the document and a version."""

from __future__ import annotations

from .change import Change, MatchedChange, brief, changes_between, make_change, prelude
from .completion import Completion, Structurer, structurer_of
from .failure import StreamFailedError
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
from .snapshot import UNREAD, End, Match, Snapshot

__all__ = [
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
    "changes_between",
    "finished_by",
    "is_settled",
    "is_there",
    "lost",
    "make_change",
    "postorder",
    "prelude",
    "preorder",
    "reopen",
    "reported_at",
    "returned_at",
    "structurer_of",
    "take_up",
    "unfinished",
    "was_given",
    "was_reported",
]
