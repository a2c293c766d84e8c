"""The direction of imports, and that nothing hides from the linter that holds it."""

from __future__ import annotations

import ast
from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

import staydown

SOURCE = Path(staydown.__file__).parent


def test_every_contract_holds(monkeypatch):
    monkeypatch.chdir(SOURCE.parent.parent)
    # It would set up logging for itself and silence every logger of the tests that come after this one.
    monkeypatch.setattr("importlinter.cli.logging_config.dictConfig", lambda _config: None)
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_no_folder_hides_from_the_linter():
    folders = {file.parent for file in SOURCE.rglob("*.py")}
    assert folders
    assert [str(folder.relative_to(SOURCE)) for folder in folders if not (folder / "__init__.py").exists()] == []


def hidden_imports(tree: ast.Module) -> list[str]:
    """First-party imports inside functions, as ``function:line``."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "ready":
            found += [
                f"{node.name}:{inner.lineno}"
                for inner in ast.walk(node)
                if (isinstance(inner, ast.ImportFrom) and (inner.module or "").startswith("staydown"))
                or (isinstance(inner, ast.Import) and any(name.name.startswith("staydown") for name in inner.names))
            ]
    return found


def test_a_planted_hidden_import_is_found():
    planted = ast.parse("def f():\n    from staydown.core import bank\n")
    assert hidden_imports(planted) == ["f:2"]


def test_no_import_hides_inside_a_function():
    # cli imports late so that `staydown hash` needs no Django; project starts Django before it may import its apps.
    files = [f for f in SOURCE.rglob("*.py") if f.relative_to(SOURCE).parts[0] not in {"cli", "project"}]
    found = {str(f.relative_to(SOURCE)): hidden for f in files if (hidden := hidden_imports(ast.parse(f.read_text())))}
    assert found == {}
