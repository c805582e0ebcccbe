"""A centre served as `kulla run` serves it, and Debian's Chromium before it."""

from __future__ import annotations

import base64
import hmac
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, sync_playwright

CHROMIUM: Final = "/usr/bin/chromium"
PATIENCE: Final = 120.0
"""Seconds in which whatever is waited for must have come, on a machine that does other things too."""
needs_chromium = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"no {CHROMIUM}: apt-get install chromium")


def environ() -> Mapping[str, str]:
    """Without what other tests, or whoever runs them, set for a centre."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("KULLA_", "DJANGO_", "DATABASE_"))}


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def found_centre(path: Path, *options: str) -> Mapping[str, Any]:
    """What `kulla init --json` tells of a new centre in `path/centre`."""
    command = [sys.executable, "-m", "kulla", "init", str(path / "centre"), "--name", "Qendra", "--no-tls", "--json",
               "--keys", str(path / "keys"), "--listen", f"127.0.0.1:{free_port()}", *options]  # fmt: skip
    done = subprocess.run(command, env=environ(), capture_output=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr.decode()
    told: Mapping[str, Any] = orjson.loads(done.stdout)
    return told


@contextmanager
def served(centre: Path, env: Mapping[str, str] | None = None) -> Iterator[None]:
    """`kulla run` of a centre, until the end of the block; what it printed is told when it does not start. env: more of
    its environment, such as DATABASE_URL."""
    command = [sys.executable, "-m", "kulla", "run", str(centre)]
    around = {**environ(), **(env or {})}
    with subprocess.Popen(command, env=around, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        said: list[str] = []
        ready = threading.Event()
        reader = threading.Thread(target=_listen, args=(run, said, ready), daemon=True)
        reader.start()
        try:
            assert ready.wait(PATIENCE), f"not ready after {PATIENCE:.0f} s:\n{''.join(said)}"
            assert any(line.startswith("ready") for line in said), "".join(said)
            yield
        finally:
            run.send_signal(signal.SIGINT)
            try:
                run.wait(30)
            finally:
                run.kill()
    reader.join(10)


def _listen(run: subprocess.Popen[str], said: list[str], ready: threading.Event) -> None:
    assert run.stdout is not None
    for line in run.stdout:
        said.append(line)
        if line.startswith("ready"):
            ready.set()
    ready.set()


def code(secret: str, at: float) -> str:
    """The one-time code of a secret at a time (RFC 6238: SHA-1, 30 s, 6 digits)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.digest(key, struct.pack(">Q", int(at) // 30), "sha1")
    number = int.from_bytes(mac[mac[-1] & 15 :][:4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def lasting(secret: str) -> str:
    """The code of now, when it lasts long enough to be typed and looked at by a slow machine."""
    while time.time() % 30 > 20:
        time.sleep(0.2)
    return code(secret, time.time())


def until(told: Callable[[], Any], what: str) -> Any:
    """What `told` gives once it gives something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = told()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what}: not after {PATIENCE:.0f} s")


@dataclass
class Visitor:
    """Somebody's browser. `wrong` are errors of its console (the content security policy reports there), requests that
    failed or went elsewhere, and answers of 500 and above: nothing may be in it."""

    context: BrowserContext
    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)
    secret: str = ""

    def go(self, path: str) -> int:
        """Open a page of the centre; its status."""
        answer = self.page.goto(self.address + path)
        return answer.status if answer else 0

    def press(self, *keys: str) -> None:
        """Keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def moved(self, act: Callable[[], Any]) -> None:
        """Do what leads to another page, and wait for it."""
        with self.page.expect_navigation(wait_until="load"):
            act()

    def send(self, **values: str) -> None:
        """Fill in fields by name and send their form."""
        name = ""
        for name, value in values.items():
            field = self.page.locator(f"main [name={name}]")
            if field.evaluate("each => each.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        form = self.page.locator("main form").filter(has=self.page.locator(f"[name={name}]"))
        self.moved(form.locator("button:not([type=button])").last.click)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. It runs as root in tests of a container, where its own sandbox does not."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def visitor(browser: Browser, address: str, **options: Any) -> Visitor:
    """A fresh browser window with its own cookies."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE * 500)
    page = context.new_page()
    made = Visitor(context, page, address)
    home = urlsplit(address).netloc

    def told(message: ConsoleMessage) -> None:
        if message.type == "error":
            made.wrong.append(f"{page.url}: {message.text}")

    def answered(answer: Response) -> None:
        if answer.status >= 500:
            made.wrong.append(f"{answer.url}: {answer.status}")

    def asked(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != home:
            made.wrong.append(f"{page.url}: asks {request.url}")

    page.on("console", told)
    page.on("pageerror", lambda error: made.wrong.append(f"{page.url}: {error}"))
    page.on("response", answered)
    page.on("request", asked)
    return made
