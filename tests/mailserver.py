"""A real IMAP server (pymap) in a child process, and what its tests need: a certificate, a password, messages."""

from __future__ import annotations

import asyncio
import imaplib
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kulla.centre.running import certificate

USER, PASSWORD = "demouser", "demopass"


@dataclass
class Server:
    """`port` speaks STARTTLS, `tls` TLS from the first byte (a relay); `ca` is the certificate that both show."""

    port: int
    tls: int
    ca: Path

    def put(self, *messages: bytes, tls: bool = False) -> None:
        """Deliver messages into the inbox of the one that speaks STARTTLS, or of the other."""
        with signed_in(self, tls) as imap:
            for each in messages:
                state, said = imap.append("INBOX", "", "", each)
                assert state == "OK", said

    def unseen(self) -> int:
        """Messages without the flag Seen."""
        with signed_in(self) as imap:
            imap.select("INBOX", readonly=True)
            return len(imap.search(None, "UNSEEN")[1][0].split())


@contextmanager
def signed_in(server: Server, tls: bool = False) -> Iterator[imaplib.IMAP4]:
    """A client of our own, signed in."""
    context = ssl.create_default_context(cafile=str(server.ca))
    if tls:
        imap: imaplib.IMAP4 = imaplib.IMAP4_SSL("localhost", server.tls, ssl_context=context, timeout=10)
    else:
        imap = imaplib.IMAP4("localhost", server.port, timeout=10)
        imap.starttls(context)
    imap.login(USER, PASSWORD)
    try:
        yield imap
    finally:
        imap.logout()


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """The server, for as long as the block lasts."""
    folder.mkdir(mode=0o700, exist_ok=True)
    certificate.make(folder, "localhost", datetime.now(UTC))
    pair = folder / certificate.CERTIFICATE, folder / certificate.KEY
    port, clear = free_port(), free_port()
    children = [
        _pymap("--port", str(port), "--cert", str(pair[0]), "--key", str(pair[1])),
        _pymap("--port", str(clear), "--no-tls"),
    ]
    try:
        for each in (port, clear):
            _wait(each)
        with _relay(clear, pair) as tls:
            yield Server(port, tls, pair[0])
    finally:
        for child in children:
            child.terminate()
            child.wait(10)


def _pymap(*options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "import sys; from pymap.main import main; sys.exit(main())"]
    return subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--no-service", "admin", "--no-service", "managesieve", *options, "dict",
         "--demo-user", USER, "--demo-password", PASSWORD],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _wait(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the mail server did not start")


@contextmanager
def _relay(to: int, pair: tuple[Path, Path]) -> Iterator[int]:
    """TLS in front of a port that has none: pymap itself speaks STARTTLS alone."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*map(str, pair))
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(_pump(reader, back), _pump(there, writer))

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
