"""Where a request really comes from: forwarding headers count only when a proxy we were told about sent them."""

import ipaddress
from functools import lru_cache

from fastapi import Request
from starlette.requests import HTTPConnection

from alphaloop.infra.identity import Actor, ActorType
from alphaloop.infra.logs import request_id

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_FORWARDING = ("x-forwarded-for", "forwarded", "x-real-ip")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


@lru_cache(maxsize=8)
def trusted_networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks of a comma-separated list; ValueError for anything else, `*` included."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def peer_address(connection: HTTPConnection, forwarded_allow_ips: str = "") -> str:
    """The client's address: the socket's peer, or what a trusted proxy says in X-Forwarded-For.

    The list is read from the right, past our own proxies, because everything further left was written by the client.
    """
    peer = connection.client.host if connection.client else ""
    trusted = trusted_networks(forwarded_allow_ips)
    if not _within(peer, trusted):
        return peer
    hops = [hop.strip() for line in connection.headers.getlist("x-forwarded-for") for hop in line.split(",")]
    for hop in reversed(hops):
        if _parsed(hop) is None:
            break
        if not _within(hop, trusted):
            return hop
    return peer


def is_https(connection: HTTPConnection, forwarded_allow_ips: str = "") -> bool:
    """Whether the browser speaks HTTPS to us or to our trusted proxy."""
    if connection.url.scheme in ("https", "wss"):
        return True
    peer = connection.client.host if connection.client else ""
    proto = connection.headers.get("x-forwarded-proto", "").rpartition(",")[2].strip()
    return proto == "https" and _within(peer, trusted_networks(forwarded_allow_ips))


def is_loopback(connection: HTTPConnection, forwarded_allow_ips: str = "") -> bool:
    """Whether a person at this very machine asks: loopback peer, loopback host name, no unknown proxy in between.

    The host name matters: a foreign page can point its own name at 127.0.0.1 and so reach us from a browser here.
    """
    peer = connection.client.host if connection.client else ""
    if not _within(peer, trusted_networks(forwarded_allow_ips)) and any(
        name in connection.headers for name in _FORWARDING
    ):
        return False
    address = _parsed(peer_address(connection, forwarded_allow_ips))
    if address is None or not (address.is_loopback or _mapped_loopback(address)):
        return False
    return _host_name(connection.headers.get("host", "")) in _LOCAL_NAMES


def is_own_origin(connection: HTTPConnection) -> bool:
    """False when a browser says that another site's page sent this; requests without Origin are no browser's."""
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    return origin.partition("://")[2] == connection.headers.get("host", "")


def rate_key(address: str) -> str:
    """What a per-address limit counts by: the address, or the /64 of an IPv6 one, which is a single customer's."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return address[:64]


def origin_of(request: Request, forwarded_allow_ips: str | None = None) -> Actor:
    """A person nobody has recognised yet: only where the request comes from."""
    if forwarded_allow_ips is None:
        forwarded_allow_ips = request.app.state.wiring.settings.forwarded_allow_ips
    return Actor(
        ActorType.USER,
        ip_address=peer_address(request, forwarded_allow_ips)[:45],
        user_agent=request.headers.get("user-agent", "")[:255],
        request_id=request_id.get(),
    )


def _host_name(host: str) -> str:
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0].lower()


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _mapped_loopback(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped is not None and mapped.is_loopback


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)
