"""Reads a regime file strictly: what the schema does not know is an error that names the file and the field."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from datetime import date
from typing import Any, Final

from staydown.core.law.schema import NONE_STATED, Period
from staydown.errors import RegimeError

UNITS: Final = ("hours", "days", "months", "years")
_PLAIN: Final = {str: "text in quotes", int: "a whole number", bool: "true or false", date: "a date such as 2026-06-29"}


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where in which file: what every error begins with."""

    file: str
    path: str = ""

    def at(self, name: str) -> Place:
        """The field ``name`` of this place."""
        return Place(self.file, f"{self.path}.{name}" if self.path else name)

    def entry(self, number: int) -> Place:
        """The entry ``number`` of this list, counted from 1."""
        return Place(self.file, f"{self.path}[{number}]")

    def fault(self, what: str) -> RegimeError:
        """The error to raise."""
        return RegimeError(f"{self.file}: {self.path or 'the file'} {what}.")


def table(kind: type[Any], given: object, place: Place, **known: object) -> Any:
    """The dataclass ``kind`` that a TOML table writes. ``known`` are fields that do not come from the file."""
    if not isinstance(given, dict):
        raise place.fault("must be a table")
    hints = typing.get_type_hints(kind)
    fields = {each.name: each for each in dataclasses.fields(kind) if each.name not in known}
    for name in given:
        if name not in fields:
            raise place.at(name).fault("is not a field of this version")
    values: dict[str, object] = dict(known)
    for name, each in fields.items():
        if name in given:
            values[name] = _value(hints[name], given[name], place.at(name))
        elif each.default is dataclasses.MISSING:
            raise place.at(name).fault("is missing")
    return kind(**values)


def _value(hint: Any, given: object, place: Place) -> object:
    """The value of one field, of the type that the schema gives it."""
    if isinstance(hint, types.UnionType):  # "int | None": left out means None, so a value is never None
        hint = next(each for each in typing.get_args(hint) if each is not type(None))
    if typing.get_origin(hint) is tuple:
        return _several(typing.get_args(hint)[0], given, place)
    if hint is Period:
        return _period(given, place)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return table(hint, given, place)
    if issubclass(hint, enum.StrEnum):
        if not isinstance(given, str) or given not in list(hint):
            raise place.fault(f"must be one of: {', '.join(hint)}")
        return hint(given)
    if type(given) is not hint:  # not isinstance: true is no number, and a moment in time no date
        raise place.fault(f"must be {_PLAIN[hint]}")
    if isinstance(given, str) and (not given.strip() or given != given.strip()):
        raise place.fault("must not be empty or begin or end with spaces")
    return given


def _several(hint: Any, given: object, place: Place) -> tuple[object, ...]:
    if not isinstance(given, list):
        raise place.fault("must be a list")
    values = tuple(_value(hint, each, place.entry(number)) for number, each in enumerate(given, 1))
    if len(set(values)) != len(values):
        raise place.fault("holds the same thing twice")
    return values


def _period(given: object, place: Place) -> Period:
    if given == NONE_STATED:
        return Period(None)
    if not isinstance(given, dict) or given.keys() != {"value", "unit"}:
        raise place.fault(f'must be "{NONE_STATED}" or {{ value = 6, unit = "months" }}')
    value, unit = given["value"], given["unit"]
    if type(value) is not int or value < 1:
        raise place.at("value").fault("must be a whole number above 0")
    if unit not in UNITS:
        raise place.at("unit").fault(f"must be one of: {', '.join(UNITS)}")
    return Period(value, unit)
