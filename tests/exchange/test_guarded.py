"""Guarded calls: what they refuse, and that a real call over TLS goes to the checked address under its name."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from staydown.errors import AddressRefusedError, ReplyRefusedError, UnreachableError
from staydown.exchange import guarded
from staydown.exchange.guarded import GuardedTransport, Rules, is_public

PUBLIC = ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
NOT_PUBLIC = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.5.5",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
HERE = Rules(allow_private=True)
CHUNK = b"40\r\n" + b"x" * 64 + b"\r\n"
Answer = Callable[[bytes], bytes]
Talk = tuple[httpx.Client, str, list[bytes]]


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@contextmanager
def served(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """A server on loopback, one request a connection, answered with ``answer(request)``; yields port and requests."""
    seen: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            try:
                with connection if tls is None else tls.wrap_socket(connection, server_side=True) as peer:
                    request = peer.recv(65536)
                    seen.append(request)
                    peer.sendall(answer(request))
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1], seen
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def calling(rules: Rules, *, addresses: list[str], verify: ssl.SSLContext | None = None) -> httpx.Client:
    transport = GuardedTransport(rules, resolve=lambda _host, _port: addresses, verify=verify)
    return httpx.Client(transport=transport, trust_env=False, headers={"accept-encoding": "identity"})


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_public(text):
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_other_addresses_are_not(text):
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_one_address_that_is_not_public_is_enough_to_refuse(text):
    """Also as the second answer: a name server that mixes one good address in gets nowhere."""
    with calling(Rules(), addresses=[PUBLIC[0], text]) as client, pytest.raises(AddressRefusedError):
        client.get("https://hooks.example/")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost/",
    ],
)
def test_the_ways_to_write_this_machine_are_refused(url):
    with guarded.client() as client, pytest.raises(AddressRefusedError):
        client.get(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://hooks.example/", "https"),
        ("https://hooks.example:22/", "port"),
        ("https://hooks.example:80/", "port"),
        ("https://user:pass@hooks.example/", "password"),
    ],
)
def test_schemes_ports_and_passwords(url, said):
    with calling(Rules(), addresses=[PUBLIC[0]]) as client, pytest.raises(AddressRefusedError, match=said):
        client.get(url)


@pytest.mark.parametrize("addresses", [[], ["not an address"]])
def test_a_name_without_addresses_is_unreachable(addresses):
    with calling(Rules(), addresses=addresses) as client, pytest.raises(UnreachableError):
        client.get("https://hooks.example/")


def test_a_name_that_nobody_knows_is_unreachable():
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    with httpx.Client(transport=GuardedTransport(resolve=unknown)) as client, pytest.raises(UnreachableError):
        client.get("https://nowhere.example/")


@contextmanager
def talking(reply: bytes, rules: Rules = HERE, *, addresses: Sequence[str] = ("127.0.0.1",)) -> Iterator[Talk]:
    """A guarded client and the address, under a made-up name, of a server that always sends ``reply``."""
    with served(lambda _: reply) as (port, seen), calling(rules, addresses=list(addresses)) as client:
        yield client, f"http://hooks.example:{port}/a?b=c", seen


def test_a_call_keeps_the_name_and_goes_to_the_address():
    with talking(ok(b"hello")) as (client, url, seen):
        assert client.post(url, content=b"body").text == "hello"
    assert seen[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert b"host: " + httpx.URL(url).netloc in seen[0].lower()


def test_the_name_is_resolved_once_a_call():
    """A second answer, to another address, would be the classic way around the check."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    transport = GuardedTransport(HERE, resolve=resolve)
    with served(lambda _: ok(b"x")) as (port, _seen), httpx.Client(transport=transport) as client:
        client.get(f"http://hooks.example:{port}/")
    assert asked == ["hooks.example"]


def test_a_dead_first_address_is_no_obstacle():
    with talking(ok(b"hello"), addresses=["127.0.0.2", "127.0.0.1"]) as (client, url, _seen):
        assert client.post(url, content=b"body").text == "hello"


def test_a_refused_connection_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with calling(HERE, addresses=["127.0.0.1"]) as client, pytest.raises(UnreachableError):
        client.get(f"http://hooks.example:{port}/")


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", b"SSH-2.0-nothing\r\n"])
def test_a_connection_that_breaks_off_is_unreachable(reply):
    with talking(reply) as (client, url, _seen), pytest.raises(UnreachableError):
        client.get(url)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"HTTP/1.1 302 Found\r\nlocation: https://elsewhere.example/\r\ncontent-length: 0\r\n\r\n", "redirects"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "redirects"),
        (ok(b"x" * 101), "too long"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + CHUNK + CHUNK + b"0\r\n\r\n", "too long"),
        (ok(b"\x1f\x8b", "content-encoding: gzip"), "compressed"),
    ],
    ids=["redirect", "not modified", "long", "long and unannounced", "compressed"],
)
def test_replies_that_are_refused(reply, said):
    rules = Rules(allow_private=True, longest_reply=100)
    with talking(reply, rules) as (client, url, _seen), pytest.raises(ReplyRefusedError, match=said):
        client.get(url)


@contextmanager
def dripping(start: bytes) -> Iterator[int]:
    """A server on loopback that sends ``start`` and then byte after byte, as long as somebody listens; its port."""
    over = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = server.accept()
        with peer, suppress(OSError):
            peer.recv(65536)
            peer.sendall(start)
            while not over.wait(0.01):
                peer.sendall(b"a")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        over.set()
        thread.join()
        server.close()


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nx-a: ", b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n"],
    ids=["status line", "header", "body"],
)
def test_a_server_that_drips_bytes_is_given_up_in_time(start):
    rules = Rules(allow_private=True, seconds=0.3)
    began = time.monotonic()
    with dripping(start) as port, guarded.client(rules) as client, pytest.raises(UnreachableError, match="in time"):
        client.get(f"http://127.0.0.1:{port}/")
    assert 0.3 <= time.monotonic() - began < 5


def test_nothing_is_begun_when_no_time_is_left():
    with talking(ok(b"slow"), Rules(allow_private=True, seconds=0.0)) as (client, url, seen):
        with pytest.raises(UnreachableError, match="in time"):
            client.get(url)
        assert seen == []


def test_a_silent_server_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as server, calling(HERE, addresses=["127.0.0.1"]) as client:
        url = f"http://hooks.example:{server.getsockname()[1]}/"
        with pytest.raises(UnreachableError, match="in time"):
            client.get(url, timeout=0.05)


def test_the_clients_own_settings(monkeypatch):
    """No proxy and no password file of the environment is used."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with served(lambda _: ok(b"hello")) as (port, seen), guarded.client(Rules(allow_private=True)) as client:
        assert client.get(f"http://127.0.0.1:{port}/").text == "hello"
    assert b"accept-encoding: identity" in seen[0].lower()
    assert b"user-agent: staydown\r\n" in seen[0].lower()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for hooks.example, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "hooks.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_tls_is_checked_against_the_name(certificate):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    names: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate))
    rules = Rules(allow_private=True)
    with served(lambda _: ok(b"hello"), tls) as (port, _):
        with calling(rules, addresses=["127.0.0.1"], verify=trusting) as client:
            assert client.get(f"https://hooks.example:{port}/").text == "hello"
            with pytest.raises(UnreachableError, match="certificate"):
                client.get(f"https://other.example:{port}/")
        with calling(rules, addresses=["127.0.0.1"]) as client, pytest.raises(UnreachableError, match="certificate"):
            client.get(f"https://hooks.example:{port}/")
    assert names == ["hooks.example", "other.example", "hooks.example"]
