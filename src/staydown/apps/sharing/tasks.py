"""The background work of sharing: rows of django-tasks-db, which commit or roll back with what they announce."""

from __future__ import annotations

import uuid
from datetime import datetime

from django_tasks import task

from staydown.apps.sharing import delivering


@task()
def deliver(delivery_id: str) -> None:
    """Try one delivery, and put the next attempt in line when it fails."""
    again_at = delivering.attempt(uuid.UUID(delivery_id))
    if again_at is not None:
        enqueue(delivery_id, again_at)


def enqueue(delivery_id: str, run_after: datetime | None = None) -> None:
    """Put an attempt in line, for now or for later. Retry times stand in the delivery's row: a lost task loses none."""
    deliver.using(run_after=run_after).enqueue(delivery_id)
