"""The addresses of the console, under /staff/."""

from __future__ import annotations

from django.urls import path

from staydown.apps.console.views import (
    appeals,
    cases,
    decisions,
    figures,
    keys,
    laws,
    minors,
    misuse,
    orders,
    proposals,
    questions,
    queue,
    sign_ins,
    team,
    webhooks,
)

app_name = "console"
urlpatterns = [
    path("", queue.show, name="queue"),
    path("pulse/", queue.pulse, name="pulse"),
    path("cases/<uuid:public_id>/", cases.show, name="case"),
    path("cases/<uuid:public_id>/decide/", decisions.decide, name="decide"),
    path("cases/<uuid:public_id>/lease/", cases.renew, name="renew"),
    path("cases/<uuid:public_id>/release/", cases.release, name="release"),
    path("cases/<uuid:public_id>/minor/", minors.suspect, name="suspect"),
    path("cases/<uuid:public_id>/ask/", questions.ask, name="ask"),
    path("minors/", minors.show, name="minors"),
    path("minors/<uuid:public_id>/", minors.case, name="minor"),
    path("minors/<uuid:public_id>/remove/", minors.remove, name="minor_remove"),
    path("minors/<uuid:public_id>/refer/", minors.refer, name="minor_refer"),
    path("cases/<uuid:public_id>/take-over/", cases.take_over, name="take_over"),
    path("cases/<uuid:public_id>/assign/", cases.assign, name="assign"),
    path("cases/<uuid:public_id>/note/", cases.note, name="note"),
    path("cases/<uuid:public_id>/unfounded/", misuse.unfounded, name="unfounded"),
    path("reveals/", cases.reveal, name="reveal"),
    path("cases/<uuid:public_id>/restore/", proposals.restore, name="restore"),
    path("proposals/", proposals.index, name="proposals"),
    path("proposals/<uuid:public_id>/", proposals.answer, name="proposal"),
    path("appeals/", appeals.index, name="appeals"),
    path("appeals/<uuid:public_id>/", appeals.show, name="appeal"),
    path("orders/", orders.show, name="orders"),
    path("laws/", laws.show, name="laws"),
    path("laws/<str:regime_id>/", laws.one, name="law"),
    path("sign-ins/", sign_ins.show, name="sign_ins"),
    path("figures/", figures.show, name="figures"),
    path("webhooks/", webhooks.show, name="webhooks"),
    path("webhooks/endpoints/", webhooks.add, name="endpoint_add"),
    path("webhooks/endpoints/<uuid:public_id>/", webhooks.endpoint, name="endpoint"),
    path("webhooks/deliveries/<uuid:public_id>/", webhooks.replay, name="replay"),
    path("keys/", keys.show, name="keys"),
    path("keys/new/", keys.create, name="key_create"),
    path("keys/<uuid:public_id>/", keys.revoke, name="key_revoke"),
    path("team/", team.show, name="team"),
    path("team/new/", team.add, name="team_add"),
    path("team/<uuid:public_id>/", team.member, name="member"),
]
