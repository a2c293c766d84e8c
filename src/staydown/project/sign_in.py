"""The addresses of signing in. No sign-up, no e-mail, no social login: an administrator makes and resets accounts."""

from __future__ import annotations

from allauth.account import views
from django.http import Http404, HttpRequest
from django.urls import include, path


def closed(request: HttpRequest) -> None:  # noqa: ARG001 - a view's signature
    """Nothing is here: allauth asks for the addresses of these pages, nobody may visit them."""
    raise Http404


urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("2fa/", include("allauth.mfa.urls")),
    path("closed/signup/", closed, name="account_signup"),
    path("closed/email/", closed, name="account_email"),
    path("closed/email/sent/", closed, name="account_email_verification_sent"),
    path("closed/password/set/", closed, name="account_set_password"),
    path("closed/password/reset/", closed, name="account_reset_password"),
]
