"""Nothing sensitive in what a model or a value says of itself."""

from __future__ import annotations

import uuid

import pytest
from django.apps import apps
from django.db import models

from staydown.apps.vault.fields import SealedBytesField, SealedTextField
from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash

CANARY = "canary-7f3k"
OURS = [m for m in apps.get_models() if m._meta.app_label.startswith("staydown_")]


def filled(model: type[models.Model]) -> models.Model:
    """An unsaved row of ``model`` with the canary in every field that could hold a person's words or a hash."""
    row = model()
    for field in model._meta.concrete_fields:
        if isinstance(field, SealedTextField | models.TextField) or field.name in {
            "pseudonym",
            "username",
            "email",
            "number",
        }:
            setattr(row, field.name, CANARY)
        elif isinstance(field, SealedBytesField | models.BinaryField):
            setattr(row, field.name, CANARY.encode())
        elif isinstance(field, models.JSONField):
            setattr(row, field.name, {CANARY: CANARY})
    return row


def test_there_are_models():
    assert len(OURS) > 10


@pytest.mark.parametrize("model", OURS, ids=lambda m: m._meta.label)
def test_a_row_shows_no_secret(model):
    row = filled(model)
    assert CANARY not in repr(row)
    assert CANARY.encode().hex() not in repr(row)


def test_a_hash_and_an_entry_show_no_value():
    value = Hash(Algorithm.PDQ, bytes(range(32)))
    entry = Entry(uuid.uuid4(), "house", value, 31, Action.BLOCK)
    for said in (repr(value), str(value), repr(entry), str(entry)):
        assert value.hex() not in said
        assert value.hex()[:8] not in said
