"""Django's handle on the console."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The screens at /staff/: no rows of their own."""

    name = "staydown.apps.console"
    label = "staydown_console"
    verbose_name = "Console"
