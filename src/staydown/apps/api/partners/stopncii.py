"""The partner API of StopNCII.org, for clients that know no other: HMA, and whatever is built on threatexchange."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.http import HttpRequest
from django.urls import path

from staydown.apps.accounts.access import key_actor
from staydown.apps.accounts.models import ApiKey
from staydown.apps.api.plain import asking, nothing
from staydown.apps.banks import client_actions, fetching, shared
from staydown.apps.banks.models import Bank, Entry
from staydown.errors import DeniedError
from staydown.exchange import stopncii
from staydown.exchange.stopncii import Record

PROTOCOL: Final = "stopncii"
LATEST: Final = 2**33  # seconds; no later time is asked for


def fetch(request: HttpRequest, key: ApiKey) -> dict[str, Any]:
    """``FetchHashes``: confirmed hashes that changed at or after a time, the oldest change first."""
    since = stopncii.whole(request.GET.get("startTimestamp"), "startTimestamp", 0, LATEST)
    limit = max(1, stopncii.whole(request.GET.get("pageSize"), "pageSize", stopncii.USUAL_PAGE, stopncii.MOST))
    token = request.GET.get("nextPageToken", "")
    fetching.take(key)
    rows = shared.confirmed(key).filter(changed_at__gte=shared.EPOCH + timedelta(seconds=since))
    found = shared.in_order(rows, stopncii.place(token) if token else None, limit + 1)
    shown = found[:limit]
    if shown:
        client_actions.record_fetch(key, protocol=PROTOCOL, entries=len(shown), by=key_actor(key))
    following = stopncii.page_token(shared.place(shown[-1])) if len(found) > limit else None
    return stopncii.page([_record(entry) for entry in shown], since=since, token=following)


def submit_hashes(request: HttpRequest, key: ApiKey) -> dict[str, int]:
    """``SubmitHashes``: banked in the one bank of the key; pending, unless the key may enforce."""
    given = stopncii.given_hashes(request.body)
    client_actions.take(given, bank=_bank(key), protocol=PROTOCOL, key=key, by=key_actor(key))
    return {"count": len(given)}


def submit_feedback(request: HttpRequest, key: ApiKey) -> dict[str, int]:
    """``SubmitFeedback``: what the partner says of hashes. Of what is not here, or no longer, nothing is kept."""
    return {"count": client_actions.hear(stopncii.given_feedback(request.body), key=key, by=key_actor(key))}


def _bank(key: ApiKey) -> Bank:
    """The bank that hashes of this key go to."""
    banks = Bank.objects.filter(name__in=key.banks) if key.banks else Bank.objects.all()
    found = list(banks[:2])
    if len(found) != 1:
        raise DeniedError("This key must be limited to one bank, the one that its hashes go to.")
    return found[0]


def _record(entry: Entry) -> Record:
    said = [(shared.speaker(each), each.opinion) for each in entry.feedback.all()]
    return Record(entry.public_id, entry.hash, int(entry.changed_at.timestamp()), said)


def _key(request: HttpRequest) -> str:
    """The key of the call. StopNCII's clients send two; give both the same, the other one is not looked at."""
    return request.headers.get("x-functions-key", "").strip()


CHALLENGE: Final = 'Key header="x-functions-key"'
urlpatterns = [
    path("FetchHashes", asking(token=_key, challenge=CHALLENGE, GET=("feed:read", fetch))),
    path("SubmitHashes", asking(token=_key, challenge=CHALLENGE, POST=("entry:write", submit_hashes))),
    path("SubmitFeedback", asking(token=_key, challenge=CHALLENGE, POST=("feed:read", submit_feedback))),
    path("<path:rest>", nothing),
]
