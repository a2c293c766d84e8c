"""Banks and their contents. A bank's content is an entry; HMA's numbers for them follow from the entries' ids."""

from __future__ import annotations

import json
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse

from staydown.apps.accounts.access import key_actor
from staydown.apps.accounts.models import ApiKey
from staydown.apps.api.plain import fields, is_yes
from staydown.apps.banks import actions, client_actions, fetching
from staydown.apps.banks.models import LIVE, Bank, Entry, Label, Proposal
from staydown.apps.cases.actions import withdraw_or_propose
from staydown.core.hashing.algorithm import Algorithm
from staydown.errors import DeniedError, InvalidError, MissingError
from staydown.exchange import hma

PROTOCOL: Final = "hma"
LONGEST_NOTE: Final = 255
LONGEST_METADATA: Final = 10_000
PROPOSED: Final = "It is proposed. Copies are blocked until a lead of the operator has approved it."
ALWAYS: Final = "a bank of staydown is always on: take contents out, or give keys that do not see the bank"


def index(request: HttpRequest, key: ApiKey) -> list[dict[str, Any]]:
    """``GET /c/banks``."""
    return [_shown(bank) for bank in _seen(key).order_by("name")]


def create(request: HttpRequest, key: ApiKey) -> HttpResponse:
    """``POST /c/banks``."""
    given = fields(request)
    name = hma.our_name(given.get("name"))
    if not is_yes(given.get("enabled_ratio", given.get("enabled", 1.0))):
        raise InvalidError(f"enabled: {ALWAYS}.")
    if not key.sees(name):  # first, so that it does not learn which other banks there are
        raise DeniedError("missing role: this key is limited to other banks")
    if Bank.objects.filter(name=name).exists():
        raise DeniedError("Bank already exists")
    return JsonResponse(_shown(actions.open_bank(name, by=key_actor(key))), status=201)


def show(request: HttpRequest, key: ApiKey, bank: str) -> dict[str, Any]:
    """``GET /c/bank/NAME``."""
    return _shown(_bank(key, bank))


def change(request: HttpRequest, key: ApiKey, bank: str) -> dict[str, Any]:
    """``PUT /c/bank/NAME``: what would change nothing is granted."""
    found, given = _bank(key, bank), fields(request)
    if given.get("name", bank) != bank:
        raise InvalidError("name: a bank's name is part of the signed feed and never changes.")
    if not all(is_yes(given[name]) for name in ("enabled", "enabled_ratio") if name in given):
        raise InvalidError(f"enabled: {ALWAYS}.")
    return _shown(found)


def remove(request: HttpRequest, key: ApiKey, bank: str) -> HttpResponse:
    """``DELETE /c/bank/NAME``: refused, for what many people reported is not ended by one call."""
    _bank(key, bank)
    raise DeniedError("A bank is not deleted: what people reported is in it. Delete its contents one by one.")


def add_signal(request: HttpRequest, key: ApiKey, bank: str) -> dict[str, Any]:
    """``POST /c/bank/NAME/signal``: bank a hash. It blocks at once only if the key may enforce."""
    found, given = _bank(key, bank), fields(request)
    text = _label(given.pop("note", None), given.pop("metadata", None))
    if not given:
        raise InvalidError("No signals given")
    if len(given) > 1:
        raise InvalidError("Give one signal at a time: each is a content of its own.")
    ((kind, value),) = given.items()
    entry = client_actions.bank_hash(
        found,
        hma.signal(kind, value),
        protocol=PROTOCOL,
        enforced_because=client_actions.BY_POLICY if key.may("entry:enforce") else "",
        text=text,
        by=key_actor(key),
    )
    return {"id": hma.content_id(entry.public_id), "signals": _signals(entry)}


def add_content(request: HttpRequest, key: ApiKey, bank: str) -> HttpResponse:
    """``POST /c/bank/NAME/content``: pictures are hashed by screening nodes, and never come here."""
    raise InvalidError("Send pictures to the address of a screening node. This process takes hashes: see .../signal.")


def show_content(request: HttpRequest, key: ApiKey, bank: str, content: str) -> dict[str, Any]:
    """``GET /c/bank/NAME/content/ID``. The hash itself only for keys that may follow the feed, which holds it too."""
    entry = _entry(key, bank, content, live=False)
    shown: dict[str, Any] = {
        "id": hma.content_id(entry.public_id),
        "disable_until_ts": 1 if entry.state in LIVE else 0,
        "original_media_uri": None,
        "bank": _shown(entry.bank),
    }
    if hma.is_true(request.GET.get("include_signals", "")) and entry.state in LIVE:
        if not key.may("feed:read"):
            raise DeniedError("missing role: the key needs the scope feed:read, as hashes are told")
        fetching.take(key)
        client_actions.record_fetch(key, protocol=PROTOCOL, entries=1, by=key_actor(key))
        shown["signals"] = _signals(entry)
    label = Label.objects.filter(entry=entry).first()
    if label is not None and hma.is_true(request.GET.get("include_metadata", "true")):
        shown |= json.loads(label.text)
    return shown


def change_content(request: HttpRequest, key: ApiKey, bank: str, content: str) -> HttpResponse:
    """``PUT /c/bank/NAME/content/ID``: 0 ends the entry for ever, 1 leaves a live one as it is. 202 where that
    waits for a second person."""
    until = fields(request).get("disable_until_ts")
    if type(until) is not int or until not in (0, 1):
        raise InvalidError("disable_until_ts: 0 ends a content, 1 leaves it on; for a time it cannot be disabled.")
    entry = _entry(key, bank, content, live=bool(until))
    if until == 0 and _is_proposed(entry, key):
        return JsonResponse({**show_content(request, key, bank, content), "message": PROPOSED}, status=202)
    return JsonResponse(show_content(request, key, bank, content))


def remove_content(request: HttpRequest, key: ApiKey, bank: str, content: str) -> HttpResponse:
    """``DELETE /c/bank/NAME/content/ID``: matched no more anywhere, and its hash erased. 202 and nothing deleted where
    that waits for a second person."""
    entry = _entry(key, bank, content, live=False)
    if entry.state not in LIVE:
        return JsonResponse({"deleted": 0})
    if _is_proposed(entry, key):
        return JsonResponse({"deleted": 0, "message": PROPOSED}, status=202)
    return JsonResponse({"deleted": 1})


def _is_proposed(entry: Entry, key: ApiKey) -> bool:
    """Whether ending ``entry`` waits for a second person; else it is ended now."""
    return isinstance(withdraw_or_propose(entry, key=key, by=key_actor(key)), Proposal)


def _seen(key: ApiKey) -> QuerySet[Bank]:
    return Bank.objects.filter(name__in=key.banks) if key.banks else Bank.objects.all()


def _bank(key: ApiKey, name: str) -> Bank:
    """The bank of this name that the key may see; `MissingError` otherwise."""
    try:
        found = _seen(key).filter(name=hma.our_name(name)).first()
    except InvalidError:
        found = None
    if found is None:
        raise MissingError(f"bank '{name[:64]}' not found")
    return found


def _entry(key: ApiKey, bank: str, content: str, *, live: bool) -> Entry:
    """The entry of this number in the bank; `MissingError` otherwise, with ``live`` also for one that ended."""
    found = _bank(key, bank)
    try:
        ids = hma.entry_ids(int(content) if content.isascii() and content.isdigit() and len(content) <= 16 else -1)
    except InvalidError:
        raise MissingError(f"content {content[:20]} not found") from None
    entries = Entry.objects.filter(bank=found, public_id__range=ids).select_related("bank")
    entry = (entries.filter(state__in=LIVE) if live else entries).first()
    if entry is None:
        raise MissingError(f"content {content} not found")
    return entry


def _signals(entry: Entry) -> dict[str, str]:
    return {hma.SIGNAL_TYPE[Algorithm(entry.algorithm)]: hma.signal_text(entry.hash)}


def _shown(bank: Bank) -> dict[str, Any]:
    return {"name": hma.bank_name(bank.name), "matching_enabled_ratio": 1.0}


def _label(note: object, metadata: object) -> str:
    """What is kept beside the entry, as JSON; empty for nothing. Raises `InvalidError`."""
    kept: dict[str, object] = {}
    if note is not None:
        if not isinstance(note, str) or len(note) > LONGEST_NOTE:
            raise InvalidError(f"note: a text of at most {LONGEST_NOTE} characters is expected.")
        kept["note"] = note
    if metadata is not None:
        if not isinstance(metadata, dict):
            raise InvalidError("metadata should be a json object")
        if unexpected := sorted(set(metadata) - hma.METADATA):
            raise InvalidError(f"metadata contains unexpected keys: {', '.join(each[:40] for each in unexpected)}")
        kept["metadata"] = metadata
    text = json.dumps(kept) if kept else ""
    if len(text) > LONGEST_METADATA:
        raise InvalidError(f"metadata: at most {LONGEST_METADATA} characters are kept.")
    return text
