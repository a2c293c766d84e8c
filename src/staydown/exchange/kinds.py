"""Every kind of source that can be followed, by its name. A new protocol is one file and one line here."""

from __future__ import annotations

from typing import Final

from staydown.errors import SettingError
from staydown.exchange import (
    lists,
    ncmec_client,
    staydown_client,
    stopncii_client,
    tat_client,
    threatexchange_client,
)
from staydown.exchange.source import Given, Kind, Source

KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        staydown_client.KIND,
        stopncii_client.KIND,
        ncmec_client.KIND,
        threatexchange_client.KIND,
        tat_client.KIND,
        lists.KIND,
    )
}


def opened(kind: str, given: Given) -> Source:
    """A client of the source; nothing was asked of it yet. Raises `SettingError` for what cannot be one."""
    found = KINDS.get(kind)
    if found is None:
        raise SettingError(f"kind: there is none of this name. Use one of {', '.join(KINDS)}.")
    return found.opened(given)
