"""From the row of a source to a client that speaks its protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Final, TypeAlias

from django.conf import settings

from staydown.apps.sharing.source_models import Source
from staydown.errors import InvalidError, SettingError
from staydown.exchange import source as exchange
from staydown.exchange.kinds import KINDS, kind

WAIT: Final = 5.0  # seconds; a process that ends lets go of what it follows no later

Make: TypeAlias = Callable[[Source], AbstractContextManager[exchange.Source]]


def opened(source: Source) -> exchange.Source:
    """A client for this source, to be used in a ``with``. It calls public https addresses only, unless the operator
    allowed others too."""
    return kind(source.kind).opened(source.address, credentials_of(source), _wire())


def listening(source: Source) -> exchange.Source:
    """The same of a source that `waits`: it holds its answer for `WAIT` seconds, or until there is news."""
    return kind(source.kind).opened(source.address, credentials_of(source), _wire(wait=WAIT))


def waits(source: Source) -> bool:
    """Whether the source is listened to, rather than looked at now and then."""
    return source.kind in KINDS and KINDS[source.kind].waits


def check(name: str, address: str, credentials: Mapping[str, str]) -> None:
    """Raise `InvalidError` for what no client could be made of. Nothing is called."""
    try:
        kind(name).check(address, credentials, _wire())
    except SettingError as error:
        raise InvalidError(error.message) from None


def _wire(*, wait: float = 0.0) -> exchange.Wire:
    return exchange.Wire(settings.STAYDOWN_SOURCES_PRIVATE, lists=settings.STAYDOWN_LISTS_DIR, wait=wait)


def listens(source: Source) -> bool:
    """Whether the source takes opinions on its records."""
    return source.kind in KINDS and KINDS[source.kind].listens


def whole_every(source: Source) -> timedelta | None:
    """How often its list is read from its start, because it does not say what is gone. None: it does."""
    return KINDS[source.kind].whole_every if source.kind in KINDS else None


def title(name: str) -> str:
    """A kind in words."""
    return KINDS[name].title if name in KINDS else name


def credentials_of(source: Source) -> dict[str, str]:
    """What the source is asked with."""
    return dict(json.loads(source.credentials)) if source.credentials else {}
