"""What has happened before the pictures are taken, by the product's own actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # rows of Django, which is started later
    from staydown.apps.accounts.models import Staff
    from staydown.apps.cases.models import Case

PASSWORD = "a long one for pictures 7"  # noqa: S105 - of an install that ends with the pictures


@dataclass(frozen=True)
class Rows:
    """The addresses of those rows in the console, how two people sign in, and the code of an uploader's appeal."""

    appeal: str
    erase: str
    minor: str
    locked: str
    restore: str
    source: str
    key: str
    lead: tuple[str, str]
    protector: tuple[str, str]
    uploader: str


def made() -> Rows:
    """Have an appeal waiting, a case of somebody under 18, a source that is followed; before any browser is started."""
    from staydown.apps.accounts.actions import create_staff
    from staydown.apps.accounts.models import ApiKey
    from staydown.apps.audit.actor import Actor

    system = Actor.system()
    lead = create_staff("cem", password=PASSWORD, role="lead", pseudonym="Cem", by=system)
    create_staff("ida", password=PASSWORD, role="protection", pseudonym="Ida", by=system)
    restore, appeal, code = _appealed(lead)
    return Rows(
        appeal=appeal,
        erase=_closed(lead),
        minor=_minor(),
        locked=_locked(lead),
        restore=restore,
        source=_source(),
        key=f"/staff/keys/{ApiKey.objects.filter(revoked_at=None).latest('pk').public_id}/",
        lead=("cem", PASSWORD),
        protector=("ida", PASSWORD),
        uploader=code,
    )


def _appealed(lead: Staff) -> tuple[str, str, str]:
    """A link that was taken down, whose uploader appeals; and the code of another uploader, who did not yet."""
    from staydown.apps.accounts.access import staff_actor
    from staydown.apps.audit.actor import Actor
    from staydown.apps.cases import actions
    from staydown.apps.cases.models import Action, UploaderNotice
    from staydown.apps.cases.notice_codes import code_of

    platform, found = Actor("key", "platform", "the platform"), []
    for number in (1, 2):
        case = _reported(10 * number)
        said: dict[str, Any] = {
            "verdict": "remove",
            "regime_id": "uk-osa-10-3A",
            "reason": "The person shown asks for it.",
        }
        decision = actions.decide(case, **said, version=case.version, staff=lead, by=staff_actor(lead))
        for asked in Action.objects.filter(decision=decision):
            notice = actions.hand_over(UploaderNotice.objects.get(action=asked), by=platform)
            found.append((case, notice))
    (case, notice), (_, other) = found
    appeal = actions.appeal(notice, words="That is my own picture of a boat. Nobody is in it.")
    return f"/staff/cases/{case.public_id}/restore/", f"/staff/appeals/{appeal.public_id}/", code_of(other)


def _closed(lead: Staff) -> str:
    """A report that was declined, which closes its case."""
    from staydown.apps.accounts.access import staff_actor
    from staydown.apps.cases import actions

    case = _reported(88)
    said: dict[str, Any] = {"verdict": "decline", "regime_id": "uk-osa-10-3A", "ground": "not_intimate_image_content"}
    actions.decide(case, **said, reason="A boat.", version=case.version, staff=lead, by=staff_actor(lead))
    return f"/staff/cases/{case.public_id}/erase/"


def _locked(lead: Staff) -> str:
    """A case that was locked because somebody under 18 may be shown."""
    from staydown.apps.cases.actions.minors import suspect_minor

    return f"/staff/minors/{suspect_minor(_reported(99), lead).public_id}/"


def _reported(number: int) -> Case:
    from staydown.apps.audit.actor import Actor
    from staydown.apps.cases import actions
    from staydown.apps.cases.intake import ReportForm

    form = ReportForm(links=[f"https://platform.example/posts/{number}"], words="It is me.", language="en")
    return actions.submit_report(form, by=Actor.reporter()).case


def _minor() -> str:
    from staydown.apps.audit.actor import Actor
    from staydown.apps.cases.actions.minors import submit_minors_report
    from staydown.apps.cases.intake import MinorsForm

    form = MinorsForm(links=["https://platform.example/posts/77"], language="en")
    return f"/staff/minors/{submit_minors_report(form, by=Actor.reporter()).case.public_id}/"


def _source() -> str:
    from staydown.apps.audit.actor import Actor
    from staydown.apps.banks.models import Bank
    from staydown.apps.sharing import sources

    keys = {"fetch_key": "x", "subscription_key": "y"}
    policy = sources.Policy(bank=Bank.objects.earliest("pk"))
    source = sources.add_source("helpline", "stopncii", "https://list.example/v1", keys, policy, by=Actor.system())
    sources.pause(source, by=Actor.system())
    return f"/staff/sources/{source.public_id}/"
