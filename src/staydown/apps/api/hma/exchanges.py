"""Exchanges, read only: each list that was imported is one. What is followed is not changed over this API."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse

from staydown.apps.accounts.models import ApiKey
from staydown.apps.api.hma.banks import PROTOCOL
from staydown.apps.api.partners.stopncii import PROTOCOL as STOPNCII
from staydown.apps.banks.models import LIVE, Entry
from staydown.errors import DeniedError, InvalidError, MissingError
from staydown.exchange import hma

API: Final = "local_file"
IMPORT: Final = "import:"
SENT: Final = (f"{IMPORT}{PROTOCOL}", f"{IMPORT}{STOPNCII}")  # by programs, one by one: no list that was fetched


def index(request: HttpRequest, key: ApiKey) -> list[str]:
    """``GET /c/exchanges``."""
    return sorted(_lists(key))


def show(request: HttpRequest, key: ApiKey, exchange: str) -> dict[str, Any]:
    """``GET /c/exchange/NAME``."""
    _source(key, exchange)
    return {"name": exchange, "api": API, "enabled": True}


def status(request: HttpRequest, key: ApiKey, exchange: str) -> dict[str, Any]:
    """``GET /c/exchange/NAME/status``: an import that is there was whole, for it is one transaction."""
    rows = _imported(key).filter(source=_source(key, exchange)).aggregate(count=Count("pk"), last=Max("added_at"))
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
    return [API]


def api(request: HttpRequest, key: ApiKey, api: str) -> dict[str, bool]:
    """``GET /c/exchanges/api/NAME``."""
    if api != API:
        raise InvalidError(f"no such Exchange API '{api[:40]}'")
    return {"supports_authentification": False, "has_set_authentification": False}


def refuse(request: HttpRequest, key: ApiKey, **_given: str) -> HttpResponse:
    """What would change an exchange."""
    raise DeniedError("missing role: lists are imported with `staydown bank import`, not over this API")


def signal_types(request: HttpRequest, key: ApiKey) -> list[dict[str, Any]]:
    """``GET /c/signal_type``."""
    return [{"name": "pdq", "enabled_ratio": 1.0}, {"name": "sha256", "enabled_ratio": 1.0}]


def _imported(key: ApiKey) -> Any:
    found = Entry.objects.filter(source__startswith=IMPORT, state__in=LIVE).exclude(source__in=SENT)
    return found.filter(bank__name__in=key.banks) if key.banks else found


def _lists(key: ApiKey) -> dict[str, str]:
    """The name of each exchange, and the source that its entries have."""
    sources = _imported(key).order_by().values_list("source", flat=True).distinct()
    return {hma.bank_name(source.removeprefix(IMPORT)): source for source in sources}


def _source(key: ApiKey, exchange: str) -> str:
    found = _lists(key).get(exchange)
    if found is None:
        raise MissingError(f"Exchange '{exchange[:64]}' not found")
    return found
