"""Addresses in the values of events."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address


def address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that `text` is, or None.

    Brackets around an IPv6 address and its zone (`%eth0`) are left out; a port makes it no address.

    >>> address("[fe80::1%eth0]")
    IPv6Address('fe80::1')
    """
    if len(text) > 128:
        return None
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
        if ":" not in text:
            return None
    if ":" in text:
        text = text.partition("%")[0]
    try:
        return ip_address(text)
    except ValueError:
        return None


def inside(text: str, network: IPv4Network | IPv6Network) -> bool:
    """Whether `text` is an address of the network.

    An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is also the IPv4 address that it carries.

    >>> from ipaddress import ip_network
    >>> inside("::ffff:192.0.2.1", ip_network("192.0.2.0/24")), inside("host", ip_network("0.0.0.0/0"))
    (True, False)
    """
    found = address(text)
    if found is None:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return found in network or (mapped is not None and mapped in network)
