"""Write docs/errors.md from the table of error codes and the docstrings of the error classes: `make docs`."""

from __future__ import annotations

from inspect import cleandoc
from pathlib import Path

import streamjson as sj
from streamjson import _errors

PAGE = Path(__file__).with_name("errors.md")

HEAD = """\
# Every error and its code

Written by `make docs` from `streamjson/_errors.py`; a test compares the two.

Every error about the stream is a `StreamJSONError`. There is one class for each different reaction of a caller, and a
stable `code` for each cause:

```python
>>> import streamjson as sj
>>> try:
...     sj.Assembler().apply({"delta": 1, "json_path": "people[-1]"})
... except sj.StreamJSONError as error:
...     print(type(error).__name__, error.code, error.event_number)
InvalidPathError negative_index 1

```

`event_number` (from 1), `offset` (in bytes since the connection began) and `last_event_id` say where it happened; each
is None if it is not known. With `on_invalid="skip"`, an event that is rejected by an `InvalidEventError`, an
`InvalidPathError`, a `ConflictError` or a limit of one event is kept in `skipped`, and its error is not raised.
Exceptions of your HTTP client pass through unchanged.

```text
{tree}
```
"""


def page() -> str:
    """Return the text of the page."""
    tree = cleandoc((_errors.__doc__ or "").split("\n\n")[1])
    parts = [HEAD.replace("{tree}", tree)]
    for name, codes in _errors.TABLE.items():
        doc = cleandoc(getattr(sj, name).__doc__ or "")
        rows = "\n".join(f"| `{code}` | {meaning} |" for code, meaning in codes.items())
        parts.append(f"## {name}\n\n{doc}\n\n| code | what happened |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
