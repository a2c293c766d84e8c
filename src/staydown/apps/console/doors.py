"""Who may open which page of the console: one table, read by the views, by the menu and by the tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from staydown.apps.accounts import standing
from staydown.apps.accounts.access import require_role
from staydown.errors import DeniedError, MissingError

EVERYONE: Final = ("moderator", "lead", "auditor", "admin")
CASEWORK: Final = ("moderator", "lead")

#: The name of each address and the roles that may use it.
ROLES: Final = {
    "queue": (*EVERYONE, "protection"),
    "pulse": EVERYONE,
    "view_save": EVERYONE,
    "view_change": EVERYONE,
    "case": EVERYONE,
    "decide": CASEWORK,
    "renew": CASEWORK,
    "release": CASEWORK,
    "appeals": EVERYONE,
    "appeal": CASEWORK,
    "take_over": ("lead",),
    "assign": CASEWORK,
    "note": CASEWORK,
    "unfounded": ("lead",),
    "reveal": CASEWORK,
    "restore": CASEWORK,
    "erase": CASEWORK,
    "proposals": (*CASEWORK, "admin"),
    "proposal": (*CASEWORK, "admin"),
    "suspect": CASEWORK,
    "ask": CASEWORK,
    "minors": ("protection",),
    "minor": ("protection",),
    "minor_remove": ("protection",),
    "minor_refer": ("protection",),
    "minor_unlock": ("protection",),
    "minor_answer": ("protection",),
    "orders": CASEWORK,
    "laws": (*EVERYONE, "protection"),
    "law": (*EVERYONE, "protection"),
    "sign_ins": (*EVERYONE, "protection"),
    "figures": EVERYONE,
    "webhooks": ("lead", "auditor", "admin"),
    "replay": ("lead", "admin"),
    "endpoint_add": ("admin",),
    "endpoint": ("admin",),
    "sources": ("lead", "auditor", "admin"),
    "source": ("lead", "auditor", "admin"),
    "source_add": ("admin",),
    "source_do": ("admin",),
    "source_change": ("admin",),
    "source_remove": ("admin",),
    "source_say": ("lead", "admin"),
    "keys": ("auditor", "admin"),
    "key_create": ("admin",),
    "key_revoke": ("admin",),
    "team": ("auditor", "admin"),
    "team_add": ("admin",),
    "member": ("admin",),
}

#: What a stranger at an unlocked computer must not get: asks for the password or a key again after fifteen minutes.
CHECKED_AGAIN: Final = frozenset({"key_create", "team_add", "member", "endpoint_add", "source_add"})

View = Callable[..., HttpResponse]


def may(user: object, name: str) -> bool:
    """Whether ``user`` may use the address ``name``."""
    return getattr(user, "role", None) in ROLES[name]


def door(name: str, *methods: str) -> Callable[[View], View]:
    """Wraps the view of the address ``name``: signed in, one of its roles, these methods; refusals become pages."""

    def wrap(view: View) -> View:
        guarded = reauthentication_required(view) if name in CHECKED_AGAIN else view

        @login_required
        @require_http_methods(list(methods) or ["GET", "HEAD"])
        @wraps(view)
        def inner(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if not standing.stands(request):
                return redirect_to_login(request.get_full_path())
            if standing.lacks_second_factor(request):
                return redirect("mfa_index")
            try:
                require_role(request.user, *ROLES[name])
                return guarded(request, *args, **kwargs)
            except DeniedError as error:
                return render(request, "console/refused.html", {"error": error}, status=403)
            except MissingError as error:
                return render(request, "console/refused.html", {"error": error}, status=404)

        inner.door = name  # type: ignore[attr-defined]
        return inner

    return wrap
