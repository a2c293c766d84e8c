"""HTTP to an address that an operator or a partner named, without lending them our place in the network.

A name is resolved once and all its addresses must be public; the connection then goes to an address that was checked,
with the name kept for TLS and the ``Host`` header, so a second answer of the name server changes nothing. Only https on
its usual ports, no redirects, no proxies and no passwords from the environment, a cap on size and time of the answer.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import httpx

from staydown.errors import AddressRefusedError, ReplyRefusedError, UnreachableError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

#: Networks that the standard library of some Python 3.11 releases calls global and that are not for us.
_NOT_FOR_US: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23", "2002::/16", "3fff::/20", "5f00::/16")
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_MOST_ADDRESSES: Final = 4  # of one name that are tried when connecting fails


@dataclass(frozen=True, slots=True)
class Rules:
    """What a guarded call may do. ``allow_private`` is for demonstrations, tests and receivers in one's own network."""

    allow_private: bool = False  # also plain http and any port
    ports: frozenset[int] = frozenset({443, 8443})
    longest_reply: int = 65_536  # bytes
    connect_seconds: float = 5.0
    seconds: float = 20.0  # for the whole answer, so that a server that drips bytes ends too


def client(rules: Rules | None = None, *, headers: dict[str, str] | None = None) -> httpx.Client:
    """An httpx client that only makes guarded calls. Failures are `ExchangeError`s, never httpx's own."""
    rules = rules or Rules()
    return httpx.Client(
        transport=GuardedTransport(rules),
        follow_redirects=False,
        trust_env=False,
        headers={"accept-encoding": "identity", "user-agent": "staydown", **(headers or {})},
        timeout=httpx.Timeout(rules.seconds, connect=rules.connect_seconds),
    )


def is_public(address: Address) -> bool:
    """Whether ``address`` is one of the open internet, also looked at through the ways to write IPv4 inside IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address.is_site_local:
            return False
    if any(address in network for network in _NOT_FOR_US if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def system_addresses(host: str, port: int) -> list[str]:
    """Every address that the system's resolver has for ``host``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedTransport(httpx.BaseTransport):
    """Makes each request under `Rules`; raises `AddressRefusedError`, `UnreachableError` or `ReplyRefusedError`."""

    def __init__(
        self, rules: Rules | None = None, *, resolve: Resolve = system_addresses, verify: ssl.SSLContext | None = None
    ) -> None:
        self._rules = rules or Rules()
        self._resolve = resolve
        # No connection is kept: the pool knows a connection by its address, and two names may share one.
        self._inner = httpx.HTTPTransport(
            verify=verify or httpx.create_ssl_context(), limits=httpx.Limits(max_keepalive_connections=0)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, whose body fails when it grows beyond the rules."""
        until = time.monotonic() + self._rules.seconds
        response = self._send(request, self._checked(request.url))
        try:
            self._judge(response)
        except ReplyRefusedError:
            response.close()
            raise
        assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - httpx's own promise
        return httpx.Response(
            status_code=response.status_code,
            headers=response.headers,
            stream=_Capped(response.stream, most=self._rules.longest_reply, until=until),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close what is open."""
        self._inner.close()

    def __enter__(self) -> GuardedTransport:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def _checked(self, url: httpx.URL) -> list[str]:
        """The addresses behind ``url`` when the rules allow all; raises `AddressRefusedError` or `UnreachableError`."""
        rules = self._rules
        if url.scheme not in (("https", "http") if rules.allow_private else ("https",)):
            raise AddressRefusedError("Only https addresses may be called.")
        if url.userinfo:
            raise AddressRefusedError("An address must not hold a user name or a password.")
        port = url.port or (443 if url.scheme == "https" else 80)
        if not rules.allow_private and port not in rules.ports:
            allowed = ", ".join(str(number) for number in sorted(rules.ports))
            raise AddressRefusedError(f"This port may not be called. Use one of {allowed}.")
        try:
            texts = self._resolve(url.host, port)
            addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in texts]
        except (OSError, ValueError):  # ValueError: a name that cannot be encoded as one
            raise UnreachableError("The host name of this address is not known. Check its spelling.") from None
        if not addresses:
            raise UnreachableError("The host name of this address has no address.")
        if not rules.allow_private and not all(is_public(address) for address in addresses):
            raise AddressRefusedError("This host name leads to an address that is not public, which may not be called.")
        return list(texts)[:_MOST_ADDRESSES]

    def _send(self, request: httpx.Request, addresses: Sequence[str]) -> httpx.Response:
        """The answer of the first of ``addresses`` that takes a connection."""
        name = request.url.host
        for last, address in enumerate(addresses, start=1):
            there = httpx.Request(
                method=request.method,
                url=request.url.copy_with(host=address),
                headers=request.headers,  # Host among them, made from the name
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": name},
            )
            try:
                return self._inner.handle_request(there)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if last == len(addresses):
                    raise UnreachableError(_reason(error)) from None
            except httpx.HTTPError as error:
                raise UnreachableError(_reason(error)) from None
        raise UnreachableError

    def _judge(self, response: httpx.Response) -> None:
        """Raise `ReplyRefusedError` for an answer whose head already breaks the rules."""
        if 300 <= response.status_code < 400:
            raise ReplyRefusedError("The server sent us elsewhere; redirects are not followed. Give its final address.")
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
            raise ReplyRefusedError("The server compressed its answer although we asked it not to.")
        length = response.headers.get("content-length", "")
        if length.isdigit() and int(length) > self._rules.longest_reply:
            raise ReplyRefusedError("The answer of the server is too long.")


class _Capped(httpx.SyncByteStream):
    """The body of an answer, up to a size and a moment."""

    def __init__(self, inner: httpx.SyncByteStream, *, most: int, until: float) -> None:
        self._inner = inner
        self._most = most
        self._until = until

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        try:
            for part in self._inner:
                seen += len(part)
                if seen > self._most:
                    raise ReplyRefusedError("The answer of the server is too long.")
                if time.monotonic() > self._until:
                    raise ReplyRefusedError("The answer of the server took too long.")
                yield part
        except httpx.HTTPError as error:
            raise UnreachableError(_reason(error)) from None

    def close(self) -> None:
        self._inner.close()


def _reason(error: httpx.HTTPError) -> str:
    """A sentence for ``error`` that quotes nothing of the address or the answer."""
    if isinstance(error, httpx.TimeoutException):
        return "The server did not answer in time."
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "The certificate of the server does not verify, or it speaks no TLS that we accept."
        cause = cause.__cause__ or cause.__context__
    return "The server did not take the connection, or dropped it."
