"""Write the pictures of examples/cards: docs/cards-light.png and docs/cards-dark.png. `make screenshots` runs it.

Chromium opens the page while the model, a recording, has written half of the answer.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
PORT = 8999


def wait_for_server() -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", PORT)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not installed")
    command = [sys.executable, ROOT / "examples/cards/server.py", "--port", str(PORT), "--seconds", "8"]
    with subprocess.Popen(command) as server, sync_playwright() as playwright:
        try:
            wait_for_server()
            options = [
                "--no-sandbox",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ]
            browser = playwright.chromium.launch(executable_path=chromium, args=options)
            for scheme in ("light", "dark"):
                page = browser.new_page(color_scheme=scheme, viewport={"width": 1200, "height": 680})
                page.goto(f"http://127.0.0.1:{PORT}/")
                page.get_by_text("Torre dos Clérigos").wait_for()
                page.screenshot(path=ROOT / f"docs/cards-{scheme}.png", animations="disabled")
            browser.close()
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
