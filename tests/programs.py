"""Runs the programs of examples/ in their own processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loopback import TIMEOUT_S

EXAMPLES = Path(__file__).parent.parent / "examples"


@contextmanager
def started(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "error", EXAMPLES / program, *map(str, arguments)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def running(program: str, model_url: str, output: list[str] | None = None) -> Iterator[str]:
    """Run a server and yield its address; append its output to `output` at the end."""
    with started(program, model_url, 0) as process:
        assert process.stderr is not None
        address = next(found for line in process.stderr if (found := re.search(r"running on (http:\S+)", line)))
        yield address[1]
        process.terminate()
        printed, _ = process.communicate(timeout=TIMEOUT_S)
        if output is not None:
            output.append(printed)
