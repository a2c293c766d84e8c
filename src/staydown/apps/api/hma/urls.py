"""The addresses that HMA has below /c/."""

from __future__ import annotations

from django.urls import path

from staydown.apps.api.hma import banks, exchanges
from staydown.apps.api.plain import asking, nothing

READ, WRITE = "entry:read", "entry:write"

urlpatterns = [
    path("banks", asking(GET=(READ, banks.index), POST=(WRITE, banks.create))),
    path(
        "bank/<str:bank>",
        asking(GET=(READ, banks.show), PUT=(WRITE, banks.change), DELETE=(WRITE, banks.remove)),
    ),
    path("bank/<str:bank>/content", asking(POST=(WRITE, banks.add_content))),
    path("bank/<str:bank>/signal", asking(POST=(WRITE, banks.add_signal))),
    path(
        "bank/<str:bank>/content/<str:content>",
        asking(GET=(READ, banks.show_content), PUT=(WRITE, banks.change_content), DELETE=(WRITE, banks.remove_content)),
    ),
    path("exchanges", asking(GET=(READ, exchanges.index), POST=(WRITE, exchanges.refuse))),
    path("exchanges/apis", asking(GET=(READ, exchanges.apis))),
    path("exchanges/api/<str:api>", asking(GET=(READ, exchanges.api), POST=(WRITE, exchanges.refuse))),
    path("exchanges/api/<str:api>/schema", asking(GET=(READ, exchanges.schema))),
    path(
        "exchange/<str:exchange>",
        asking(GET=(READ, exchanges.show), PUT=(WRITE, exchanges.refuse), DELETE=(WRITE, exchanges.refuse)),
    ),
    path("exchange/<str:exchange>/status", asking(GET=(READ, exchanges.status))),
    path("signal_type", asking(GET=(READ, exchanges.signal_types))),
    path("", nothing),
    path("<path:rest>", nothing),
]
