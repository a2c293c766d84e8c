"""Orders of authorities and tribunals: enter one, and see those that were served."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from staydown.apps.cases import regimes
from staydown.apps.cases.actions import serve_order
from staydown.apps.cases.models import Case, Order
from staydown.apps.console.doors import door
from staydown.apps.console.order_form import OrderForm
from staydown.core.law.clocks import time_left
from staydown.errors import CaseworkError

NEWEST = 50


@door("orders", "GET", "HEAD", "POST")
def show(request: HttpRequest) -> HttpResponse:
    """The form for an order, and the newest orders."""
    now = timezone.now()
    laws = regimes.for_orders(now)
    if request.method != "POST":
        return _page(request, OrderForm(laws=laws))
    form = OrderForm(request.POST, laws=laws)
    if form.is_valid():
        try:
            order = serve_order(form.given(), request.user)  # type: ignore[arg-type] - the door lets only staff in
        except CaseworkError as error:
            form.refused(error)
        else:
            messages.success(request, "The order is entered, and its clock runs since it was served.")
            return redirect("console:case", order.case.public_id)
    return _page(request, form, status=422)


def _page(request: HttpRequest, form: OrderForm, status: int = 200) -> HttpResponse:
    now = timezone.now()
    names = {law.id: law.short_name for law in regimes.known()}
    found = Order.objects.exclude(case__state=Case.State.MINORS).select_related("case")[:NEWEST]
    rows = [
        {
            "order": order,
            "law": names.get(order.regime_id, order.regime_id),
            "left": time_left(order.case.due_at, now) if order.case.due_at else None,
        }
        for order in found
    ]
    return render(request, "console/orders.html", {"form": form, "rows": rows, "menu": "orders"}, status=status)
