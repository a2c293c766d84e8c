"""Hasher-Matcher-Actioner's addresses at a node, as a part of its OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

Fields = dict[str, Any]
KEY: Final[list[Fields]] = [{"key": []}]
HEX: Final = {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}
SHORT_HEX: Final = {"type": "string", "pattern": "^[0-9a-fA-F]{32}$"}
FILE: Final = {"type": "string", "contentMediaType": "application/octet-stream"}
SINGLE: Final = {"pdq": HEX, "sha256": HEX, "video_md5": SHORT_HEX}
SIGNALS: Final = {**SINGLE, "vpdq": {"type": "string", "description": 'A JSON list of "hash,quality,seconds"'}}
_BANK: Final = {"type": "string", "pattern": "^[A-Z0-9][A-Z0-9_]{0,63}$"}


def paths() -> Fields:
    """The operations below /h, /m and /c. What is below /c is answered by the publisher."""
    return {**_looking_up(), **_curating(), **_exchanges()}


def _looking_up() -> Fields:
    file = {
        "oneOf": [{"type": "object", "required": [each], "properties": {each: FILE}} for each in ("photo", "video")]
    }
    types = [_text("types"), _text("content_type")]
    hash_ = [_text("signal"), _text("signal_type", list(SIGNALS))]
    narrowed = [_text("banks"), _text("seed"), _text("bypass_coinflip", ["true", "false"])]
    pairs = {name: {"type": "array", "items": each, "minItems": 2, "maxItems": 2} for name, each in SINGLE.items()}
    return {
        "/h/hash": {
            "get": _asked("HMA: hash the file at an address", "hma_hash_named", [_text("url"), *types]),
            "post": _asked("HMA: hash a picture or a video", "hma_hash", types, {"multipart/form-data": file}),
        },
        "/m/lookup": {
            "get": _asked("HMA: look a hash or an address up", "hma_lookup", [*hash_, _text("url"), *types, *narrowed]),
            "post": _asked("HMA: look a file up", "hma_lookup_sent", narrowed, {"multipart/form-data": file}),
        },
        "/m/raw_lookup": {
            "get": _asked(
                "HMA: matches without their banks",
                "hma_raw_lookup",
                [*hash_, _text("banks"), _text("include_distance", ["true", "false"])],
            )
        },
        "/m/compare": {
            "post": _asked(
                "HMA: compare two hashes",
                "hma_compare",
                [],
                {"application/json": {"type": "object", "properties": pairs}},
            )
        },
        "/m/index/status": {"get": _asked("HMA: size and age of the index", "hma_index", [_text("signal_type")])},
    }


def _curating() -> Fields:
    bank, content = _part("bank", _BANK), _part("content", {"type": "integer", "minimum": 0})
    note = {"type": "string", "maxLength": 255}
    metadata = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"content_id": {"type": "string"}, "content_uri": {"type": "string"}, "json": {"type": "object"}},
    }
    beside = {"note": note, "metadata": metadata}
    one_of_them = [{"required": [name]} for name in SIGNALS]
    signal = {"type": "object", "properties": {**SIGNALS, **beside}, "oneOf": one_of_them}
    file = {
        "oneOf": [
            {"type": "object", "required": [each], "properties": {each: FILE, "note": note}}
            for each in ("photo", "video")
        ]
    }
    made = {"type": "object", "required": ["name"], "properties": {"name": _BANK, "enabled": {"type": "boolean"}}}
    until = {"type": "object", "properties": {"disable_until_ts": {"type": "integer", "enum": [0, 1]}}}
    shown = [content, bank, _text("include_signals", ["true", "false"]), _text("include_metadata", ["true", "false"])]
    return {
        "/c/banks": {
            "get": _asked("HMA: the banks", "hma_banks", []),
            "post": _asked("HMA: make a bank", "hma_make_bank", [], {"application/json": made}),
        },
        "/c/bank/{bank}": {
            "get": _asked("HMA: a bank", "hma_bank", [bank]),
            "put": _asked("HMA: what would change nothing", "hma_change_bank", [bank], {"application/json": made}),
            "delete": _asked("HMA: refused", "hma_delete_bank", [bank]),
        },
        "/c/bank/{bank}/content": {
            "post": _asked("HMA: bank a file", "hma_bank_picture", [bank, _text("url")], {"multipart/form-data": file})
        },
        "/c/bank/{bank}/signal": {
            "post": _asked("HMA: bank a hash", "hma_bank_signal", [bank], {"application/json": signal})
        },
        "/c/bank/{bank}/content/{content}": {
            "get": _asked("HMA: a content", "hma_content", shown),
            "put": _asked("HMA: end a content", "hma_end_content", [bank, content], {"application/json": until}),
            "delete": _asked("HMA: delete a content", "hma_delete_content", [bank, content]),
        },
    }


def _exchanges() -> Fields:
    exchange, api = _part("exchange", _BANK), _part("api", {"type": "string", "minLength": 1})
    return {
        "/c/exchanges": {"get": _asked("HMA: the exchanges", "hma_exchanges", [])},
        "/c/exchange/{exchange}": {"get": _asked("HMA: an exchange", "hma_exchange", [exchange])},
        "/c/exchange/{exchange}/status": {"get": _asked("HMA: when it came", "hma_exchange_status", [exchange])},
        "/c/exchanges/apis": {"get": _asked("HMA: the kinds of exchange", "hma_exchange_apis", [])},
        "/c/exchanges/api/{api}": {"get": _asked("HMA: a kind of exchange", "hma_exchange_api", [api])},
        "/c/exchanges/api/{api}/schema": {"get": _asked("HMA: what it asks for", "hma_exchange_schema", [api])},
        "/c/signal_type": {"get": _asked("HMA: the kinds of hash", "hma_signal_types", [])},
    }


def ref(name: str) -> Fields:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def body(kinds: Fields) -> Fields:
    """A request body of these content types."""
    return {"required": True, "content": {kind: {"schema": schema} for kind, schema in kinds.items()}}


def json_of(name: str) -> Fields:
    """An answer in JSON, by the schema of this name."""
    return {"description": name, "content": {"application/json": {"schema": ref(name)}}}


def _text(name: str, known: list[str] | None = None) -> Fields:
    schema: Fields = {"type": "string"} | ({"enum": known} if known else {})
    return {"name": name, "in": "query", "schema": schema}


def _part(name: str, schema: Fields) -> Fields:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _asked(summary: str, name: str, parameters: list[Fields], given: Fields | None = None) -> Fields:
    """An operation of HMA's API; its errors are messages."""
    refusals = {status: json_of("Message") for status in ("400", "401", "403", "404", "408", "413", "503")}
    found: Fields = {
        "summary": summary,
        "operationId": name,
        "security": KEY,
        "parameters": parameters,
        "responses": {"200": {"description": "As HMA", "content": {"application/json": {}}}, **refusals},
    }
    return found if given is None else found | {"requestBody": body(given)}
