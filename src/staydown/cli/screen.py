"""`staydown screen`: a screening node, which needs a feed and a key, and no database."""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import signal
import socket
import stat
from pathlib import Path

import click
import httpx
import uvicorn

from staydown.core.hashing.image import Limits
from staydown.core.hashing.pool import HashingPool
from staydown.core.note import Verifier
from staydown.errors import SettingError
from staydown.exchange.peer import FeedClient
from staydown.screening.app import build
from staydown.screening.hma.settings import HmaSettings
from staydown.screening.keeping import KeptFile
from staydown.screening.settings import KeyFile, Settings
from staydown.screening.turns import take_short_turns


@click.command()
@click.option("--feed", "feed_url", required=True, envvar="STAYDOWN_SCREEN_FEED", help="Address of the publisher.")
@click.option(
    "--key-file",
    required=True,
    envvar="STAYDOWN_SCREEN_KEY_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that `staydown feed key --node` wrote.",
)
@click.option("--host", default="127.0.0.1", envvar="STAYDOWN_SCREEN_HOST", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    default=8090,
    envvar="STAYDOWN_SCREEN_PORT",
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Where to listen; 0: any free port.",
)
@click.option("--max-lag", type=float, help="Seconds that the feed may be behind before /readyz fails. [default: 30]")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that decode pictures. [default: 2]")
@click.option(
    "--keep",
    envvar="STAYDOWN_SCREEN_KEEP",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file for what the node knows, encrypted, to begin with after a restart. Without it nothing is on disk.",
)
@click.option("--plain-http", is_flag=True, help="Follow a feed over http although it is not on this machine.")
def command(
    feed_url: str,
    key_file: Path,
    host: str,
    port: int,
    max_lag: float | None,
    workers: int | None,
    keep: Path | None,
    plain_http: bool,
) -> None:
    """Run a screening node: it follows a feed and answers whether an upload may be published.

    It keeps the hashes in memory only, unless --keep says otherwise. Start as many nodes as there are uploads; stop one
    at any time.
    """
    settings = Settings.read(os.environ, max_lag=max_lag, workers=workers)
    follow = KeyFile.read(key_file)
    if not plain_http:
        _check_way(feed_url)
    _start_log()
    if key_file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        logging.getLogger(__name__).warning("The key file can be read by others on this machine: chmod 600 it.")
    kept = None if keep is None else KeptFile(keep.absolute(), follow)
    _serve(settings, HmaSettings.read(os.environ), feed_url, follow, _listening(host, port), kept)


def _serve(
    settings: Settings,
    hma: HmaSettings,
    feed_url: str,
    follow: KeyFile,
    listener: socket.socket,
    kept: KeptFile | None,
) -> None:
    """Answer on ``listener`` until SIGTERM or Ctrl-C, then end in order."""
    limits = Limits(max_bytes=settings.longest_upload)
    with (
        listener,
        FeedClient(feed_url, follow.key, follow.verifier) as client,
        HashingPool(settings.workers, limits) as pool,
    ):
        config = uvicorn.Config(
            build(settings, feed_client=client, pool=pool, hma=hma, keep=kept),
            loop="uvloop",
            http="httptools",
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="on",
            server_header=False,
            proxy_headers=False,  # nothing here depends on where a request comes from
            timeout_graceful_shutdown=10,
        )
        server = uvicorn.Server(config)

        def end(_number: int, _frame: object) -> None:
            """Heard before the server listens to signals itself, and again when it raises the signal after its end."""
            server.should_exit = True

        take_short_turns()
        gc.freeze()  # what is loaded by now stays; to look through it would hold up every answer for ten milliseconds
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        _say(listener, follow, settings)
        server.run(sockets=[listener])


def _check_way(feed_url: str) -> None:
    """Raise `SettingError` when the key and the hashes would cross a network in the clear."""
    try:
        url = httpx.URL(feed_url)
    except httpx.InvalidURL:
        return  # the client says so
    if url.scheme != "http" or url.host == "localhost":
        return
    try:
        if ipaddress.ip_address(url.host).is_loopback:
            return
    except ValueError:
        pass
    raise SettingError(
        "The feed would cross the network unencrypted. Use https, or --plain-http on a network you trust."
    )


def _listening(host: str, port: int) -> socket.socket:
    """The socket to serve on; raises `SettingError` when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise SettingError(f"Cannot listen on {host} port {port}: {error.strerror or error}.") from None
    listener.set_inheritable(True)
    return listener


def _say(listener: socket.socket, follow: KeyFile, settings: Settings) -> None:
    """Tell the person who started it where it is and what to do."""
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    click.secho("staydown screening node", bold=True)
    click.echo(f"  follows   {Verifier.parse(follow.verifier).name}")
    click.echo(f"  answers   POST {address}/v1/screen   (Bearer key with the scope screen)")
    click.echo(f"  ready     GET  {address}/readyz      (503 until the feed is read, or {settings.max_lag:g} s behind)")
    click.echo("  stop      Ctrl-C; hits that wait are reported first")


def _start_log() -> None:
    """Warnings and what the node does, on standard error; not one line a request."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for noisy in ("httpx", "httpcore", "uvicorn.access", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
