"""The key that signs the feed's checkpoints: derived from the keyring, so that it survives every rotation."""

from __future__ import annotations

from typing import Final

from staydown.apps.vault import keyring
from staydown.core.note import Signer, Verifier

NAME: Final = "staydown-feed"


def signer() -> Signer:
    """Signs checkpoints of this install's feed."""
    return Signer(NAME, keyring.current().secret("feed"))


def verifier() -> Verifier:
    """What followers check the checkpoints with; its text is public."""
    return signer().verifier
