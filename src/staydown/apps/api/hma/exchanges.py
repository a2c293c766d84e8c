"""Exchanges, read only: each source that is followed is one, and each list that was imported. Changed elsewhere."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from staydown.apps.accounts.models import ApiKey
from staydown.apps.api.hma.banks import PROTOCOL
from staydown.apps.api.partners.stopncii import PROTOCOL as STOPNCII
from staydown.apps.banks.models import LIVE, Entry
from staydown.apps.sharing import standing
from staydown.apps.sharing.source_models import Source
from staydown.errors import DeniedError, InvalidError, MissingError
from staydown.exchange import hma
from staydown.exchange.kinds import KINDS
from staydown.exchange.source import Asked, Kind

API: Final = "local_file"
APIS: Final = {
    "stopncii": "stop_ncii",
    "threatexchange": "fb_threatexchange",
    "tech-against-terrorism": "tat",
    "list": API,
}
IMPORT: Final = "import:"
SENT: Final = (f"{IMPORT}{PROTOCOL}", f"{IMPORT}{STOPNCII}")  # by programs, one by one: no list that was fetched


def index(request: HttpRequest, key: ApiKey) -> list[str]:
    """``GET /c/exchanges``."""
    return sorted({**_lists(key), **_followed(key)})


def show(request: HttpRequest, key: ApiKey, exchange: str) -> dict[str, Any]:
    """``GET /c/exchange/NAME``."""
    followed = _followed(key).get(exchange)
    if followed is not None:
        return {"name": exchange, "api": _api(followed), "enabled": followed.enabled}
    _list(key, exchange)
    return {"name": exchange, "api": API, "enabled": True}


def status(request: HttpRequest, key: ApiKey, exchange: str) -> dict[str, Any]:
    """``GET /c/exchange/NAME/status``: an import that is there was whole, for it is one transaction."""
    followed = _followed(key).get(exchange)
    if followed is not None:
        return _stands(followed)
    rows = _imported(key).filter(source=_list(key, exchange)).aggregate(count=Count("pk"), last=Max("added_at"))
    last = int(rows["last"].timestamp())
    return {
        "checkpoint_ts": last,
        "running_fetch_start_ts": None,
        "last_fetch_complete_ts": last,
        "last_fetch_succeeded": True,
        "up_to_date": True,
        "fetched_items": rows["count"],
    }


def apis(request: HttpRequest, key: ApiKey) -> list[str]:
    """``GET /c/exchanges/apis``."""
    return sorted({API, *map(_named, KINDS)})


def api(request: HttpRequest, key: ApiKey, api: str) -> dict[str, bool]:
    """``GET /c/exchanges/api/NAME``: whether it takes credentials, and whether a source of it here has some."""
    asks = any(asked.secret for asked in _kind(api).asks)
    has = any(_api(each) == api and each.credentials for each in _followed(key).values())
    return {"supports_authentification": asks, "has_set_authentification": asks and has}


def schema(request: HttpRequest, key: ApiKey, api: str) -> dict[str, Any]:
    """``GET /c/exchanges/api/NAME/schema``: what a source of it is asked for, and what of that is secret."""
    kind = _kind(api)
    address = {"name": "address", "type": "string", "required": True, "default": None, "help": kind.address_help}
    open_, secret = ([_field(each) for each in kind.asks if each.secret is is_secret] for is_secret in (False, True))
    return {
        "config_schema": {"fields": [address | {"choices": None}, *open_]},
        "credentials_schema": {"fields": secret} if secret else None,
    }


def refuse(request: HttpRequest, key: ApiKey, **_given: str) -> HttpResponse:
    """What would change an exchange."""
    raise DeniedError("missing role: lists are imported and followed in the console or by command, not over this API")


def signal_types(request: HttpRequest, key: ApiKey) -> list[dict[str, Any]]:
    """``GET /c/signal_type``."""
    return [{"name": name, "enabled_ratio": 1.0} for name in hma.SIGNAL_TYPES]


def _kind(api: str) -> Kind:
    """The kind of source that HMA calls so; raises `InvalidError`."""
    found = next((kind for kind in KINDS.values() if _named(kind.name) == api), None)
    if found is None:
        raise InvalidError(f"no such Exchange API '{api[:40]}'")
    return found


def _field(asked: Asked) -> dict[str, Any]:
    told = f"{asked.label}. {asked.help}".strip()
    usual = {"type": "string", "default": None, "choices": None}
    return {"name": asked.name, "required": asked.required, "help": told, **usual}


def _imported(key: ApiKey) -> Any:
    found = Entry.objects.filter(source__startswith=IMPORT, state__in=LIVE).exclude(source__in=SENT)
    return found.filter(bank__name__in=key.banks) if key.banks else found


def _lists(key: ApiKey) -> dict[str, str]:
    """The name of each exchange, and the source that its entries have."""
    sources = _imported(key).order_by().values_list("source", flat=True).distinct()
    return {hma.bank_name(source.removeprefix(IMPORT)): source for source in sources}


def _list(key: ApiKey, exchange: str) -> str:
    found = _lists(key).get(exchange)
    if found is None:
        raise MissingError(f"Exchange '{exchange[:64]}' not found")
    return found


def _followed(key: ApiKey) -> dict[str, Source]:
    """The sources that are followed into the banks of ``key``, by the name of each exchange."""
    rows = standing.sources()
    return {hma.bank_name(row.name): row for row in rows if not key.banks or row.bank.name in key.banks}


def _stands(source: Source) -> dict[str, Any]:
    """How far a source was read."""
    now = timezone.now()
    read_at = source.caught_up_at and int(source.caught_up_at.timestamp())
    is_read = standing.is_read(source, now)
    return {
        "checkpoint_ts": read_at,
        "running_fetch_start_ts": int(source.tried_at.timestamp()) if is_read and source.tried_at else None,
        "last_fetch_complete_ts": read_at,
        "last_fetch_succeeded": not source.last_error and not source.question,
        "up_to_date": standing.of(source, now) is standing.Standing.FOLLOWED,
        "fetched_items": source.records,
    }


def _api(source: Source) -> str:
    return _named(source.kind)


def _named(kind: str) -> str:
    """The name that HMA has for a protocol, where it has one."""
    return APIS.get(kind, kind)
