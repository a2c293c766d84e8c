"""How Django knows the accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The accounts app; its label can never change, it is in table names."""

    name = "staydown.apps.accounts"
    label = "staydown_accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers of Django's own events."""
        from staydown.apps.accounts import signals  # noqa: F401 - importing connects them
