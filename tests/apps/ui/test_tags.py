"""Template tags and the parts of a page."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import render_to_string

from staydown.apps.ui.templatetags import ui


class Sample(forms.Form):
    use_required_attribute = False
    name = forms.CharField(label="Your name", help_text="As you like", error_messages={"required": "Write a name."})
    kind = forms.ChoiceField(
        label="Kind", choices=[("a", "First"), ("b", "Second")], widget=forms.RadioSelect, help_text="One of two"
    )


@pytest.mark.parametrize("name", ui.ICONS)
def test_icons_are_hidden_from_screen_readers(name):
    drawn = ui.icon(name)
    assert 'aria-hidden="true"' in drawn
    assert ui.ICONS[name] in drawn


def test_an_unknown_icon_is_a_fault():
    with pytest.raises(KeyError):
        Template("{% load ui %}{% icon 'unicorn' %}").render(Context())


def test_a_field_ties_hint_and_error_to_its_control():
    form = Sample({})
    drawn = render_to_string("ui/parts/field.html", {"field": form["name"]})
    assert 'aria-describedby="id_name_helptext id_name_error"' in drawn
    assert 'id="id_name_helptext"' in drawn
    assert 'id="id_name_error"' in drawn
    assert 'aria-invalid="true"' in drawn


def test_choices_tie_hint_and_error_to_the_group():
    form = Sample({})
    drawn = render_to_string("ui/parts/choices.html", {"field": form["kind"], "hints": {"b": "The second one"}})
    assert 'aria-describedby="id_kind_helptext id_kind_error"' in drawn
    assert "The second one" in drawn


def test_the_error_summary_leads_to_each_control():
    form = Sample({})
    drawn = render_to_string("ui/parts/error_summary.html", {"form": form, "items": [("other", "Look here")]})
    assert '<a href="#id_name">Write a name.</a>' in drawn
    assert 'href="#id_kind_0"' in drawn
    assert '<a href="#other">Look here</a>' in drawn


def test_without_errors_there_is_no_summary():
    assert render_to_string("ui/parts/error_summary.html", {"form": Sample()}).strip() == ""


def test_what_people_wrote_is_escaped():
    line = SimpleNamespace(date=None, text="<b>x</b>", detail="")
    assert "&lt;b&gt;" in render_to_string("ui/parts/timeline.html", {"lines": [line]})


def test_the_service_has_a_name(settings):
    settings.STAYDOWN_NAME = "Pebble"
    assert ui.service_name() == "Pebble"
