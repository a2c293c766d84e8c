"""The portal's addresses. None of them ever holds a code, a hash or a word of a report."""

from __future__ import annotations

from django.urls import path

from staydown.apps.portal.views import appeals, pages, report, status

app_name = "portal"

urlpatterns = [
    path("", pages.start, name="start"),
    path("safety/", pages.safety, name="safety"),
    path("report/", report.report, name="report"),
    path("status/", status.status, name="status"),
    path("appeal/", appeals.appeal, name="appeal"),
    path("help/", pages.help_page, name="help"),
    path("under-18/", pages.under_18, name="under-18"),
    path("leave/", pages.leave, name="leave"),
]
