"""Rotating the keyring of an install: its sealed fields and the secrets of second factors, with a line in the log."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.db import transaction

from staydown.apps.accounts import actions as accounts
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.vault import actions as vault
from staydown.apps.vault import files


def rotate(progress: vault.Progress | None = None) -> vault.Rotated:
    """Rotate, one at a time on this machine, and write down that it was done."""
    with files.lock(settings.STAYDOWN_DATA / "rotate.lock"):
        done = vault.rotate(progress)
        with transaction.atomic():
            factors = accounts.reseal_second_factors()
            facts = {"values": done.values, "second_factors": factors, "fresh": done.fresh}
            audit.record("keyring.rotated", by=Actor.system(), about=f"keyring:{done.key_id}", facts=facts)
    return replace(done, values=done.values + factors)
