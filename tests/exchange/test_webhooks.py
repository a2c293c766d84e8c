"""Webhooks: the published vector, the framing of the specification's own library, and every way to be refused."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import standardwebhooks
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.errors import SettingError, WebhookError
from staydown.exchange import webhooks
from staydown.exchange.webhooks import PublicKey, SigningKey

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "webhooks" / "v1a.json").read_text("utf-8"))["vectors"]
KEY = SigningKey(bytes(range(32)))
OTHER = SigningKey(bytes(range(1, 33)))
NOW = 1_794_000_000
BODY = b'{"type":"case.decided","data":{"case":"1"}}'


def sent(**changes: str) -> dict[str, str]:
    return webhooks.headers("msg_1", NOW, BODY, KEY) | changes


def refused(given: dict[str, str], body: bytes = BODY, *, now: float = NOW) -> str:
    with pytest.raises(WebhookError) as caught:
        webhooks.verify(given, body, keys=[KEY.public], now=now)
    return caught.value.message


@pytest.mark.parametrize("vector", GOLDEN, ids=lambda v: v["name"])
def test_golden_vectors_hold(vector):
    key, body = SigningKey.parse(vector["signing_key"]), vector["body"].encode()
    assert webhooks.sign(vector["id"], vector["timestamp"], body, key) == vector["signature"]
    assert key.public.text() == vector["public_key"]
    made = webhooks.headers(vector["id"], vector["timestamp"], body, key)
    assert webhooks.verify(made, body, keys=[key.public], now=vector["timestamp"]) == vector["id"]


@pytest.mark.parametrize("vector", GOLDEN, ids=lambda v: v["name"])
def test_golden_vectors_are_plain_ed25519_of_the_framed_message(vector):
    """What a receiver without our code does, with nothing but an Ed25519 library."""
    public = base64.b64decode(vector["public_key"].removeprefix("whpk_"))
    signature = base64.b64decode(vector["signature"].removeprefix("v1a,"))
    framed = f"{vector['id']}.{vector['timestamp']}.{vector['body']}".encode()
    Ed25519PublicKey.from_public_bytes(public).verify(signature, framed)


def test_the_framing_is_that_of_the_specifications_library(monkeypatch):
    """`standardwebhooks` only knows the symmetric v1: with its MAC replaced by Ed25519 it must make our signature."""
    signer = Ed25519PrivateKey.from_private_bytes(KEY.seed)
    monkeypatch.setattr("standardwebhooks.webhooks.hmac_data", lambda _key, data: signer.sign(data))
    theirs = standardwebhooks.Webhook(b"unused").sign("msg_1", datetime.fromtimestamp(NOW, UTC), BODY.decode())
    assert "v1a," + theirs.removeprefix("v1,") == webhooks.sign("msg_1", NOW, BODY, KEY)


def test_the_specifications_library_verifies_our_headers_with_the_shared_secret():
    made = webhooks.headers("msg_1", int(time.time()), BODY, KEY)
    assert standardwebhooks.Webhook(KEY.shared_text()).verify(BODY, made) == json.loads(BODY)
    for secret, body in ((OTHER.shared_text(), BODY), (KEY.shared_text(), BODY + b" ")):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(secret).verify(body, made)


def test_the_library_makes_the_same_shared_signature():
    theirs = standardwebhooks.Webhook(KEY.shared_text()).sign("msg_1", datetime.fromtimestamp(NOW, UTC), BODY.decode())
    assert theirs == webhooks.sign_shared("msg_1", NOW, BODY, KEY)


def test_a_shared_signature_alone_is_not_believed_here():
    """We hand out the secret, so what was signed with it is no word of ours to whoever has the public key."""
    made = {
        **webhooks.headers("msg_1", NOW, BODY, KEY),
        "webhook-signature": webhooks.sign_shared("msg_1", NOW, BODY, KEY),
    }
    with pytest.raises(WebhookError):
        webhooks.verify(made, BODY, keys=[KEY.public], now=NOW)


def test_the_seed_may_not_be_shown():
    assert KEY.text() not in repr(KEY)
    assert KEY.seed.hex() not in repr(KEY)
    assert repr(KEY) == "<SigningKey>"


def test_key_texts_come_back():
    assert SigningKey.parse(KEY.text()) == KEY
    assert PublicKey.parse(KEY.public.text()) == KEY.public
    assert KEY.text().startswith("whsk_")
    assert KEY.public.text().startswith("whpk_")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsk_",
        KEY.public.text(),
        "whsec_" + KEY.text().removeprefix("whsk_"),
        "whsk_not base64!",
        "whsk_" + base64.b64encode(KEY.seed).decode(),
        "whsk_" + base64.b64encode(KEY.seed + OTHER.public.raw).decode(),
    ],
)
def test_a_damaged_signing_key_is_refused_without_being_quoted(text):
    with pytest.raises(SettingError) as caught:
        SigningKey.parse(text)
    assert not text.removeprefix("whsk_") or text.removeprefix("whsk_") not in caught.value.message


@pytest.mark.parametrize("text", ["", "whpk_AAAA", "whpk_%", KEY.text()])
def test_a_damaged_public_key_is_refused(text):
    with pytest.raises(SettingError):
        PublicKey.parse(text)


def test_a_seed_of_another_length_is_refused():
    with pytest.raises(SettingError):
        SigningKey(b"short")


def test_a_webhook_needs_a_key():
    with pytest.raises(SettingError):
        webhooks.sign("msg_1", NOW, BODY)


def test_headers_are_read_in_any_case():
    shouted = {name.upper(): value for name, value in sent().items()}
    assert webhooks.verify(shouted, BODY, keys=[KEY.public], now=NOW) == "msg_1"


def test_a_key_is_exchanged_without_a_gap():
    both = webhooks.headers("msg_1", NOW, BODY, OTHER, KEY)
    assert webhooks.verify(both, BODY, keys=[KEY.public], now=NOW) == "msg_1"
    assert webhooks.verify(both, BODY, keys=[OTHER.public], now=NOW) == "msg_1"
    only_new = webhooks.headers("msg_1", NOW, BODY, OTHER)
    assert webhooks.verify(only_new, BODY, keys=[KEY.public, OTHER.public], now=NOW) == "msg_1"


def test_signatures_of_other_versions_are_passed_over():
    ours = sent()["webhook-signature"]
    mixed = sent(**{"webhook-signature": f"v1,aaaa v2,bbbb v1a,%%% {ours}"})
    assert webhooks.verify(mixed, BODY, keys=[KEY.public], now=NOW) == "msg_1"
    assert refused(sent(**{"webhook-signature": ours.replace("v1a,", "v1,")})) == webhooks.NO_MATCH


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named_missing(name):
    headers = sent()
    del headers[name]
    assert refused(headers) == webhooks.MISSING


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_recording_is_refused(seconds):
    assert refused(sent(), now=NOW - seconds) == (webhooks.TOO_OLD if seconds < 0 else webhooks.TOO_NEW)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_clocks_may_differ_by_five_minutes(seconds):
    assert webhooks.verify(sent(), BODY, keys=[KEY.public], now=NOW - seconds) == "msg_1"


@pytest.mark.parametrize("text", ["", "now", "1.5", "-1", "１７９４００００００", "9" * 16, "1e9"])
def test_a_timestamp_that_is_no_number_is_refused(text):
    assert refused(sent(**{"webhook-timestamp": text})) == webhooks.BAD_TIMESTAMP


@pytest.mark.parametrize("text", ["", "a.b", "ä", "x" * 257, "a\nb"])
def test_an_id_that_could_move_the_borders_is_refused(text):
    assert refused(sent(**{"webhook-id": text})) == webhooks.BAD_ID
    with pytest.raises(WebhookError):
        webhooks.sign(text, NOW, BODY, KEY)


def test_what_was_signed_cannot_be_changed():
    assert refused(sent(), BODY + b" ") == webhooks.NO_MATCH
    assert refused(sent(**{"webhook-id": "msg_2"})) == webhooks.NO_MATCH
    assert refused(sent(**{"webhook-timestamp": str(NOW - 1)})) == webhooks.NO_MATCH


def test_no_key_known_is_no_match():
    with pytest.raises(WebhookError, match="No signature"):
        webhooks.verify(sent(), BODY, keys=[], now=NOW)


def test_only_a_few_signatures_are_tried():
    false = "v1a," + base64.b64encode(bytes(64)).decode()
    late = " ".join([false] * 8 + [sent()["webhook-signature"]])
    assert refused(sent(**{"webhook-signature": late})) == webhooks.NO_MATCH


@settings(deadline=None)
@given(
    headers=st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=200)
    ),
    body=st.binary(max_size=200),
)
def test_nonsense_is_refused_with_one_of_the_constant_reasons(headers, body):
    reasons = {webhooks.MISSING, webhooks.BAD_ID, webhooks.BAD_TIMESTAMP, webhooks.TOO_OLD, webhooks.TOO_NEW}
    with pytest.raises(WebhookError) as caught:
        webhooks.verify(headers, body, keys=[KEY.public], now=NOW)
    assert caught.value.message in reasons | {webhooks.NO_MATCH}
