"""How often one network may send reports and mistype codes, without keeping an address of anybody.

A bucket is found by an HMAC of the network's address under a secret that this process draws for the day and forgets the
day after, and with it every bucket. Nothing of it is written down: not in the database, not on a disk, not in a log.

Who is harmed by a limit? Everybody in a shelter, a library or behind one phone company's address shares it. So limits
are wide; a code that is right opens its report whatever was typed before, and a report that was sent shows its receipt
again; what was answered is never lost; and there is no limit over all networks, with which one person could shut out
everybody else. An address of this very machine stands for whoever a proxy in front hides, and is not limited at all.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest

MOST_BUCKETS: Final = 50_000  # some megabytes; the least recently used make room
DAY: Final = 24 * 60 * 60


class Limit:
    """A bucket for each network: ``burst`` at once, and one more every ``every`` seconds."""

    def __init__(self, burst: int, every: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._every, self._clock = burst, every, clock
        self._lock = threading.Lock()
        self._began = -math.inf
        self._secret = b""
        self._full_at: OrderedDict[bytes, float] = OrderedDict()

    def wait(self, request: HttpRequest) -> int:
        """Take one from the bucket of this request's network: 0, or the seconds until there is one again."""
        network = network_of(request)
        if network is None:
            return 0
        with self._lock:
            now = self._clock()
            if now - self._began >= DAY:
                self._began, self._secret = now, secrets.token_bytes(32)
                self._full_at.clear()
            key = hmac.digest(self._secret, network, "sha256")
            full_at = max(self._full_at.get(key, now), now) + self._every
            left = full_at - now - self._burst * self._every
            if left > 1e-9:
                return math.ceil(left)
            self._full_at[key] = full_at
            self._full_at.move_to_end(key)
            while len(self._full_at) > MOST_BUCKETS:
                self._full_at.popitem(last=False)
        return 0

    def __repr__(self) -> str:
        return f"<Limit of {self._burst}>"


def network_of(request: HttpRequest) -> bytes | None:
    """The network that a request came from: an IPv4 address, or the 64 bits that one household has of IPv6.

    None for an address of this machine, or for none: it tells nobody from anybody.
    """
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return None
    return address.packed[:8] if address.version == 6 else address.packed


#: Reports: thirty at once, then one every two minutes.
REPORTS: Final = Limit(30, 120)
#: Codes that open nothing: thirty at once, then one every ten seconds. They cannot be guessed anyway.
WRONG_CODES: Final = Limit(30, 10)
