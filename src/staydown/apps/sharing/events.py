"""The events that webhooks tell of."""

from __future__ import annotations

import enum


class Event(enum.StrEnum):
    """What can be announced. The data of each holds identifiers only; the receiver fetches the rest with its key."""

    REPORT_RECEIVED = "report.received"
    CASE_DECIDED = "case.decided"
    ACTION_REQUESTED = "action.requested"
    ENTRY_ENFORCED = "entry.enforced"
    ENTRY_WITHDRAWN = "entry.withdrawn"
    APPEAL_RECEIVED = "appeal.received"
    APPEAL_DECIDED = "appeal.decided"
