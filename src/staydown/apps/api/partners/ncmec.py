"""NCMEC's hash-sharing API, for clients that know no other protocol in which a deletion arrives."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

from staydown.apps.accounts.access import key_actor
from staydown.apps.accounts.models import ApiKey
from staydown.apps.api.plain import asking, nothing
from staydown.apps.banks import access, client_actions, fetching, shared
from staydown.apps.banks.models import LIVE, Entry, Feedback
from staydown.core.hashing.algorithm import Algorithm
from staydown.errors import InvalidError, MissingError
from staydown.exchange import ncmec
from staydown.exchange.ncmec import TAGS, Member, Shared, Window
from staydown.exchange.stopncii import page_token, place, whole

PROTOCOL: Final = "ncmec"
HOUSE: Final = 1  # our number as a member
CONFIRMED, DISPUTED = Feedback.Opinion.CONFIRMED, Feedback.Opinion.DISPUTED


def status(request: HttpRequest, key: ApiKey) -> HttpResponse:
    """``/v2/status``."""
    return _xml(ncmec.status(key.name, Member(_number(key), key.name)))


def members(request: HttpRequest, key: ApiKey) -> HttpResponse:
    """``/v2/members``: this house."""
    return _xml(ncmec.members([_house()]))


def entries(request: HttpRequest, key: ApiKey) -> HttpResponse:
    """``/v2/entries``: what was confirmed or ended in a window of time, the oldest change first."""
    ask = request.GET
    window = Window.read(ask.get("from", ""), ask.get("to", ""))
    rows = (shared.confirmed(key) | shared.ended(key)).filter(changed_at__gte=window.start, changed_at__lt=window.end)
    after = place(ask["after"]) if ask.get("after") else None
    start = whole(ask.get("start"), "start", 1, 2**40)
    fetching.take(key)
    found = shared.in_order(rows, after, ncmec.PAGE + 1)
    shown, more = found[: ncmec.PAGE], len(found) > ncmec.PAGE
    if hashes := sum(entry.state in LIVE for entry in shown):
        client_actions.record_fetch(key, protocol=PROTOCOL, entries=hashes, by=key_actor(key))
    return _xml(
        ncmec.entries(
            _house(),
            [_told(entry) for entry in shown],
            window,
            start=start,
            total=rows.count() if more else 0,
            token=page_token(shared.place(shown[-1])) if more else None,
        )
    )


def reasons(request: HttpRequest, key: ApiKey, kind: str) -> HttpResponse:
    """``/v2/feedback/PDQ/reasons``, and the same of MD5."""
    return _xml(ncmec.reasons(_algorithm(kind)))


def feedback(request: HttpRequest, key: ApiKey, member: int, entry: UUID, kind: str) -> HttpResponse:
    """``/v2/entries/1/ID/PDQ/feedback``, and the same of MD5: what the partner says of one entry."""
    found = access.entry_for_key(key, entry, scope="feed:read")
    if member != HOUSE or found.algorithm != _algorithm(kind):
        raise MissingError
    if found.state not in LIVE:
        raise InvalidError("This entry has ended. Delete it.")
    opinion = CONFIRMED if ncmec.is_affirmative(request.body) else DISPUTED
    client_actions.give_feedback(found, opinion, key=key, by=key_actor(key))
    return HttpResponse(status=204)


def _algorithm(kind: str) -> Algorithm:
    """The algorithm that the protocol calls so; `MissingError` for one that we do not share."""
    found = next((each for each in TAGS if each.upper() == kind), None)
    if found is None:
        raise MissingError
    return found


def _told(entry: Entry) -> Shared:
    algorithm = Algorithm(entry.algorithm)
    if entry.state not in LIVE:
        return Shared(entry.public_id, entry.changed_at, algorithm, None)
    said = [
        (Member(_number(each.key), shared.speaker(each)), each.opinion == CONFIRMED, each.at)
        for each in entry.feedback.all()
        if each.opinion in (CONFIRMED, DISPUTED)
    ]
    return Shared(entry.public_id, entry.changed_at, algorithm, entry.hash, said)


def _house() -> Member:
    return Member(HOUSE, settings.STAYDOWN_NAME)


def _number(key: ApiKey) -> int:
    """A partner's number as a member: the same each time, and never ours."""
    return 2 + (key.public_id.int >> 98)


def _xml(content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type=ncmec.CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def _key(request: HttpRequest) -> str:
    """The key: the password of HTTP Basic, whatever the user's name."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _door(**by_method: Any) -> Any:
    return asking(token=_key, challenge='Basic realm="staydown"', **by_method)


urlpatterns = [
    path("status", _door(GET=("feed:read", status))),
    path("members", _door(GET=("feed:read", members))),
    path("entries", _door(GET=("feed:read", entries))),
    path("feedback/<str:kind>/reasons", _door(GET=("feed:read", reasons))),
    path("entries/<int:member>/<uuid:entry>/<str:kind>/feedback", _door(PUT=("feed:read", feedback))),
    path("<path:rest>", nothing),
]
