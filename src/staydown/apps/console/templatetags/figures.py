"""Template tags of the page of figures: `{% load figures %}`."""

from __future__ import annotations

from datetime import timedelta

from django import template

from staydown.apps.console.counts import spoken

register = template.Library()


@register.filter
def lasting(time: timedelta) -> str:
    """A length of time in its one largest unit, minutes to days."""
    minutes = round(time.total_seconds() / 60)
    if minutes < 90:
        return spoken(max(1, minutes), "minute")
    return spoken(round(minutes / 60), "hour") if minutes < 60 * 72 else spoken(round(minutes / 1440), "day")
