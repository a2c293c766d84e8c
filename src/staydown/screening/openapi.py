"""What a node answers, as an OpenAPI document: its own addresses and those of Hasher-Matcher-Actioner."""

from __future__ import annotations

from typing import Final

from staydown.screening import wire
from staydown.screening.hma.openapi import FILE, HEX, KEY, SHORT_HEX, Fields, body, json_of, paths, ref
from staydown.screening.settings import Settings

VERSION: Final = "3.1.0"
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
        "paths": {**_own(), **_watching(), **paths()},
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(settings),
        },
    }


def _own() -> Fields:
    asks = [_flag("status", "Say `block` by status 451 too"), _flag("explain", "Tell the matches; another scope")]
    question, batch = ref("Question"), ref("Batch")
    picture = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": FILE, "content_ref": ref("ContentRef"), "preview_url": ref("PreviewUrl")},
    }
    refused = {status: _problem() for status in ("401", "403", "408", "413", "415", "422", "503")}
    return {
        "/v1/screen": {
            "post": {
                "summary": "Ask about one picture",
                "operationId": "screen",
                "security": KEY,
                "parameters": asks,
                "requestBody": body({"application/json": question, "multipart/form-data": picture}),
                "responses": {"200": json_of("Answer"), "451": json_of("Answer"), **refused},
            }
        },
        "/v1/screen/batch": {
            "post": {
                "summary": "Ask about many pictures by their hashes",
                "operationId": "screen_many",
                "security": KEY,
                "parameters": asks,
                "requestBody": body({"application/json": batch}),
                "responses": {"200": json_of("Answers"), **refused},
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


def _schemas(settings: Settings) -> Fields:
    hashes = [_single(["pdq", "sha256"], HEX), _single(["md5"], SHORT_HEX)]
    video = {
        "type": "object",
        "additionalProperties": False,
        "required": ["algorithm", "frames"],
        "properties": {
            "algorithm": {"const": "vpdq"},
            "frames": {"type": "array", "items": ref("Frame"), "minItems": 1, "maxItems": settings.most_frames},
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
            "query_percent": {"type": "number"},
            "entry_percent": {"type": "number"},
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
        "Answers": _object(answers={"type": "array", "items": ref("Answer")}),
        "Batch": _object(items={"type": "array", "items": ref("Question"), "maxItems": settings.most_items}),
        "ContentRef": {"type": "string", "maxLength": wire.LONGEST_REF},
        "Frame": {
            "type": "object",
            "properties": {
                "hash": HEX,
                "quality": {"type": "integer", "minimum": 0, "maximum": 100},
                "hashes": {"type": "array", "items": HEX, "maxItems": wire.MOST_OF_A_FRAME},
                "time": {"type": "number", "minimum": 0, "exclusiveMaximum": wire.LONGEST_VIDEO},
            },
            "oneOf": [{"required": ["hash", "quality"]}, {"required": ["hashes"]}],
        },
        "Index": _object(
            entries={"type": "integer"},
            videos={"type": "integer"},
            cursor={"type": "integer"},
            lag_seconds={"type": ["number", "null"]},
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
                "hashes": {
                    "type": "array",
                    "items": {"oneOf": [*hashes, video]},
                    "minItems": 1,
                    "maxItems": settings.most_hashes,
                },
                "content_ref": ref("ContentRef"),
                "preview_url": ref("PreviewUrl"),
            },
        },
    }


def _single(algorithms: list[str], value: Fields) -> Fields:
    """A hash of one of these algorithms."""
    quality = {"type": "integer", "minimum": 0, "maximum": 100}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["algorithm", "value"],
        "properties": {"algorithm": {"type": "string", "enum": algorithms}, "value": value, "quality": quality},
    }


def _object(**properties: Fields) -> Fields:
    return {"type": "object", "required": list(properties), "properties": properties}


def _flag(name: str, about: str) -> Fields:
    return {"name": name, "in": "query", "description": about, "schema": {"type": "string", "enum": ["0", "1"]}}


def _problem() -> Fields:
    return {"description": "Refused", "content": {"application/problem+json": {"schema": ref("Problem")}}}


def _either() -> Fields:
    return {"200": json_of("Anything"), "503": json_of("Anything")}


def _got(summary: str, name: str, schema: str | None, *, key: bool = False) -> Fields:
    answer = json_of(schema) if schema else {"description": "Text", "content": {"text/plain": {}}}
    found: Fields = {"summary": summary, "operationId": name, "responses": {"200": answer}}
    if key:
        found |= {"security": KEY}
        found["responses"] |= {"401": _problem(), "403": _problem()}
    if name == "status":
        found["responses"]["503"] = answer
    return found
