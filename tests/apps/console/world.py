"""One thing of each kind that somebody may see, and one that they may not: what the console's matrix is about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from staydown.apps.accounts import actions as accounts
from staydown.apps.accounts.access import staff_actor
from staydown.apps.accounts.models import Role, Staff
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import actions as banks
from staydown.apps.banks import proposals
from staydown.apps.cases import actions
from staydown.apps.cases.actions import minors, unlocking
from staydown.apps.cases.intake import MinorsForm
from staydown.apps.cases.models import Action, Case, SavedView, UploaderNotice
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing import following, sources
from staydown.apps.sharing.models import Delivery
from staydown.apps.sharing.source_models import Record
from tests import factories as make
from tests.apps.sharing.scripted import KEYS, Scripted
from tests.people import member

SYSTEM = Actor.system()


class World:
    """Everything that an address of the console can name, by a word for it, as ``visitor`` finds it."""

    def __init__(self, visitor: Staff) -> None:
        self.visitor = visitor
        self.other = member("other", Role.MODERATOR)
        self.ids: dict[str, UUID | str] = {"absent": uuid4(), "law": "uk-osa-10-3A", "no law": "no-such-law"}
        self._cases()
        self._proposals()
        self._appeals()
        self._office()
        self._sources()

    def _cases(self) -> None:
        self.open, self.held, self.locked, self.done = (make.submitted(pictures=(seed,)).case for seed in range(1, 5))
        actions.lease(self.held, self.other)
        minors.suspect_minor(self.locked, self.other)
        given = MinorsForm(links=["https://platform.test/posts/3"])
        self.child = minors.submit_minors_report(given, by=Actor.reporter()).case
        self.closed = make.submitted(pictures=(5,)).case  # done, and nobody has appealed
        for case in (self.done, self.closed):
            make.decided(case, self.other)
            for asked in Action.objects.filter(item__case=case):
                actions.record_outcome(asked, result="removed", by=make.PLATFORM)
        self.taken = make.submitted(pictures=(9,)).case  # removed, and its copies are blocked
        make.decided(self.taken, self.other)
        for name in ("open", "held", "locked", "done", "closed", "child", "taken"):
            case = getattr(self, name)
            case.refresh_from_db()
            self.ids[name] = case.public_id

    def _proposals(self) -> None:
        keeper = member("keeper", Role.PROTECTION)
        house = banks.open_bank("export-one", by=SYSTEM)
        mine = banks.open_bank("export-two", by=SYSTEM)
        propose, export = proposals.propose, proposals.Kind.EXPORT
        self.ids["proposal"] = propose(export, house, reason="x", staff=self.other, by=SYSTEM).public_id
        own = propose(export, mine, reason="x", staff=self.visitor, by=staff_actor(self.visitor))
        self.ids["own proposal"] = own.public_id
        unlock = unlocking.propose_unlock(self.locked, reason="x", staff=keeper, by=staff_actor(keeper))
        self.ids["unlock"] = unlock.public_id

    def _appeals(self) -> None:
        self.ids["appeal"] = self._appealed(self.done).public_id
        theirs = make.submitted(pictures=(), links=1).case
        if self.visitor.role in {Role.MODERATOR, Role.LEAD}:
            make.decided(theirs, self.visitor)
        else:
            make.decided(theirs, self.other)
        self.ids["own decision"] = self._appealed(theirs).public_id
        gone = make.submitted(pictures=(), links=1).case
        make.decided(gone, self.other)
        self.ids["locked appeal"] = self._appealed(gone).public_id
        minors.suspect_minor(gone, self.other)
        member("third", Role.MODERATOR)  # who may answer, so that nobody else has to

    def _appealed(self, case: Case):  # type: ignore[no-untyped-def] - a row
        return actions.appeal(UploaderNotice.objects.get(action__item__case=case), words="Look again.")

    def _office(self) -> None:
        live, gone = (sharing.add_endpoint(name, "https://platform.test/hooks", by=SYSTEM) for name in ("a", "b"))
        now = timezone.now()
        given = {"event": "case.decided", "payload": {}, "created_at": now, "next_at": now}
        self.ids["delivery"] = Delivery.objects.create(endpoint=live, **given).public_id
        sharing.remove_endpoint(gone, by=SYSTEM)
        self.ids |= {"endpoint": live.public_id, "removed endpoint": gone.public_id}
        key, _ = accounts.create_key("a program", ["screen"], by=SYSTEM)
        revoked, _ = accounts.create_key("an old program", ["screen"], by=SYSTEM)
        accounts.revoke_key(revoked, by=SYSTEM)
        self.ids |= {"key": key.public_id, "revoked key": revoked.public_id, "person": self.other.public_id}
        late = {"lane": "open", "only": "overdue"}
        self.ids["view"] = SavedView.objects.create(staff=self.visitor, name="Mine", **late).public_id
        self.ids["view of another"] = SavedView.objects.create(staff=self.other, name="Theirs", **late).public_id

    def _sources(self) -> None:
        for name, seed in (("followed", 1000), ("removed", 2000)):
            policy = sources.Policy(banks.open_bank("house", by=SYSTEM))
            made = sources.add_source(name, "stopncii", "https://helpline.test/v1", KEYS, policy, by=SYSTEM)
            following.follow(made, make=Scripted().adds(seed))
            self.ids[f"{name} source"] = made.public_id
            self.ids[f"record of {name}"] = Record.objects.get(source=made).public_id
            if name == "removed":
                sources.remove_source(made, by=SYSTEM)

    def body(self, name: str, about: str) -> dict[str, Any]:
        """What somebody sends who means it: were it let through, something would change."""
        case = getattr(self, about) if about in {"open", "held", "done", "closed", "taken"} else self.locked
        items = [str(item.public_id) for item in case.items.all()]
        reason = {"reason": "It is so.", "version": case.version}
        law = {"regime": "uk-osa-10-3A", "ground": f"uk-osa-10-3A/{make.ground()}"}
        tomorrow = timezone.now() + timedelta(days=1)
        return {
            "decide": {**reason, **law, "items": items, "verdict": "remove", "step": "send", "seen": "1"},
            "restore": {**reason, **law, "items": items},
            "erase": {"artefacts": ["report"], "reason": "They asked."},
            "note": {"words": "Look here."},
            "ask": {"report": str(case.reports.get().public_id), "text": "Which one?"},
            "assign": {"to": str(self.other.public_id)},
            "unfounded": {"report": str(case.reports.get().public_id), "reason": "x"},
            "minor_refer": {"service": "NCMEC", "reference": "1"},
            "minor_unlock": {"reason": "She is 34."},
            "minor_answer": {"do": "approved"},
            "proposal": {"do": "void", "because": "Not meant."},
            "appeal": {"outcome": "upheld", "reason": "It is so."},
            "endpoint": {"do": "remove"},
            "member": {"do": "role", "role": "lead"},
            "source_do": {"do": "pause"},
            "source_change": {"bank": "house", "action": "review", "radius": "1", "most_growth": "9"},
            "source_say": {"word": "confirmed"},
            "view_change": {"do": "rename", "name": f"New {tomorrow:%d}"},
        }.get(name, {})
