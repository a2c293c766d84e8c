"""How Django knows the api app."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The api app; it owns no tables."""

    name = "staydown.apps.api"
    label = "staydown_api"
