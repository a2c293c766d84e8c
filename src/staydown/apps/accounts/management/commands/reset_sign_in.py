"""`staydown manage reset_sign_in NAME`: for an administrator who cannot sign in any more."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from staydown.apps.accounts import actions
from staydown.apps.accounts.models import Staff
from staydown.apps.audit.actor import Actor


class Command(BaseCommand):
    """Gives a member of staff a new random password and takes their second factors off."""

    help = "Give someone who cannot sign in a new random password, without second factors. It is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One name."""
        parser.add_argument("name", help="The name that they sign in with.")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        """Reset, and print the password."""
        staff = Staff.objects.filter(username=name, is_active=True).first()
        if staff is None:
            raise CommandError("No active member of staff signs in with this name.")
        self.stdout.write(actions.reset_sign_in(staff, by=Actor.system()))
