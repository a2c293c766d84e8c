"""How Django knows the audit app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit app; its label can never change, it is in table names."""

    name = "staydown.apps.audit"
    label = "staydown_audit"
    default_auto_field = "django.db.models.BigAutoField"
