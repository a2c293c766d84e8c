"""The ui app's place in Django."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Templates, style and headers; no models, no addresses of its own."""

    name = "staydown.apps.ui"
    label = "staydown_ui"
    verbose_name = "Pages"
