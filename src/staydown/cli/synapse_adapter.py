"""`staydown synapse-adapter`: carries out on a Matrix homeserver what was decided, and answers what came of it."""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path
from typing import Final

import click
import uvicorn

from staydown.errors import SettingError
from staydown.exchange.webhooks import PublicKey
from staydown.platforms.synapse.carrying_out import Begun, CarryingOut, Rounds
from staydown.platforms.synapse.casework import Casework
from staydown.platforms.synapse.homeserver import Homeserver
from staydown.platforms.synapse.receiver import build
from staydown.project.listening import Address, listen
from staydown.project.readers import Environment

PREFIX: Final = "STAYDOWN_SYNAPSE_"


@click.command()
@click.option("--staydown", required=True, envvar=f"{PREFIX}STAYDOWN", help="Address of the staydown that decides.")
@click.option("--homeserver", required=True, envvar=f"{PREFIX}HOMESERVER", help="Address of the Synapse that acts.")
@click.option("--host", default="127.0.0.1", envvar=f"{PREFIX}HOST", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    default=8095,
    envvar=f"{PREFIX}PORT",
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Where to listen for webhooks; 0: any free port.",
)
@click.option(
    "--data",
    default=Path("synapse-adapter"),
    envvar=f"{PREFIX}DATA",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the ids of actions that were begun.",
)
@click.option(
    "--every",
    default=30.0,
    envvar=f"{PREFIX}EVERY",
    show_default=True,
    type=click.FloatRange(0.1, 3600),
    help="Seconds between two looks at what waits; a webhook leads to one at once.",
)
def command(staydown: str, homeserver: str, host: str, port: int, data: Path, every: float) -> None:
    """Carry out on a Matrix homeserver (Synapse) what was decided: quarantine media, or lift it, and say so.

    The keys come from the environment, each also from a file whose path is in the name with _FILE at its end:
    STAYDOWN_SYNAPSE_KEY (of staydown, scopes action:read and outcome:write), STAYDOWN_SYNAPSE_TOKEN (an access token of
    an administrator of the homeserver) and STAYDOWN_SYNAPSE_WEBHOOK_KEY (whpk_..., more than one separated by commas;
    without one it looks for itself).
    """
    environment = Environment(os.environ)
    key, token = (_secret(environment, name) for name in ("KEY", "TOKEN"))
    given = environment.secret(f"{PREFIX}WEBHOOK_KEY").split(",")
    keys = [PublicKey.parse(each.strip()) for each in given if each.strip()]
    work = CarryingOut(Casework(staydown, key), Homeserver(homeserver, token), Begun(data))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for noisy in ("httpx", "httpcore", "uvicorn.access", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    listener, address = listen(host, port)
    config = uvicorn.Config(
        build(Rounds(work, every), keys),
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=False,  # nothing here depends on where a request comes from
        timeout_graceful_shutdown=10,
    )
    _say(address, every, webhooks=bool(keys))
    server = uvicorn.Server(config)

    def end(_number: int, _frame: object) -> None:
        """Heard before the server listens to signals itself, and again when it raises the signal after its end."""
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with listener:
        server.run(sockets=[listener])


def _secret(environment: Environment, name: str) -> str:
    found = environment.secret(f"{PREFIX}{name}")
    if not found:
        raise SettingError(f"{PREFIX}{name} is missing. Set it, or {PREFIX}{name}_FILE to a file that holds it.")
    return found


def _say(address: Address, every: float, *, webhooks: bool) -> None:
    """Tell the person who started it where it is and what it does."""
    click.secho("staydown's adapter for Synapse", bold=True)
    click.echo(
        f"  webhooks  POST {address.url}/webhook" + ("" if webhooks else "   (no key given: it looks for itself)")
    )
    click.echo(f"  looks     every {every:g} s")
    click.echo(f"  ready     GET  {address.url}/readyz   (503 while nothing can be carried out, and why)")
    click.echo("  stop      Ctrl-C; what is left stands in staydown")
