"""From the row of a source to a client that speaks its protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from datetime import timedelta
from typing import TypeAlias

from django.conf import settings

from staydown.apps.sharing.source_models import Source
from staydown.errors import InvalidError, SettingError
from staydown.exchange import guarded, kinds
from staydown.exchange.kinds import KINDS
from staydown.exchange.source import Given, Listener

Make: TypeAlias = Callable[[Source], AbstractContextManager[Listener]]


def opened(source: Source) -> AbstractContextManager[Listener]:
    """A client for this source, to be used in a ``with``. It calls public https addresses only, unless the operator
    allowed others too."""
    return closing(kinds.opened(source.kind, Given(source.address, credentials_of(source), _rules())))  # type: ignore[type-var]


def _rules() -> guarded.Rules:
    return guarded.Rules(allow_private=settings.STAYDOWN_SOURCES_PRIVATE)


def check(name: str, address: str, credentials: Mapping[str, str]) -> None:
    """Raise `InvalidError` for what no client could be made of. Nothing is called."""
    try:
        kinds.opened(name, Given(address, credentials, _rules())).close()
    except SettingError as error:
        raise InvalidError(error.message) from None


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
