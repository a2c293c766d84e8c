"""Every change of casework. Each writes its rows and its audit line in one transaction.

Locks are taken in one order: the case, then the head of the feed (which stands for every entry), then the audit log.
"""

from staydown.apps.cases.actions.answering import answer_proposal
from staydown.apps.cases.actions.appealing import Answer, appeal, complain, decide_appeal
from staydown.apps.cases.actions.deciding import decide
from staydown.apps.cases.actions.hits import record_hits
from staydown.apps.cases.actions.leases import assign, lease, release, renew, take_over
from staydown.apps.cases.actions.notices import NoticeForm, hand_over
from staydown.apps.cases.actions.ordering import OrderGiven, serve_order
from staydown.apps.cases.actions.outcomes import record_outcome
from staydown.apps.cases.actions.reporting import Submitted, submit_report
from staydown.apps.cases.actions.restoring import restore
from staydown.apps.cases.actions.unblocking import withdraw_or_propose
from staydown.apps.cases.actions.withdrawing import first_visit, withdraw_entry, withdraw_item, withdraw_report

__all__ = [
    "Answer",
    "NoticeForm",
    "OrderGiven",
    "Submitted",
    "answer_proposal",
    "appeal",
    "assign",
    "complain",
    "decide",
    "decide_appeal",
    "first_visit",
    "hand_over",
    "lease",
    "record_hits",
    "record_outcome",
    "release",
    "renew",
    "restore",
    "serve_order",
    "submit_report",
    "take_over",
    "withdraw_entry",
    "withdraw_item",
    "withdraw_or_propose",
    "withdraw_report",
]
