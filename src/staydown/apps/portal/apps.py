"""The portal's place in Django."""

from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Pages and scripts; no models: nothing is stored before a report is sent."""

    name = "staydown.apps.portal"
    label = "staydown_portal"
    verbose_name = "Portal"
