"""Every kind of source that can be followed: one line a protocol."""

from __future__ import annotations

from typing import Final

from staydown.errors import SettingError
from staydown.exchange import lists, ncmec, peer_source, stopncii, tech_against_terrorism, threatexchange
from staydown.exchange.source import Kind

KINDS: Final[dict[str, Kind]] = {
    module.KIND.name: module.KIND
    for module in (peer_source, stopncii, ncmec, threatexchange, tech_against_terrorism, lists)
}


def kind(name: str) -> Kind:
    """The kind of that name; raises `SettingError`."""
    if name not in KINDS:
        raise SettingError(f"There is no kind of source of this name. Use one of {', '.join(KINDS)}.")
    return KINDS[name]
