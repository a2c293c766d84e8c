"""A decision: who may take it, on which ground, what it does, and that nobody decides on what they have not seen."""

from __future__ import annotations

import pytest

from staydown.apps.accounts.access import staff_actor
from staydown.apps.audit.querysets import history, recent
from staydown.apps.banks.models import Entry
from staydown.apps.cases import actions
from staydown.apps.cases.models import Action, Case, Decision, Item
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.models import Delivery
from staydown.errors import ConflictError, DeniedError, GroundError, InvalidError, LeaseError, StateError
from tests import factories as make
from tests.factories import PLATFORM
from tests.people import DORA

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent():
    return make.submitted()


def events():
    return sorted(Delivery.objects.values_list("event", flat=True))


def test_remove_enforces_asks_and_tells(sent, bea, system):
    sharing.add_endpoint("the platform", "https://platform.test/hooks", by=system)
    decision = make.decided(sent.case, bea)
    case = Case.objects.get()
    assert case.state == "decided"
    assert case.due_at is not None  # the platform has not answered, so the clocks run
    assert set(Entry.objects.values_list("state", flat=True)) == {"enforced"}
    assert sorted(case.items.values_list("kind", "state")) == [("hash", "kept_down"), ("link", "asked")]
    action = decision.actions.get()
    assert (action.kind, action.state, action.item.kind) == ("remove", "asked", "link")
    assert events() == ["action.requested", "case.decided", "entry.enforced", "entry.enforced"]
    told = Delivery.objects.get(event="action.requested").payload["data"]
    assert told == {"action": str(action.public_id), "case": str(case.public_id)}
    assert (decision.by_label, decision.by_staff) == ("bea-at-work", bea)


def test_remove_of_pictures_alone_is_done_at_the_decision(bea):
    sent = make.submitted(links=0)
    decision = make.decided(sent.case, bea)
    case = Case.objects.get()
    assert (case.state, case.due_at) == ("done", None)
    assert not decision.actions.exists()
    stopped = set(case.clocks.values_list("stopped_because", "stopped_by_decision"))
    assert stopped == {("decision", decision.pk)}


def test_decline_reverses_and_is_done(sent, bea, system):
    sharing.add_endpoint("the platform", "https://platform.test/hooks", by=system)
    decision = make.decided(sent.case, bea, "decline")
    case = Case.objects.get()
    assert (case.state, decision.ground) == ("done", "not_intimate_image_content")
    assert set(case.items.values_list("state", flat=True)) == {"declined"}
    assert set(Entry.objects.values_list("state", flat=True)) == {"reversed"}
    assert events() == ["case.decided", "entry.withdrawn", "entry.withdrawn"]
    assert set(case.clocks.values_list("stopped_because", flat=True)) == {"decision"}


def test_disable_asks_to_hide_and_leaves_the_last_word_open(sent, bea):
    decision = make.decided(sent.case, bea, "disable")
    case = Case.objects.get()
    assert case.state == "open"  # the picture waits for its decision
    assert decision.actions.get().kind == "disable"
    assert [item.kind for item in decision.items.all()] == ["link"]
    assert set(Entry.objects.values_list("state", flat=True)) == {"pending"}
    actions.record_outcome(decision.actions.get(), result="disabled", by=PLATFORM)
    case.refresh_from_db()
    assert (case.state, case.due_at is None) == ("open", False)
    make.decided(case, bea)
    assert sorted(Action.objects.values_list("kind", "state")) == [("disable", "done"), ("remove", "asked")]


def test_declining_what_was_hidden_asks_to_show_it_again(sent, bea):
    hidden = make.decided(sent.case, bea, "disable").actions.get()
    actions.record_outcome(hidden, result="disabled", by=PLATFORM)
    restore = make.decided(sent.case, bea, "decline").actions.get()
    case = Case.objects.get()
    assert restore.kind == "restore"
    assert case.state == "decided"
    assert not case.clocks.filter(stopped_at=None).exists()  # a decline is the end of the duty
    actions.record_outcome(restore, result="restored", by=PLATFORM)
    assert Case.objects.get().state == "done"
    assert Item.objects.get(kind="link").state == "declined"


def test_the_last_word_need_not_wait_for_an_unanswered_hiding(bea):
    sent = make.submitted(pictures=())
    hiding = make.decided(sent.case, bea, "disable").actions.get()
    assert Case.objects.get().state == "open"
    make.decided(sent.case, bea)
    hiding.refresh_from_db()
    assert hiding.state == "cancelled"
    assert Item.objects.get().actions.get(state="asked").kind == "remove"
    assert Case.objects.get().state == "decided"


def test_some_items_can_be_decided_before_others(bea):
    sent = make.submitted(links=2, pictures=())
    first, second = sent.report.items.all()
    make.decided(sent.case, bea, items=[first])
    case = Case.objects.get()
    assert case.state == "open"
    make.decided(case, bea, "decline", items=[second])
    case.refresh_from_db()
    assert case.state == "decided"
    assert set(case.items.values_list("state", flat=True)) == {"asked", "declined"}


def test_an_upload_that_matched_confirms_the_entry(bea, system):
    sent = make.submitted(links=0)
    entry = sent.report.items.get().pdq_entry
    actions.record_hits([make.hit(entry, "review", content_ref="post-1")], by=make.NODE)
    decision = make.decided(sent.case, bea, items=[Item.objects.get(kind="content")])
    entry.refresh_from_db()
    assert entry.state == "enforced"
    assert decision.actions.get().item.content_ref == "post-1"


def test_declining_one_upload_leaves_the_entry_alone(bea):
    sent = make.submitted(links=0)
    entry = sent.report.items.get().pdq_entry
    actions.record_hits([make.hit(entry, "review", content_ref="post-1")], by=make.NODE)
    make.decided(sent.case, bea, "decline", items=[Item.objects.get(kind="content")])
    entry.refresh_from_db()
    assert entry.state == "pending"


def test_a_lead_may_decide_too(sent, cem):
    assert make.decided(sent.case, cem).by_staff == cem


@pytest.mark.parametrize("who", ["uli", "ada"])
def test_who_does_not_work_cases_may_not_decide(sent, who, request):
    staff = request.getfixturevalue(who)
    with pytest.raises(DeniedError):
        make.decided(sent.case, staff)
    assert Case.objects.get().state == "open"


def test_a_program_may_decide_and_is_named(sent):
    decision = actions.decide(
        Case.objects.get(), verdict="remove", regime_id="us-tida-3", reason="By policy.", version=1, by=PLATFORM
    )
    assert (decision.by_staff, decision.by_label) == (None, "the platform")


def test_a_case_that_changed_since_it_was_seen_is_a_conflict(sent, bea):
    seen = sent.case.version
    make.submitted(DORA)  # the same picture: a second report joins
    with pytest.raises(ConflictError):
        make.decided(sent.case, bea, version=seen)
    assert not Decision.objects.exists()


def test_what_came_later_does_not_stand_in_the_way_of_named_items(sent, bea):
    """A wave of uploads and reports changes the case all the time, and nothing about what was seen."""
    seen, items = sent.case.version, list(sent.case.items.all())
    entry = sent.report.items.get(kind="hash").pdq_entry
    actions.record_hits([make.hit(entry, "review", content_ref="post/1")], by=make.NODE)
    make.submitted(DORA)
    decision = make.decided(sent.case, bea, items=items, version=seen)
    assert list(decision.items.all()) == items
    assert set(sent.case.items.filter(state="open")) == set(sent.case.items.exclude(pk__in=[item.pk for item in items]))


@pytest.mark.parametrize("verdict", ["remove", "decline"])
def test_a_decision_about_a_named_item_since_it_was_seen_is_a_conflict(sent, bea, cem, verdict):
    """Hidden in the meantime, the item still waits for the last word, but it is not what was seen."""
    seen, link = sent.case.version, sent.case.items.get(kind="link")
    make.decided(sent.case, cem, "disable", items=[link])
    with pytest.raises(ConflictError):
        make.decided(sent.case, bea, verdict, items=[link], version=seen)
    assert Decision.objects.count() == 1
    assert make.decided(sent.case, bea, verdict, items=[link])


def test_a_named_item_that_no_longer_waits_is_refused(sent, bea):
    seen, link = sent.case.version, sent.case.items.get(kind="link")
    actions.withdraw_item(link, by=PLATFORM)
    with pytest.raises(StateError):
        make.decided(sent.case, bea, items=[link], version=seen)
    assert not Decision.objects.exists()


def test_a_version_that_was_never_there_is_a_conflict(sent, bea):
    with pytest.raises(ConflictError):
        make.decided(sent.case, bea, items=list(sent.case.items.all()), version=sent.case.version + 1)


def test_somebody_elses_lease_is_respected(sent, bea, cem):
    actions.lease(sent.case, bea)
    with pytest.raises(LeaseError):
        make.decided(sent.case, cem)
    with pytest.raises(LeaseError):
        actions.decide(
            Case.objects.get(), verdict="remove", regime_id="us-tida-3", reason="By policy.", version=1, by=PLATFORM
        )
    assert make.decided(sent.case, bea)
    case = Case.objects.get()
    assert (case.leased_by, case.leased_until) == (None, None)


def test_a_decided_case_is_not_decided_again(sent, bea):
    make.decided(sent.case, bea)
    with pytest.raises(StateError):
        make.decided(sent.case, bea)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 20_001])
def test_a_decision_has_a_reason(sent, bea, reason):
    with pytest.raises(InvalidError, match="reason:"):
        make.decided(sent.case, bea, reason=reason)


def test_a_verdict_is_one_of_three(sent, bea):
    with pytest.raises(InvalidError, match="verdict:"):
        make.decided(sent.case, bea, "delete")


@pytest.mark.parametrize("ground", ["", "not_valid_request", "because"])
def test_a_decline_needs_a_ground_of_the_law_it_names(sent, bea, ground):
    with pytest.raises(GroundError, match="not_subject_or_agent"):
        make.decided(sent.case, bea, "decline", ground=ground)
    assert Case.objects.get().state == "open"


@pytest.mark.parametrize("verdict", ["remove", "disable"])
def test_only_a_decline_has_a_ground(sent, bea, verdict):
    with pytest.raises(GroundError):
        make.decided(sent.case, bea, verdict, ground=make.ground())


def test_a_law_that_does_not_bind_the_case_is_refused(settings, bea):
    settings.STAYDOWN_REGIMES = ["us-tida-3"]
    sent = make.submitted()
    settings.STAYDOWN_REGIMES = ["uk-osa-10-3A"]
    with pytest.raises(GroundError, match="does not bind"):
        make.decided(sent.case, bea)


def test_items_of_another_case_or_settled_ones_are_refused(sent, bea):
    other = make.submitted(pictures=(7,))
    with pytest.raises(StateError):
        make.decided(sent.case, bea, items=list(other.report.items.all()))
    link = sent.report.items.get(kind="link")
    make.decided(sent.case, bea, items=[link])
    with pytest.raises(StateError):
        make.decided(sent.case, bea, items=[link])
    with pytest.raises(StateError):
        make.decided(sent.case, bea, items=[])


def test_a_picture_cannot_be_hidden(bea):
    sent = make.submitted(links=0)
    with pytest.raises(StateError):
        make.decided(sent.case, bea, "disable")


def test_the_log_says_what_was_decided_and_not_why(sent, bea):
    decision = make.decided(sent.case, bea, "decline")
    line = next(line for line in recent() if line.verb == "case.decided")
    assert line.facts["verdict"] == "decline"
    assert line.facts["ground"] == make.ground()
    assert len(line.facts["items"]) == 2
    assert (line.actor_id, line.actor_label) == (str(bea.public_id), "bea-at-work")
    assert line in history(sent.report)
    assert line in history(decision)
    assert decision.reason not in str([each.facts for each in recent()])
    assert staff_actor(bea).label == decision.by_label
