"""How Django knows the cases app."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """The cases app; its label can never change, it is in table names."""

    name = "staydown.apps.cases"
    label = "staydown_cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say which entries are kept by reports."""
        from staydown.apps.banks import keeping
        from staydown.apps.cases import support

        keeping.register("reports", support.reported)
