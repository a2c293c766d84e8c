"""The codes of notices to uploaders: derived with the keyring from a random id, so always the same, stored nowhere."""

from __future__ import annotations

import hmac
from collections.abc import Collection

from staydown.apps.cases.models import UploaderNotice
from staydown.apps.vault import keyring
from staydown.core import receipt


def code_of(notice: UploaderNotice) -> str:
    """The code by which this notice's uploader appeals."""
    return codes_of([notice])[0]


def codes_of(notices: Collection[UploaderNotice]) -> list[str]:
    """The code of each notice."""
    secret = keyring.current().secret("uploader notice code") if notices else b""
    drawn = (hmac.digest(secret, notice.public_id.bytes, "sha256") for notice in notices)
    return [receipt.new_code(each[: receipt.ENTROPY_SIZE]) for each in drawn]


def lookup_id(code: str) -> bytes:
    """What a notice is found by; raises `ReceiptError` for what cannot be a code."""
    return receipt.lookup_id(code, keyring.current().secret("uploader notice lookup"))
