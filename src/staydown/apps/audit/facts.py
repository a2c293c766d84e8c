"""What a line may say, and the name of what it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from django.db import models

from staydown.errors import InvalidError

REASON: Final = "reason"  # the one fact in a person's own words; nothing reads it back to work by
LONGEST: Final = 200  # an id, a state, a count, a name, a short reason; whoever needs more logs somebody's words
_WHOLE_HASH: Final = re.compile(r"[0-9a-fA-F]{32}")  # an MD5; all others are longer, and our ids have hyphens
_SAFE: Final = 2**53 - 1  # the largest whole number that canonical JSON writes exactly


def reference(thing: models.Model | str) -> str:
    """The name of a row in the log: ``case:<public_id>``. Text is taken as such a name already."""
    if isinstance(thing, str):
        return thing
    return f"{thing._meta.model_name}:{thing.public_id}"  # type: ignore[attr-defined]


def checked(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """The facts, when they are such as the log may keep; raises `InvalidError` for whole hashes, long text, floats."""
    found = dict(facts or {})
    for name, value in found.items():
        if not isinstance(name, str):
            raise InvalidError("The name of a fact in the log is text.")
        _check(name, value)
    return found


def _check(name: str, value: object) -> None:
    if isinstance(value, Mapping):
        for inner in (*value.keys(), *value.values()):
            _check(name, inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(name, inner)
    elif isinstance(value, str):
        if len(value) > LONGEST or _WHOLE_HASH.search(value) or "\x00" in value:
            raise InvalidError(f"The fact {name} holds a whole hash or a long text, which the log must not keep.")
    elif isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > _SAFE:
            raise InvalidError(f"The fact {name} is too large a number for the log.")
    elif value is not None and not isinstance(value, bool):
        raise InvalidError(f"The fact {name} is neither text, a whole number nor a list of them.")
