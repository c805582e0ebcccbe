"""The one function by which this app calls an address on the web.

It must not become a way into the centre's own network: names are resolved here, every address must be a public one, the
connection goes to the address that was looked at (a name cannot lead elsewhere a moment later), nothing is followed.
A host that centre.toml lists in [notices] hosts may be private, and without https.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

from kulla.errors import OutputError

TIMEOUT: Final = 10.0
_ANSWER: Final = 64 << 10


def post(
    url: str, body: bytes, headers: Mapping[str, str], hosts: Collection[str] = (), trust: ssl.SSLContext | None = None
) -> None:
    """POST `body`. Raises OutputError when it may not go there, or is not taken (any answer but 2xx).

    hosts: hosts that may be private or without https. trust: who vouches for the server; default: the system's.
    The message names the host, never path or query: these may hold a secret.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    listed = host in hosts
    if parts.scheme not in ("https", "http") or not host or parts.username is not None:
        raise OutputError("a webhook's address must be https://host/path, without user and password")
    if parts.scheme == "http" and not listed:
        raise OutputError(f"{host}: only https, unless centre.toml lists the host in [notices] hosts")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise OutputError(f"{host}: no such port") from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    _send(_Connection(host, port, listed, parts.scheme == "https", trust), host, path, body, headers)


def _send(connection: _Connection, host: str, path: str, body: bytes, headers: Mapping[str, str]) -> None:
    try:
        connection.request("POST", path, body, {"User-Agent": "Kulla", **headers})
        answer = connection.getresponse()
        answer.read(_ANSWER)
    except ssl.SSLCertVerificationError:
        raise OutputError(f"{host}: its certificate is not trusted") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise OutputError(f"{host}: does not answer ({type(error).__name__})") from None
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise OutputError(f"{host}: answered {answer.status}")


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was looked at."""

    def __init__(self, host: str, port: int, listed: bool, tls: bool, trust: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self._listed, self._tls, self._trust = listed, tls, trust

    def connect(self) -> None:
        """Resolve, look, connect to just that, and have the certificate checked for the name."""
        raw = socket.create_connection((self._address(), self.port), TIMEOUT)
        if self._tls:
            context = self._trust or ssl.create_default_context()
            self.sock = context.wrap_socket(raw, server_hostname=self.host)
        else:
            self.sock = raw

    def _address(self) -> str:
        try:
            found = [str(each[4][0]) for each in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError):
            raise OutputError(f"{self.host}: no such name") from None
        if not self._listed and not all(map(public, found)):
            raise OutputError(
                f"{self.host}: is no public address; if it is meant, list the host in [notices] hosts of centre.toml"
            )
        return found[0]


def public(address: str) -> bool:
    """Whether an address is one of the public internet.

    >>> public("127.0.0.1"), public("::ffff:10.0.0.1"), public("64:ff9b::a00:1"), public("9.9.9.9")
    (False, False, False, True)
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found in _NAT64:
            return public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            return public(str(inner))
    return found.is_global and not found.is_multicast and not found.is_reserved


_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
