"""How Django knows the sharing app."""

from django.apps import AppConfig


class SharingConfig(AppConfig):
    """The sharing app; its label can never change, it is in table names."""

    name = "staydown.apps.sharing"
    label = "staydown_sharing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say which entries are kept by sources."""
        from staydown.apps.banks import keeping
        from staydown.apps.sharing import applying

        keeping.register("sources", applying.kept_by_sources)
