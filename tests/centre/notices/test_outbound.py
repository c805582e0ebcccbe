"""What may be called on the web, and what may not."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kulla.centre.notices.outbound import post, public
from kulla.centre.running import certificate
from kulla.errors import OutputError


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.9.9",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *(
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1%eth0",
            "fc00::1",
            "::ffff:127.0.0.1",
            "::ffff:192.168.1.1",
            "ff02::1",
        ),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "198.51.100.7", "240.0.0.1"),
    ],
)
def test_private_addresses_are_private_in_every_spelling(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9", "64:ff9b::909:909"])
def test_public_ones_are_public(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://localhost/x", "public"),
        ("https://127.1/x", "public"),
        ("https://2130706433/x", "public"),
        ("https://0x7f.1/x", "public"),
        ("https://[::1]/x", "public"),
        ("http://hooks.example/x", "only https"),
        ("https://user:pw@hooks.example/", "without user"),
        ("file:///etc/passwd", "must be https"),
        ("gopher://x/", "must be https"),
        ("https:///x", "must be https"),
        ("https://hooks.example:99999/", "no such port"),
    ],
)
def test_what_is_refused_before_anything_is_sent(url: str, why: str) -> None:
    with pytest.raises(OutputError, match=why):
        post(url, b"", {})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, ssl.SSLContext, list[str]]]:
    """https on loopback, with a certificate of its own; which paths were asked for."""
    certificate.make(tmp_path, "localhost", datetime.now(UTC))
    pair = tmp_path / certificate.CERTIFICATE, tmp_path / certificate.KEY
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(302 if self.path == "/away" else 204)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    made = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*map(str, pair))
    made.socket = context.wrap_socket(made.socket, server_side=True)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made.server_port, ssl.create_default_context(cafile=str(pair[0])), asked
    made.shutdown()
    made.server_close()


def test_a_listed_host_is_called_over_tls_and_nothing_is_followed(
    server: tuple[int, ssl.SSLContext, list[str]],
) -> None:
    port, trust, asked = server
    post(f"https://localhost:{port}/in?k=1", b"{}", {}, {"localhost"}, trust)
    assert asked == ["/in?k=1"]
    with pytest.raises(OutputError, match="answered 302"):
        post(f"https://localhost:{port}/away", b"{}", {}, {"localhost"}, trust)
    assert asked[1:] == ["/away"]


def test_an_untrusted_certificate_ends_it(server: tuple[int, ssl.SSLContext, list[str]]) -> None:
    port, _, asked = server
    with pytest.raises(OutputError, match="not trusted"):
        post(f"https://localhost:{port}/in", b"{}", {}, {"localhost"})
    assert asked == []


def test_a_name_that_leads_inside_is_refused_whatever_it_led_to_before(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([["9.9.9.9"], ["127.0.0.1"]])
    asked: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(2, 1, 6, "", (each, port)) for each in next(answers)]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        asked.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(OutputError, match="does not answer"):
        post("https://rebind.example/", b"", {})
    assert asked == ["9.9.9.9"]  # the address that was looked at, and no second look-up
    with pytest.raises(OutputError, match="public"):
        post("https://rebind.example/", b"", {})
    assert asked == ["9.9.9.9"]
