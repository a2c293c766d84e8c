"""The API of version 1, put together from its resources."""

from __future__ import annotations

from ninja import NinjaAPI

from staydown.apps.api import problems
from staydown.apps.api.v1 import (
    actions,
    appeals,
    banks,
    cases,
    decisions,
    feed,
    figures,
    hits,
    orders,
    proofs,
    reports,
    screening,
    webhooks,
)

api = NinjaAPI(
    title="staydown",
    version="1",
    description="Reports, cases, decisions, actions, banks and the feed. Errors are problem documents with a `code`.",
    openapi_url="/openapi.json",
    docs_url=None,  # a page of its own would need inline scripts
    urls_namespace="api-1",
)
problems.install(api)
for resource in (
    reports,
    orders,
    cases,
    decisions,
    actions,
    appeals,
    banks,
    feed,
    hits,
    screening,
    webhooks,
    proofs,
    figures,
):
    api.add_router("", resource.router)
