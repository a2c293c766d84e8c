"""Rotation of the keyring: a fresh primary key, and every sealed value under it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import models, transaction

from staydown.apps.vault import keyring
from staydown.apps.vault.fields import Sealed, SealedField, place, sealed_fields
from staydown.core.sealing import Keyring

BATCH = 200  # rows in one transaction: short enough that a request does not wait for it

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did. Not ``fresh``: it only finished one that was broken off."""

    key_id: str
    values: int
    fresh: bool


def rotate(progress: Progress | None = None) -> Rotated:
    """Make a fresh primary key, unless a rotation was broken off, and seal every value with it.

    Safe while others write: they seal with the new key as soon as its file is there, and a value that changed in the
    meantime is left alone and looked at again. Old keys stay in the keyring, for backups and for what is being read.
    """
    keys = keyring.current()
    fresh = not stale(keys)
    if fresh:
        keys = keys.rotate(os.urandom)
        keyring.keep(keys, Path(settings.STAYDOWN_KEYRING_FILE))
    return Rotated(keys.primary, reseal(keys, progress), fresh)


def reseal(keys: Keyring, progress: Progress | None = None) -> int:
    """How many values were sealed anew with the primary key. Returns when no value is left under an older one."""
    done = 0
    while left := stale(keys):
        whole, before = done + left, done
        for model, fields in models_with_seals():
            for rows in _batches(model):
                with transaction.atomic():
                    done += sum(_reseal_row(model, fields, row, keys) for row in rows)
                if progress is not None:
                    progress(done, whole)
        if done == before:  # someone else changed each of them, or erased it
            break
    return done


def stale(keys: Keyring) -> int:
    """How many values are sealed with another key than the primary one."""
    return sum(1 for value in _values() if _is_stale(value, keys))


def unopenable(keys: Keyring) -> int:
    """How many values are sealed with a key that the keyring lacks."""
    return sum(1 for value in _values() if keys.key_id_of(value.data) not in keys.key_ids)


def _values() -> Iterator[Sealed]:
    """Every sealed value of this install, unopened."""
    for model, fields in models_with_seals():
        for rows in _batches(model):
            for row in rows:
                yield from (value for field in fields if isinstance(value := row[field.attname], Sealed))


def models_with_seals() -> list[tuple[type[models.Model], list[SealedField]]]:
    """The models of this install that have sealed fields, with those fields."""
    return [(model, fields) for model in apps.get_models() if (fields := sealed_fields(model))]


def _batches(model: type[models.Model]) -> Iterator[list[dict[str, object]]]:
    """The rows of a model in order of their primary key, without opening anything."""
    names = [field.attname for field in sealed_fields(model)]
    last = 0
    while True:
        found = model._base_manager.filter(pk__gt=last).order_by("pk").values("pk", "public_id", *names)[:BATCH]
        if not (rows := list(found)):
            return
        yield rows
        last = rows[-1]["pk"]


def _reseal_row(model: type[models.Model], fields: list[SealedField], row: dict[str, object], keys: Keyring) -> int:
    done = 0
    for field in fields:
        old = row[field.attname]
        if not isinstance(old, Sealed) or not _is_stale(old, keys):
            continue
        bound_to = place(field, row["public_id"])
        new = Sealed(keys.seal(keys.open(old.data, bound_to=bound_to), bound_to=bound_to))
        # Only if it is still what was read: a value written in the meantime must win.
        done += model._base_manager.filter(pk=row["pk"], **{field.attname: old}).update(**{field.attname: new})
    return done


def _is_stale(value: object, keys: Keyring) -> bool:
    return isinstance(value, Sealed) and keys.key_id_of(value.data) != keys.primary
