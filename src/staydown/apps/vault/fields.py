"""Model fields whose column holds a sealed value, and whose attribute reads and writes the plaintext.

A value is bound to its table, row (`public_id`) and column: moved to another place it does not open. It is opened when
the attribute is read, so a list of rows that shows none of its words costs nothing.
"""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from staydown.apps.vault import keyring
from staydown.errors import SealError


class Sealed:
    """A sealed value as its column holds it. Says nothing of what is inside."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and other.data == self.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __repr__(self) -> str:
        return "<Sealed>"


class SealedAttribute(DeferredAttribute):
    """Opens the value when the attribute is read; what was set as plaintext is kept as it is until the row is saved."""

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        if instance is None:
            return self
        value = super().__get__(instance, cls)
        return self.field.open(value.data, instance) if isinstance(value, Sealed) else value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class SealedField(models.Field[Any, Any]):
    """What text and bytes have in common. It cannot be searched, sorted or made unique: that is the point of it."""

    descriptor_class = SealedAttribute
    empty_strings_allowed = False

    def get_internal_type(self) -> str:
        return "BinaryField"

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        found = super().check(**kwargs)
        names = {field.name for field in self.model._meta.local_fields}
        if "public_id" not in names:
            found.append(checks.Error("A sealed field needs a public_id in its model.", obj=self, id="staydown.E001"))
        if self.db_index or self.unique or self.primary_key:
            found.append(checks.Error("A sealed field cannot be indexed.", obj=self, id="staydown.E002"))
        return found

    def bound_to(self, instance: models.Model) -> str:
        """The place that a value of this row belongs to."""
        return place(self, instance.public_id)

    def open(self, data: bytes, instance: models.Model) -> Any:
        """The plaintext of this row's value."""
        return self.from_plain(keyring.current().open(data, bound_to=self.bound_to(instance)))

    def from_plain(self, plain: bytes) -> Any:
        """What the attribute gives for these opened bytes."""
        raise NotImplementedError

    def to_plain(self, value: Any) -> bytes:
        """The bytes to seal for what was set; raises `TypeError` for another type."""
        raise NotImplementedError

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(bytes(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> Sealed | None:
        value = model_instance.__dict__.get(self.attname)
        if value is None or isinstance(value, Sealed):  # not opened for writing: stays as it was sealed
            return value
        return Sealed(keyring.current().seal(self.to_plain(value), bound_to=self.bound_to(model_instance)))

    def get_prep_value(self, value: Any) -> bytes | None:
        if value is None:
            return None
        if not isinstance(value, Sealed):  # update() and filter() know no row, so there is no place to bind to
            raise SealError(
                "A sealed value is written by saving its row, never by update(), and is never searched for."
            )
        return value.data

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = super().get_db_prep_value(value, connection, prepared)
        return None if value is None else connection.Database.Binary(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in {"exact", "isnull"}:
            raise SealError("A sealed value cannot be searched for.")
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> str:
        raise SealError("Sealed values are not dumped. Copy the database and, apart from it, the keyring.")

    def formfield(self, **kwargs: Any) -> None:
        return None


class SealedTextField(SealedField):
    """Text, sealed."""

    def from_plain(self, plain: bytes) -> str:
        return plain.decode("utf-8")

    def to_plain(self, value: Any) -> bytes:
        if not isinstance(value, str):
            raise TypeError(f"{self.name} holds text")
        return value.encode("utf-8")


class SealedBytesField(SealedField):
    """Bytes, sealed."""

    def from_plain(self, plain: bytes) -> bytes:
        return plain

    def to_plain(self, value: Any) -> bytes:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise TypeError(f"{self.name} holds bytes")
        return bytes(value)


def place(field: models.Field[Any, Any], public_id: object) -> str:
    """The name of one cell: what its sealed value is bound to."""
    return f"{field.model._meta.db_table}:{public_id}:{field.name}"


def sealed_fields(model: type[models.Model]) -> list[SealedField]:
    """The sealed fields of a model."""
    return [field for field in model._meta.local_fields if isinstance(field, SealedField)]
