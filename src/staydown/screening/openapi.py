"""What a node answers, as an OpenAPI document: its own addresses and those of Hasher-Matcher-Actioner."""

from __future__ import annotations

from typing import Any, Final

from staydown.screening import wire
from staydown.screening.settings import Settings

Fields = dict[str, Any]
VERSION: Final = "3.1.0"
_KEY: Final[list[Fields]] = [{"key": []}]
_HEX: Final = {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}
_FILE: Final = {"type": "string", "contentMediaType": "application/octet-stream"}
_ACTION: Final = {"type": "string", "enum": ["allow", "review", "block"]}


def document(settings: Settings) -> Fields:
    """The document of a node with these settings."""
    return {
        "openapi": VERSION,
        "info": {
            "title": "staydown screening",
            "version": "1",
            "description": "May this be published? Errors below /v1 are problem documents with a `code`.",
        },
        "paths": {**_own(), **_watching(), **_hma()},
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(settings),
        },
    }


def _own() -> Fields:
    asks = [_flag("status", "Say `block` by status 451 too"), _flag("explain", "Tell the matches; another scope")]
    question, batch = _ref("Question"), _ref("Batch")
    picture = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": _FILE, "content_ref": _ref("ContentRef"), "preview_url": _ref("PreviewUrl")},
    }
    refused = {status: _problem() for status in ("401", "403", "408", "413", "415", "422", "503")}
    return {
        "/v1/screen": {
            "post": {
                "summary": "Ask about one picture",
                "operationId": "screen",
                "security": _KEY,
                "parameters": asks,
                "requestBody": _body({"application/json": question, "multipart/form-data": picture}),
                "responses": {"200": _json("Answer"), "451": _json("Answer"), **refused},
            }
        },
        "/v1/screen/batch": {
            "post": {
                "summary": "Ask about many pictures by their hashes",
                "operationId": "screen_many",
                "security": _KEY,
                "parameters": asks,
                "requestBody": _body({"application/json": batch}),
                "responses": {"200": _json("Answers"), **refused},
            }
        },
        "/v1/index": {"get": _got("Size of the index and how far it has read", "index", "Index", key=True)},
    }


def _watching() -> Fields:
    metrics = _got("Figures for Prometheus", "metrics", None, key=True)
    return {
        "/livez": {"get": _got("Whether the process answers", "livez", "Anything")},
        "/readyz": {"get": _got("Whether it should get traffic", "readyz", "Anything") | {"responses": _either()}},
        "/metrics": {"get": metrics},
        "/status": {"get": _got("HMA: alive, not loaded or stale", "status", None)},
        "/status/live": {"get": _got("HMA: alive", "status_live", None)},
        "/v1/openapi.json": {"get": _got("This document", "openapi", "Anything")},
    }


def _hma() -> Fields:
    photo = {"type": "object", "required": ["photo"], "properties": {"photo": _FILE}}
    types = [_text("types"), _text("content_type")]
    hash_ = [_text("signal"), _text("signal_type", ["pdq", "sha256"])]
    narrowed = [_text("banks"), _text("seed"), _text("bypass_coinflip", ["true", "false"])]
    pair = {"type": "array", "items": _HEX, "minItems": 2, "maxItems": 2}
    return {
        "/h/hash": {
            "get": _asked("HMA: hash the picture at an address", "hma_hash_named", [_text("url"), *types]),
            "post": _asked("HMA: hash a picture", "hma_hash", types, {"multipart/form-data": photo}),
        },
        "/m/lookup": {
            "get": _asked("HMA: look a hash or an address up", "hma_lookup", [*hash_, _text("url"), *types, *narrowed]),
            "post": _asked("HMA: look a picture up", "hma_lookup_sent", narrowed, {"multipart/form-data": photo}),
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
                {"application/json": {"type": "object", "properties": {"pdq": pair, "sha256": pair}}},
            )
        },
        "/m/index/status": {"get": _asked("HMA: size and age of the index", "hma_index", [_text("signal_type")])},
    }


def _schemas(settings: Settings) -> Fields:
    hash_ = {
        "type": "object",
        "additionalProperties": False,
        "required": ["algorithm", "value"],
        "properties": {
            "algorithm": {"type": "string", "enum": ["pdq", "sha256"]},
            "value": _HEX,
            "quality": {"type": "integer", "minimum": 0, "maximum": 100},
        },
    }
    match = {
        "type": "object",
        "properties": {
            "bank": {"type": "string"},
            "entry": {"type": "string", "format": "uuid"},
            "algorithm": {"type": "string"},
            "distance": {"type": "integer"},
            "action": _ACTION,
        },
    }
    answer = {
        "type": "object",
        "required": ["action", "hashable", "hit_id"],
        "properties": {
            "action": _ACTION,
            "hashable": {"type": "boolean"},
            "hit_id": {"type": ["string", "null"]},
            "matches": {"type": "array", "items": match},
        },
    }
    return {
        "Anything": {"type": "object"},
        "Answer": answer,
        "Answers": _object(answers={"type": "array", "items": _ref("Answer")}),
        "Batch": _object(items={"type": "array", "items": _ref("Question"), "maxItems": settings.most_items}),
        "ContentRef": {"type": "string", "maxLength": wire.LONGEST_REF},
        "Index": _object(
            entries={"type": "integer"}, cursor={"type": "integer"}, lag_seconds={"type": ["number", "null"]}
        ),
        "PreviewUrl": {"type": "string", "maxLength": wire.LONGEST_URL, "pattern": "^https?://"},
        "Problem": _object(
            type={"type": "string"},
            title={"type": "string"},
            status={"type": "integer"},
            detail={"type": "string"},
            code={"type": "string"},
        ),
        "Message": _object(message={"type": "string"}),
        "Question": {
            "type": "object",
            "additionalProperties": False,
            "required": ["hashes"],
            "properties": {
                "hashes": {"type": "array", "items": hash_, "minItems": 1, "maxItems": settings.most_hashes},
                "content_ref": _ref("ContentRef"),
                "preview_url": _ref("PreviewUrl"),
            },
        },
    }


def _object(**properties: Fields) -> Fields:
    return {"type": "object", "required": list(properties), "properties": properties}


def _ref(name: str) -> Fields:
    return {"$ref": f"#/components/schemas/{name}"}


def _flag(name: str, about: str) -> Fields:
    return {"name": name, "in": "query", "description": about, "schema": {"type": "string", "enum": ["0", "1"]}}


def _text(name: str, known: list[str] | None = None) -> Fields:
    schema: Fields = {"type": "string"} | ({"enum": known} if known else {})
    return {"name": name, "in": "query", "schema": schema}


def _body(kinds: Fields) -> Fields:
    return {"required": True, "content": {kind: {"schema": schema} for kind, schema in kinds.items()}}


def _json(name: str) -> Fields:
    return {"description": name, "content": {"application/json": {"schema": _ref(name)}}}


def _problem() -> Fields:
    return {"description": "Refused", "content": {"application/problem+json": {"schema": _ref("Problem")}}}


def _either() -> Fields:
    return {"200": _json("Anything"), "503": _json("Anything")}


def _got(summary: str, name: str, schema: str | None, *, key: bool = False) -> Fields:
    answer = _json(schema) if schema else {"description": "Text", "content": {"text/plain": {}}}
    found: Fields = {"summary": summary, "operationId": name, "responses": {"200": answer}}
    if key:
        found |= {"security": _KEY}
        found["responses"] |= {"401": _problem(), "403": _problem()}
    if name == "status":
        found["responses"]["503"] = answer
    return found


def _asked(summary: str, name: str, parameters: list[Fields], body: Fields | None = None) -> Fields:
    """An operation of HMA's API; its errors are messages."""
    refusals = {status: _json("Message") for status in ("400", "401", "403", "408", "413", "503")}
    found: Fields = {
        "summary": summary,
        "operationId": name,
        "security": _KEY,
        "parameters": parameters,
        "responses": {"200": _json("Anything"), **refusals},
    }
    return found if body is None else found | {"requestBody": _body(body)}
