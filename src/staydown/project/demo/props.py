"""What the demo's install holds before the story begins. Imported only once Django is ready."""

from __future__ import annotations

from typing import Final

from django.db import connections

from staydown.apps.accounts import actions as accounts
from staydown.apps.accounts.models import Role
from staydown.apps.audit.actor import Actor
from staydown.apps.sharing import actions as sharing
from staydown.project import install
from staydown.project.demo.platform import Platform

MODERATOR: Final = "bea"
UPLOADS: Final = ["screen"]
TAKEDOWNS: Final = ["action:read", "outcome:write", "case:read"]

SignIn = tuple[str, str]


def furnish(platform: Platform) -> tuple[SignIn, SignIn]:
    """The sign-ins of a moderator and of the administrator; gives ``platform`` its keys and its webhook."""
    by = Actor.system()
    installed = install.ensure()
    password = accounts.new_password()
    accounts.create_staff(MODERATOR, password=password, role=Role.MODERATOR, pseudonym="Bea", by=by)
    platform.screen_key = accounts.create_key("The platform's uploads", UPLOADS, by=by)[1]
    platform.api_key = accounts.create_key("The platform's takedowns", TAKEDOWNS, by=by)[1]
    platform.webhook_key = sharing.add_endpoint("The platform", f"{platform.origin}/hooks", by=by).public_key
    install.told()
    connections.close_all()
    return (MODERATOR, password), (installed.username, installed.password or "")
