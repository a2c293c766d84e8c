"""How Django knows the banks app."""

from django.apps import AppConfig


class BanksConfig(AppConfig):
    """The banks app; its label can never change, it is in table names."""

    name = "staydown.apps.banks"
    label = "staydown_banks"
    default_auto_field = "django.db.models.BigAutoField"
