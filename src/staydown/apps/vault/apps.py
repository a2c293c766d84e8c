"""How Django knows the vault app."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    """The vault app; its label can never change, it is in table names."""

    name = "staydown.apps.vault"
    label = "staydown_vault"
    default_auto_field = "django.db.models.BigAutoField"
