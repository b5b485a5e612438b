"""A page in a real browser that a test can click, type in and read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
KEYS = {
    "Enter": (13, "\r"),
    " ": (32, " "),
    "Tab": (9, ""),
    "Escape": (27, ""),
    "End": (35, ""),
    "Home": (36, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
}
_LONGEST = 60.0


def find_browser() -> str | None:
    """Path of a browser, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def opened(profile: Path) -> Iterator[Browser]:
    """A browser for the tests of a module, which are skipped where there is none."""
    program = find_browser()
    if program is None:
        pytest.skip(f"no browser found: none of {', '.join(NAMES)} is installed")
    browser = Browser(program, profile)
    try:
        yield browser
    finally:
        browser.close()


class Browser:
    """A browser without a window, driven over the pipe of its DevTools protocol."""

    def __init__(self, program: str, profile: Path):
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        # The protocol is spoken on the file numbers 3 and 4.
        command = (
            f'exec "$0" --headless=new --no-sandbox --disable-gpu '
            f"--disable-dev-shm-usage --remote-debugging-pipe "
            f'--user-data-dir="{profile}" about:blank '
            f"3<&{to_browser} 4>&{from_browser}"
        )
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", command, program],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._rest = b""
        self._number = 0
        self._session = None
        self.events: list[dict] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for part in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{part}.enable")

    def close(self) -> None:
        self._session = None
        try:
            self.ask("Browser.close")
        finally:
            self._process.wait(timeout=20)
            os.close(self._write)
            os.close(self._read)

    def _message(self) -> dict:
        while b"\0" not in self._rest:
            piece = os.read(self._read, 1 << 20)
            if not piece:
                msg = "The browser ended."
                raise RuntimeError(msg)
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        return json.loads(text)

    def ask(self, method: str, **params):
        """Send one command and wait for its answer; events are kept."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            asked["sessionId"] = self._session
        os.write(self._write, json.dumps(asked).encode() + b"\0")
        while True:
            told = self._message()
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]
            if "method" in told:
                self.events.append(told)

    def run(self, script: str):
        """Value of a script on the page, whose policy does not apply to it."""
        told = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def wait(self, script: str):
        """Wait until a script gives something true, and give it."""
        end = time.monotonic() + _LONGEST
        while not (found := self.run(script)):
            assert time.monotonic() < end, script
            time.sleep(0.05)
        return found

    def open(self, path: Path, width: int = 1280, height: int = 900) -> None:
        """Open a file; pixels are those of the given window."""
        self.events.clear()
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.ask("Page.navigate", url=path.as_uri())
        self.wait(
            "document.readyState === 'complete' && location.protocol === 'file:' "
            "&& [...document.images].every((image) => image.complete)"
        )

    def press(self, key: str, times: int = 1) -> None:
        """Press a key as a person does."""
        code, text = KEYS[key]
        for _ in range(times):
            both = {"key": key, "code": key, "windowsVirtualKeyCode": code}
            self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **both)
            self.ask("Input.dispatchKeyEvent", type="keyUp", **both)

    def type(self, text: str) -> None:
        self.ask("Input.insertText", text=text)

    def move(self, x: float, y: float) -> None:
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def complaints(self) -> list[str]:
        """Errors and warnings since the page was opened."""
        return [
            json.dumps(one["params"])
            for one in self.events
            if one["method"]
            in {"Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"}
        ]

    def saved(self, folder: Path, script: str, name: str) -> bytes:
        """What a click saves in a folder as a file of this name."""
        self.ask(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder)
        )
        self.run(script)
        end, path = time.monotonic() + _LONGEST, folder / name
        while not path.is_file():
            assert time.monotonic() < end, name
            time.sleep(0.05)
        return path.read_bytes()

    def outside(self) -> list[str]:
        """What was asked for beyond the page and the files that it carries."""
        asked = [
            one["params"]["request"]["url"]
            for one in self.events
            if one["method"] == "Network.requestWillBeSent"
        ]
        return [one for one in asked if not one.startswith(("data:", "file:"))]
