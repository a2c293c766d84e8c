"""How often a key may fetch hashes, over whatever protocol: so often in a minute, and a minute's worth at once.

Wide enough for a first reading of the largest list and for a follower who hears of each new line at once. It keeps a
program that has lost its way, or whoever has found a key, from taking the whole server for itself. Counted in one row
of each key, so that it is one limit for all the processes that answer.
"""

from __future__ import annotations

import time
from typing import Final

from django.conf import settings
from django.db.models import Case, F, Q, Value, When

from staydown.apps.accounts.models import ApiKey
from staydown.apps.banks.models import Allowance
from staydown.errors import TooOftenError

MINUTE: Final = 60_000_000  # microseconds
SKEW: Final = MINUTE  # by how much the clocks of processes may differ


def take(key: ApiKey) -> None:
    """Use up one of the fetches that ``key`` has; raises `TooOftenError` when there is none left now.

    One read and one write; a refusal costs the read alone. A row from so far in the future that a clock must have
    been set back since counts as none.
    """
    every = MINUTE // settings.STAYDOWN_FETCHES_PER_MINUTE
    now = time.time_ns() // 1000
    latest, impossible = now + MINUTE - every, now + MINUTE + SKEW
    row, _ = Allowance.objects.get_or_create(key=key)
    if not latest < row.full_at <= impossible:
        is_free = Q(full_at__lte=latest) | Q(full_at__gt=impossible)
        begins = Case(When(full_at__range=(now, latest), then=F("full_at")), default=Value(now))
        if Allowance.objects.filter(is_free, pk=row.pk).update(full_at=begins + every):
            return
    left = min(max(row.full_at - latest, 1), MINUTE)
    raise TooOftenError(left / 1_000_000)
