"""Which fields of the models hold something of a person. A field that is in none of these lists fails a test."""

from __future__ import annotations

from typing import Final

from django.apps import apps
from django.db import models

from staydown.apps.cases import keeping
from staydown.apps.vault.fields import SealedField

#: What nobody can write a word into: numbers, times, yes and no, random ids, ways to other rows.
PLAIN: Final = (
    models.IntegerField,
    models.AutoField,
    models.BooleanField,
    models.DateField,
    models.UUIDField,
    models.ForeignKey,
)

#: Erased by something else than a case's time: which is in `tests.canaries.erase`.
ERASED: Final = {
    "Entry.value": "the hash; erased when the entry ends",
    "Entry.fingerprint": "a keyed digest of the hash; erased with it",
    "Label.text": "what a client wrote beside an entry; erased when the entry ends",
    "Record.name": "a source's own id of a record; gone when the source takes it back or is removed",
    "Reply.body": "an answer that is repeated; removed after days",
    "Session.session_data": "what a signed-in browser carries, sealed; removed at sign-out and after days",
}

#: Kept, although somebody wrote it or it is secret: the operator's own words, and the people who work here.
KEPT: Final = {
    "ApiKey": {"name"},
    "Authenticator": {"data"},  # the second factor of somebody who works here, sealed
    "Bank": {"name"},
    "Decision": {"by_label"},  # a pseudonym
    "EmailAddress": {"email"},  # of somebody who works here
    "EmailConfirmation": {"key"},
    "Endpoint": {"name", "url", "signing_key"},
    "Line": {"actor_label", "facts"},  # pseudonyms; ids, states, counts, names, and why something blocks without a case
    "Proposal": {"proposed_label", "details"},  # a pseudonym; ids, names of lists, counts
    "SavedView": {"name"},
    "SocialAccount": {"uid", "extra_data"},
    "SocialApp": {"name", "client_id", "secret", "key", "settings"},
    "SocialToken": {"token", "token_secret"},
    "Source": {"name", "address", "credentials", "enforced_because", "cursor"},
    "Staff": {"password", "username", "email", "pseudonym"},
}

#: Names, codes and counts of ours, digests that need the keyring, random bytes.
HARMLESS: Final = {
    "ApiKey": {"prefix", "digest", "scopes", "banks"},
    "Authenticator": {"type"},
    "Case": {"number", "regimes"},
    "Checkpoint": {"note"},
    "Clock": {"regime_id", "clock_id"},
    "ContentType": {"app_label", "model"},
    "DBTaskResult": {"args_kwargs", "task_path", "worker_ids", "queue_name", "backend_name", "return_value"}
    | {"exception_class_path", "traceback"},
    "Decision": {"regime_id", "ground"},
    "Delivery": {"event", "payload", "last_error"},
    "Entry": {"source"},
    "FeedHead": {"frontier"},
    "FeedLine": {"action", "salt", "leaf", "root"},
    "Group": {"name"},
    "Head": {"frontier"},
    "Hit": {"content_key"},
    "Item": {"content_key"},
    "Keeping": {"forgotten"},
    "Line": {"verb", "actor_kind", "actor_id", "about", "also", "row_key", "leaf", "root"},
    "Lock": {"items", "clocks", "actions", "laws"},  # ids, and names of laws and states
    "Mention": {"ref"},
    "Opinion": {"last_error"},
    "Order": {"regime_id"},
    "Permission": {"name", "codename"},
    "PinnedRegime": {"regime_id", "version", "text"},
    "Proposal": {"about"},
    "Record": {"mark"},
    "Reply": {"given", "request"},
    "Report": {"provided", "lookup_id", "language"},
    "SavedView": {"lane", "only", "law"},
    "Session": {"session_key"},
    "SocialAccount": {"provider"},
    "SocialApp": {"provider", "provider_id"},
    "Source": {"kind", "allowed", "last_error"},
    "UploaderNotice": {"lookup_id", "decided_by"},
}


def of_cases() -> set[str]:
    """The personal columns that a case's time erases: ``Model.field``."""
    return {name for names in keeping.ARTEFACTS.values() for name in names}


def personal() -> set[str]:
    """Every personal column that is erased some day."""
    return of_cases() | set(ERASED)


def model_of(name: str) -> type[models.Model]:
    """The model of a column ``Model.field``."""
    (found,) = [model for model in apps.get_models() if model.__name__ == name.partition(".")[0]]
    return found


def undeclared() -> set[str]:
    """The columns that could hold somebody's words and that nobody has thought about."""
    found = set()
    for model in apps.get_models():
        known = KEPT.get(model.__name__, set()) | HARMLESS.get(model.__name__, set())
        for field in model._meta.local_fields:
            plain = isinstance(field, PLAIN) or (bool(field.choices) and not isinstance(field, SealedField))
            if not plain and field.name not in known:
                found.add(f"{model.__name__}.{field.name}")
    return found - personal()


def unknown() -> set[str]:
    """The declared columns that no model has."""
    declared = personal() | {f"{model}.{name}" for each in (KEPT, HARMLESS) for model in each for name in each[model]}
    real = {f"{model.__name__}.{field.name}" for model in apps.get_models() for field in model._meta.local_fields}
    return declared - real
