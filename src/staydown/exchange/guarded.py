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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpcore
import httpx

from staydown.errors import AddressRefusedError, ReplyRefusedError, UnreachableError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Answer = tuple[httpcore.Response, httpcore.HTTPConnection]
Resolve = Callable[[str, int], Sequence[str]]

#: Networks that the standard library of some Python 3.11 releases calls global and that are not for us.
_NOT_FOR_US: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23", "2002::/16", "3fff::/20", "5f00::/16")
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_MOST_ADDRESSES: Final = 4  # of one name that are tried when connecting fails
_FAULTS: Final = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a guarded call may do. ``allow_private`` is for demonstrations, tests and receivers in one's own network."""

    allow_private: bool = False  # also plain http and any port
    ports: frozenset[int] = frozenset({443, 8443})
    longest_reply: int = 65_536  # bytes
    connect_seconds: float = 5.0
    seconds: float = 20.0  # from the first connection to the last byte, so that a server that drips bytes ends too


def client(
    rules: Rules | None = None,
    *,
    headers: dict[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """An httpx client that only makes guarded calls. Failures are `ExchangeError`s, never httpx's own."""
    rules = rules or Rules()
    return httpx.Client(
        transport=transport or GuardedTransport(rules),
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
        self._verify = verify or httpx.create_ssl_context()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, whose body fails when it grows beyond the rules."""
        until = time.monotonic() + self._rules.seconds
        answer, connection = self._send(request, self._checked(request.url), until)
        stream = _Capped(answer, connection, most=self._rules.longest_reply)
        response = httpx.Response(answer.status, headers=answer.headers, stream=stream, extensions=answer.extensions)
        try:
            self._judge(response)
        except ReplyRefusedError:
            response.close()
            raise
        return response

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

    def _send(self, request: httpx.Request, addresses: Sequence[str], until: float) -> _Answer:
        """The answer of the first of ``addresses`` that takes a connection, and that connection."""
        for last, address in enumerate(addresses, start=1):
            url = request.url.copy_with(host=address)
            there = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
            # One for each call: a pool knows a connection by its address, and two names may share one.
            connection = httpcore.HTTPConnection(
                there.origin, ssl_context=self._verify, network_backend=_Timed(httpcore.SyncBackend(), until)
            )
            try:
                return connection.handle_request(_core_request(request, there)), connection
            except _FAULTS as error:
                connection.close()
                is_unconnected = isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout)
                if last == len(addresses) or not is_unconnected:
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
    """The body of an answer, up to a size. Closing it closes the connection."""

    def __init__(self, answer: httpcore.Response, connection: httpcore.HTTPConnection, *, most: int) -> None:
        self._answer = answer
        self._connection = connection
        self._most = most

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        try:
            for part in self._answer.iter_stream():
                seen += len(part)
                if seen > self._most:
                    raise ReplyRefusedError("The answer of the server is too long.")
                yield part
        except _FAULTS as error:
            raise UnreachableError(_reason(error)) from None

    def close(self) -> None:
        self._answer.close()
        self._connection.close()


class _Timed(httpcore.NetworkBackend):
    """Connects and talks until a moment. The time for one read begins anew with every byte; this does not."""

    def __init__(self, inner: httpcore.NetworkBackend, until: float) -> None:
        self._inner = inner
        self._until = until

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        seconds = _left(self._until, timeout, httpcore.ConnectTimeout)
        stream = self._inner.connect_tcp(host, port, seconds, local_address, socket_options)
        return _TimedStream(stream, self._until)


class _TimedStream(httpcore.NetworkStream):
    """A connection that is used until a moment."""

    def __init__(self, inner: httpcore.NetworkStream, until: float) -> None:
        self._inner = inner
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._until, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._until, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        seconds = _left(self._until, timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._inner.start_tls(ssl_context, server_hostname, seconds), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(until: float, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
    """Seconds for the next step: what is left, or ``timeout`` if that is less. Raises ``late`` when none are left."""
    left = until - time.monotonic()
    if left <= 0:
        raise late
    return left if timeout is None else min(left, timeout)


def _core_request(request: httpx.Request, url: httpcore.URL) -> httpcore.Request:
    """``request`` sent to ``url``, an address, with the name kept in its ``Host`` header and for TLS."""
    assert isinstance(request.stream, httpx.SyncByteStream)  # noqa: S101 - httpx's own promise
    return httpcore.Request(
        request.method,
        url,
        headers=request.headers.raw,
        content=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


def _reason(error: Exception) -> str:
    """A sentence for ``error`` that quotes nothing of the address or the answer."""
    if isinstance(error, httpcore.TimeoutException):
        return "The server did not answer in time."
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "The certificate of the server does not verify, or it speaks no TLS that we accept."
        cause = cause.__cause__ or cause.__context__
    return "The server did not take the connection, or dropped it."
