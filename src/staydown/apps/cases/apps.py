"""How Django knows the cases app."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """The cases app; its label can never change, it is in table names."""

    name = "staydown.apps.cases"
    label = "staydown_cases"
    default_auto_field = "django.db.models.BigAutoField"
