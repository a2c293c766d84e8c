"""The statement of reasons: each field that article 17(3) of the EU's Digital Services Act asks, and no reporter."""

from __future__ import annotations

from dataclasses import fields

import pytest

from staydown.apps.cases import actions, statement
from staydown.apps.cases.actions import NoticeForm
from staydown.apps.cases.models import Action, Case, Item, UploaderNotice
from staydown.apps.cases.notice_codes import code_of
from tests import factories as make
from tests.people import AMARA

pytestmark = pytest.mark.django_db
DSA = "eu-dsa-16"

#: The letters of article 17(3), what each asks, and the fields of ours that say it.
ARTICLE = {
    "a": {"restriction", "scope", "duration"},  # which restriction, where it holds, for how long
    "b": {"facts", "source"},  # facts and circumstances, whether from a notice or on own initiative
    "c": {"detection", "decision"},  # automated means in finding it and in deciding
    "d": {"ground", "why"},  # if it is illegal: the legal ground, and why it is against it
    "e": {"ground", "why"},  # if it is against the terms: the clause, and why
    "f": {"redress"},  # complaint here, dispute settlement, courts
}


@pytest.fixture(autouse=True)
def european(settings):
    settings.STAYDOWN_REGIMES = [DSA]


def told(staff, verdict="remove", kind=Item.Kind.LINK, **notice):
    """What the uploader of one item is told of a decision, and the whole text."""
    sent = make.submitted(pictures=(1,))
    if kind == Item.Kind.CONTENT:
        entry = sent.report.items.exclude(pdq_entry=None).get().pdq_entry
        actions.record_hits([make.hit(entry, "review", content_ref="post/7")], by=make.NODE)
    make.decided(sent.case, staff, verdict, regime_id=DSA, notice=NoticeForm(**notice))
    found = UploaderNotice.objects.get(action__item__kind=kind)
    said, language = statement.of_notice(found)
    assert language.startswith("en")
    return said, said.text, found


def test_every_field_answers_a_letter_of_the_article_and_every_letter_is_answered():
    named = set().union(*ARTICLE.values())
    assert named | {"language"} == {field.name for field in fields(statement.Said)}


@pytest.mark.parametrize(
    ("letter", "field", "situation", "wanted"),
    [
        ("a", "restriction", {}, "It was taken down."),
        ("a", "restriction", {"verdict": "disable"}, "It was hidden."),
        ("a", "scope", {}, "everywhere on this platform"),
        ("a", "duration", {}, "without an end date"),
        ("a", "duration", {"verdict": "disable"}, "until there is a final decision"),
        ("b", "facts", {}, "It shows, or seems to show, a person intimately who did not agree to that."),
        ("b", "facts", {"facts": "A bedroom."}, "A bedroom."),
        ("b", "source", {}, "The platform was told of it."),
        ("b", "source", {"kind": Item.Kind.CONTENT}, "The platform looked into it on its own."),
        ("c", "detection", {}, "No automatic means were used to find it."),
        ("c", "detection", {"kind": Item.Kind.CONTENT}, "It was found by an automatic comparison of pictures."),
        ("c", "decision", {}, "A person took the decision."),
        ("d", "ground", {}, "Regulation (EU) 2022/2065"),
        ("d", "why", {}, "This law requires such content to be taken down."),
        ("e", "ground", {"terms": "Section 4"}, "the platform's own terms: Section 4"),
        ("e", "why", {"terms": "Section 4"}, "What is described above is against these terms."),
        ("f", "redress", {}, "You can ask that another person looks at this decision again. It is free."),
        ("f", "redress", {}, "You can also go to a court, or to a body that settles such disputes"),
    ],
)
def test_what_it_says(bea, letter, field, situation, wanted):
    assert field in ARTICLE[letter]
    said, text, notice = told(bea, **situation)
    value = getattr(said, field)
    assert wanted in (" ".join(value) if isinstance(value, tuple) else value)
    assert wanted in text
    assert code_of(notice) in text


@pytest.mark.parametrize("kind", [Item.Kind.LINK, Item.Kind.CONTENT])
def test_it_names_no_reporter_and_hints_at_none(bea, kind):
    _, text, notice = told(bea, kind=kind, terms="Section 4", facts="A bedroom.")
    case = Case.objects.get(pk=notice.action.item.case_id)
    report = case.reports.get()
    private = [
        *(AMARA.relation, AMARA.contact, AMARA.words, AMARA.signature, report.reference, case.number),
        *(str(report.public_id), str(case.public_id), report.get_role_display(), report.received_at.date().isoformat()),
        *(item.url for item in case.items.all() if item.url),
        *(item.label for item in case.items.all() if item.label),
        *(
            "reporter",
            "victim",
            "survivor",
            "person shown",
            "complain",
            "1 report",
            "Amara",
            bea.pseudonym,
            bea.username,
        ),
    ]
    assert [each for each in private if each.casefold() in text.casefold()] == []
    assert Action.objects.get(notice=notice).decision.reason not in text
