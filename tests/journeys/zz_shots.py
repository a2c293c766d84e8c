"""Tmp."""

import sys, pytest

sys.path.insert(0, "/tmp")
from tests.journeys.browser import *
from tests.people import PASSWORD
import json, os


@pytest.mark.django_db(transaction=True)
def test_shots(live_server, browser, bea, cem, uli, ada, settings):
    settings.STAYDOWN_PREVIEW_ORIGINS = [live_server.url]
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    from seed import seed
    from staydown.apps.cases.models import Item

    a, b, c, d, e, f = seed(bea, cem)
    it = (
        Item.objects.get(case=a.case, kind="content", content_key__isnull=False)
        if False
        else [i for i in Item.objects.filter(case=a.case, kind="content") if i.content_ref == "post-99812"][0]
    )
    it.preview_url = live_server.url + "/static/ui/icon.svg"
    it.save()
    pages = json.loads(os.environ.get("SHOTS", "null")) or {
        "queue": "/staff/",
        "case": f"/staff/cases/{a.case.public_id}/",
        "other": f"/staff/cases/{f.case.public_id}/",
        "incomplete": f"/staff/cases/{c.case.public_id}/",
        "done": f"/staff/cases/{e.case.public_id}/",
        "waiting": f"/staff/cases/{d.case.public_id}/",
    }
    admin = {
        "webhooks": "/staff/webhooks/",
        "keys": "/staff/keys/",
        "team": "/staff/team/",
        "member": f"/staff/team/{bea.public_id}/",
        "2fa": "/staff/accounts/2fa/",
        "totp": "/staff/accounts/2fa/totp/activate/",
        "adminqueue": "/staff/",
        "admincase": f"/staff/cases/{a.case.public_id}/",
    }
    bad = []
    only = os.environ.get("ONLY")
    for scheme in ("light", "dark"):
        for name, size in (("desk", {"width": 1280, "height": 900}), ("phone", {"width": 390, "height": 800})):
            if only and only != f"{name}-{scheme}":
                continue
            for who, pp in (("bea", pages), ("ada", admin)):
                with browser.new_context(viewport=size, color_scheme=scheme) as ctx:
                    p = ctx.new_page()
                    p.on("console", lambda m: bad.append((p.url, m.text)) if m.type in ("error", "warning") else None)
                    p.on("pageerror", lambda m: bad.append((p.url, str(m))))
                    p.goto(live_server.url + "/staff/")
                    if who == "bea":
                        p.screenshot(path=f"/tmp/shots/login-{name}-{scheme}.png", full_page=True)
                    try:
                        assert_accessible(p)
                    except AssertionError as e:
                        bad.append(str(e))
                    p.fill("input[name=login]", who)
                    p.fill("input[name=password]", PASSWORD)
                    p.click("text=Sign in >> nth=1") if False else p.get_by_role(
                        "button", name="Sign in", exact=True
                    ).click()
                    for k, u in pp.items():
                        p.goto(live_server.url + u)
                        p.screenshot(path=f"/tmp/shots/{k}-{name}-{scheme}.png", full_page=True)
                        try:
                            assert_accessible(p)
                            assert_no_sideways_scroll(p)
                        except AssertionError as e:
                            bad.append(k + " " + name + " " + str(e))
    for x in bad:
        print(x)
