"""The addresses of signing in. No sign-up and no e-mail: an administrator makes and resets accounts.

Single sign-on, where the operator has set it up, opens an account that is there already.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.account import views
from allauth.socialaccount.views import login_cancelled, login_error
from csp.decorators import csp_update
from django.conf import settings
from django.http import Http404, HttpRequest
from django.urls import include, path


def closed(request: HttpRequest) -> None:  # noqa: ARG001 - a view's signature
    """Nothing is here: allauth asks for the addresses of these pages, nobody may visit them."""
    raise Http404


issuer = urlsplit(settings.STAYDOWN_OIDC_ISSUER)
login = views.LoginView.as_view(
    extra_context={"single_sign_on": settings.STAYDOWN_OIDC_NAME if settings.STAYDOWN_OIDC_ISSUER else ""}
)
if settings.STAYDOWN_OIDC_ISSUER:
    # The button is a form of ours whose answer leads to the other site, which browsers count as sending it there.
    login = csp_update({"form-action": [f"{issuer.scheme}://{issuer.netloc}"]})(login)

urlpatterns = [
    path("login/", login, name="account_login"),
    path("", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("cancelled/", login_cancelled, name="socialaccount_login_cancelled"),
    path("failed/", login_error, name="socialaccount_login_error"),
    path("closed/connect/", closed, name="socialaccount_signup"),
    path("closed/connections/", closed, name="socialaccount_connections"),
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
