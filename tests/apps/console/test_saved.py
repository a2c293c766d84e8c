"""Saved views: a person's own filters under a name, above the list of cases."""

from __future__ import annotations

import pytest

from staydown.apps.cases.actions import arranging
from staydown.apps.cases.models import SavedView
from staydown.errors import InvalidError, MissingError

pytestmark = pytest.mark.django_db
LATE = {"lane": "open", "only": "overdue", "law": ""}


def save(client, name="Late ones", **given):
    return client.post("/staff/views/", {"name": name, **LATE, **given}, follow=True)


def test_the_filters_are_found_again_as_a_link(at_bea):
    text = save(at_bea, law="uk-osa-10-3A").content.decode()
    link = (
        '<a href="/staff/?lane=open&amp;only=overdue&amp;law=uk-osa-10-3A" aria-current="page"><bdi>Late ones</bdi></a>'
    )
    assert link in text
    assert "The view “Late ones” is saved." in text
    assert 'aria-current="page"><bdi>' not in at_bea.get("/staff/").content.decode()


def test_nobody_else_sees_or_changes_it(at_bea, at_uli, uli):
    save(at_bea)
    view = SavedView.objects.get()
    assert "Late ones" not in at_uli.get("/staff/").content.decode()
    for do in ("rename", "remove"):
        assert at_uli.post(f"/staff/views/{view.public_id}/", {"do": do, "name": "x"}).status_code == 404
    with pytest.raises(MissingError):
        arranging.remove_view(uli, view.public_id)
    assert SavedView.objects.get().name == "Late ones"


def test_renamed_and_removed(at_bea):
    save(at_bea)
    address = f"/staff/views/{SavedView.objects.get().public_id}/"
    answer = at_bea.post(address, {"name": "  Too   late ", "back": "lane=done&only=mine"})
    assert answer["Location"] == "/staff/?lane=done&only=mine"
    assert SavedView.objects.get().name == "Too late"
    at_bea.post(address, {"do": "remove"})
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\x00b"])
def test_a_name_that_is_none_is_refused(name, at_bea):
    assert "Give the view a name of at most 40 characters." in save(at_bea, name).content.decode()
    assert not SavedView.objects.exists()


def test_the_same_filters_are_one_view_and_twelve_are_the_most(bea):
    for law in range(arranging.MOST_VIEWS):
        arranging.save_view(bea, "One", lane="open", only="", law=str(law))
    arranging.save_view(bea, "Another name", lane="open", only="", law="0")
    assert SavedView.objects.filter(name="Another name").count() == 1
    with pytest.raises(InvalidError, match="Remove one first"):
        arranging.save_view(bea, "One more", lane="open", only="", law="x")
    assert SavedView.objects.count() == arranging.MOST_VIEWS


def test_filters_that_are_none_are_not_kept(at_bea):
    save(at_bea, lane="../x", only="nonsense", law="a person's name")
    assert list(SavedView.objects.values_list("lane", "only", "law")) == [("open", "", "")]


def test_a_view_of_a_law_that_binds_no_longer_is_no_link(at_bea, bea):
    arranging.save_view(bea, "Old law", lane="open", only="", law="gone-1")
    text = at_bea.get("/staff/").content.decode()
    assert "(its law binds no longer)" in text
    assert "law=gone-1" not in text


def test_what_a_name_holds_stays_text(at_bea):
    assert "<script>x" not in save(at_bea, "<script>x</script>").content.decode()
