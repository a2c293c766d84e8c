"""Shapes that several resources share."""

from __future__ import annotations

from uuid import UUID

from ninja import Schema


class Strict(Schema):
    """A body in which a misspelt field is an error instead of a loss."""

    model_config = {"extra": "forbid"}


class Page(Schema):
    """One page of a list. ``next`` is the cursor of the page after it; null: this was the last."""

    next: UUID | None
