"""The order of the questions, and which of them a person meets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from staydown.apps.portal import forms
from staydown.apps.portal.draft import Draft
from staydown.apps.portal.statements import Statements, binding


def _always(draft: Draft) -> bool:
    return True


def _for_agents(draft: Draft) -> bool:
    return draft.of("who").get("role") == "agent"


def _for_organisations(draft: Draft) -> bool:
    return draft.of("who").get("role") in ("trusted_flagger", "authority")


def _for_people(draft: Draft) -> bool:
    """Whether one may choose to stay unknown: an organisation says who it is, and without a law nothing is formal."""
    return not _for_organisations(draft) and bool(binding())


def is_formal(draft: Draft) -> bool:
    """Whether this draft is to be a formal notice. Without a law that binds, contact is still asked."""
    return not _for_people(draft) or draft.of("way").get("way") == "formal"


def is_threat(draft: Draft) -> bool:
    """Whether nothing was posted yet."""
    return draft.of("happened").get("situation") == "threat"


def _with_pictures(draft: Draft) -> bool:
    return draft.of("what").get("have") in ("pictures", "both")


def _with_links(draft: Draft) -> bool:
    return draft.of("what").get("have") in ("links", "both")


@dataclass(frozen=True, slots=True)
class Step:
    """One question page: its name in the form, its form, and whether this draft meets it."""

    name: str
    form: type[forms.Question]
    applies: Callable[[Draft], bool] = _always
    threatened: type[forms.Question] | None = None  # the form where nothing was posted yet, if it is another one

    def form_for(self, draft: Draft) -> type[forms.Question]:
        """The form that asks it of this draft."""
        return self.threatened if self.threatened and is_threat(draft) else self.form

    @property
    def template(self) -> str:
        """The page that asks it."""
        return f"portal/steps/{self.name}.html"

    def initial(self, draft: Draft) -> dict[str, Any]:
        """What was answered before, as the form shows it."""
        answers = draft.of(self.name)
        return {"links": "\n".join(answers["links"])} if self.name == "links" and answers else answers


STEPS: Final = (
    Step("age", forms.Age),
    Step("who", forms.Who),
    Step("relation", forms.Relation, _for_agents),
    Step("organisation", forms.Organisation, _for_organisations),
    Step("happened", forms.Happened),
    Step("what", forms.What, threatened=forms.Threatened),
    Step("pictures", forms.Pictures, _with_pictures),
    Step("links", forms.Links, _with_links, forms.ThreatLinks),
    Step("words", forms.Words),
    Step("way", forms.Way, _for_people),
    Step("contact", forms.Contact, is_formal),
    Step("statements", Statements, is_formal),
)
NAMED: Final = {step.name: step for step in STEPS}
#: The answers that lead to the most questions.
LONGEST: Final = {"who": {"role": "agent"}, "what": {"have": "both"}, "way": {"way": "formal"}}


def path(draft: Draft) -> list[Step]:
    """The steps that this draft meets."""
    return [step for step in STEPS if step.applies(draft)]


def most(draft: Draft) -> int:
    """How many steps this draft meets at most: an answer makes them fewer and never more, so that no end moves away."""
    return len(path(Draft(answers=LONGEST | draft.answers)))


def first_open(draft: Draft) -> Step | None:
    """The first of them without an answer."""
    return next((step for step in path(draft) if step.name not in draft.answers), None)


def following(draft: Draft, step: Step) -> Step | None:
    """The step after this one; None: time to check the answers. Whoever has checked once is led back there at once."""
    if draft.reviewed:
        return first_open(draft)
    met = path(draft)
    later = met[met.index(step) + 1 :]
    return later[0] if later else None


def preceding(draft: Draft, step: Step) -> Step | None:
    """The step before this one; None before the first."""
    met = path(draft)
    at = met.index(step)
    return met[at - 1] if at else None
