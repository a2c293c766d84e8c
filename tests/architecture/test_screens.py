"""Screens parse, call an action and render: they own no rows and write none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.apps import apps

import staydown

SOURCE = Path(staydown.__file__).parent
SCREENS = ("ui", "portal", "console", "api")
WRITES = {"save", "create", "bulk_create", "update", "bulk_update", "delete", "get_or_create", "update_or_create"}
RECORDS = ["vault", "audit", "accounts", "banks", "sharing", "cases"]  # lowest first


def writes(tree: ast.Module) -> list[str]:
    """Calls that change rows, as ``name:line``: ``x.objects.create(...)``, ``row.save()`` and their like."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            owner = ast.unparse(node.func.value)
            if node.func.attr == "update" and not owner.endswith(("objects", ")")):
                continue  # dict.update and hashlib's update; a queryset's is caught by its manager or a call before it
            found.append(f"{node.func.attr}:{node.lineno}")
    return found


def test_a_planted_write_is_found():
    assert writes(ast.parse("Case.objects.filter(pk=1).update(state='done')\ncase.save()")) == ["update:1", "save:2"]


@pytest.mark.parametrize("screen", SCREENS)
def test_it_writes_nothing(screen):
    files = list((SOURCE / "apps" / screen).rglob("*.py"))
    assert files
    assert {f.name: found for f in files if (found := writes(ast.parse(f.read_text())))} == {}


@pytest.mark.parametrize("screen", SCREENS)
def test_it_owns_no_rows(screen):
    assert list(apps.get_app_config(f"staydown_{screen}").get_models()) == []


def test_foreign_keys_point_down():
    for model in apps.get_models():
        label = model._meta.app_label
        if not label.startswith("staydown_"):
            continue
        own = RECORDS.index(label.removeprefix("staydown_"))
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            if field.auto_created or target is None or not target._meta.app_label.startswith("staydown_"):
                continue
            other = RECORDS.index(target._meta.app_label.removeprefix("staydown_"))
            assert other <= own, f"{label}.{model.__name__}.{field.name} points up to {target.__name__}"
