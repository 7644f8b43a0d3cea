"""The owner's page with the settings of the store's assistant: saved, refused, undone, and never for somebody else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest

from serving.app import application
from serving.tenant_api.history import Author
from serving.tenant_api.profile import Profile
from tests.serving.asgi import Answer, Client
from tests.serving.conftest import Served

FORM = {
    "description": "Tents & boots\r\nsince 1987", "brand_voice": "Friendly", "store_url": "https://aurora.example.com",
    "logo_url": "", "temperature": "0,7", "max_products": "5",
}  # fmt: skip
SAVED = Profile("Tents & boots\nsince 1987", "Friendly", "https://aurora.example.com", None, Decimal("0.7"), 5)


def hidden(page: str, name: str) -> str:
    match = re.search(rf'name="{name}" value="([^"]+)"', page)
    return match[1] if match else ""


def save(client: Client, **changes: str) -> Answer:
    page = client.get("/settings").text
    form = {**FORM, "proof": hidden(page, "proof"), "version": hidden(page, "version"), **changes}
    return client.post("/settings", form)


def restore(client: Client, number: int, **changes: str) -> Answer:
    page = client.get("/settings").text
    sent = {"proof": hidden(page, "proof"), "version": hidden(page, "version"), **changes}
    return client.post(f"/settings/versions/{number}", sent)


def test_owner_saves_the_settings_and_sees_who_changed_what(served: Served) -> None:
    owner = served.as_login("aurora")
    answer = save(owner)
    assert answer.status == 303
    version = served.site.settings.newest("aurora")
    assert version.after == SAVED and version.author == Author("login", "aurora")
    page = unescape(owner.get(answer.headers["location"]).text)
    assert "Saved as version 1." in page and "Tents & boots\nsince 1987</textarea>" in page
    assert "Description, brand voice, store address, temperature and products per answer" in page
    save(owner, temperature="1.25")
    page = owner.get("/settings").text
    assert "<del>0.7</del> → <ins>1.25</ins>" in page and "Saved" not in page
    assert save(owner, temperature="1.25").headers["location"].endswith("saved=2"), "an equal form is not a new version"


def test_undo_saves_an_earlier_version_as_the_newest(served: Served) -> None:
    owner = served.as_login("aurora")
    save(owner)
    save(owner, max_products="9", brand_voice="")
    assert restore(owner, 1).status == 303
    version = served.site.settings.newest("aurora")
    assert (version.number, version.after, version.restored) == (3, SAVED, 1)
    assert "copy of version 1" in owner.get("/settings").text
    for number in ("7", "0", "99999999999999999999", "x"):
        assert restore(owner, number).status == 404  # type: ignore[arg-type]


def test_mistakes_are_shown_at_their_fields_and_nothing_is_saved(served: Served) -> None:
    answer = save(served.as_login("aurora"), store_url="http://a.example.com", temperature="9", max_products="many",
                  description="<script>alert(1)</script>")  # fmt: skip
    assert answer.status == 422 and served.site.settings.newest("aurora").number == 0
    for text in ("3 fields have mistakes", "Store address is not an address that begins with https://",
                 "Temperature is not a number from 0 to 2", "Products per answer is not a whole number from 1 to 100",
                 'value="http://a.example.com"', 'value="many"', "&lt;script&gt;"):  # fmt: skip
        assert text in answer.text, text
    assert "<script>alert" not in answer.text


def test_history_names_the_token_that_changed_the_settings(served: Served) -> None:
    now = served.site.now()
    _, token = served.site.tokens.make(
        "aurora", {"settings"}, timedelta(days=7), by="a test", now=now, name="Chat <bot>"
    )
    served.site.settings.save("aurora", Profile(max_products=2), Author("token", token.id), now, expected=0)
    page = served.as_login("aurora").get("/settings").text
    assert "token “Chat &lt;bot&gt;”" in page and token.id not in page


def test_form_that_was_open_while_somebody_else_saved_changes_nothing(served: Served) -> None:
    owner = served.as_login("aurora")
    page = owner.get("/settings").text
    served.site.settings.save("aurora", Profile(max_products=2), Author("token", "3f9a"), served.site.now(), expected=0)
    form = {**FORM, "proof": hidden(page, "proof"), "version": hidden(page, "version")}
    answer = owner.post("/settings", form)
    assert answer.status == 409 and "token 3f9a changed the settings" in answer.text and ">Friendly</textarea>" in (
        answer.text.replace(">\n", ">"))  # fmt: skip
    assert served.site.settings.newest("aurora").number == 1
    assert "token 3f9a" in owner.get("/settings").text
    again = {**form, "version": hidden(answer.text, "version")}
    assert owner.post("/settings", again).status == 303
    assert restore(owner, 1, version="1").status == 409


@pytest.mark.parametrize("login", ["maria", "ola"])
def test_login_that_is_not_an_owners_says_whom_to_ask(served: Served, login: str) -> None:
    client = served.as_login(login)
    for answer in (client.get("/settings"), client.post("/settings", {**FORM, "version": "0"}),
                   client.post("/settings/versions/1", {"version": "0"})):  # fmt: skip
        assert answer.status == 403 and "Ask your account" in answer.text
    assert "/settings" not in client.get("/").text
    assert served.site.settings.versions() == []


def test_form_of_another_page_changes_nothing(served: Served) -> None:
    owner = served.as_login("aurora")
    save(owner)
    assert save(owner, proof="k1.x").status == 403
    page = owner.get("/settings").text
    form = {**FORM, "proof": hidden(page, "proof"), "version": "1", "max_products": "7"}
    assert owner.post("/settings", form, {"origin": "https://evil.example.com"}).status == 403
    assert served.as_login("nordlicht").post("/settings", form).status == 403, "another login's form"
    assert restore(owner, 1, proof="").status == 403
    assert served.site.settings.newest("aurora").number == 1


def test_owner_sees_the_own_tenant_whatever_the_form_says_and_the_administrator_chooses(served: Served) -> None:
    owner = served.as_login("nordlicht")
    save(owner, tenant="aurora", brand_voice="moin")
    assert owner.get("/settings?tenant=aurora").text.count("moin") > 0
    assert served.site.settings.newest("aurora").number == 0
    admin = served.as_login("admin")
    assert "moin" in admin.get("/settings?tenant=nordlicht").text and "moin" not in admin.get("/settings").text
    page = admin.get("/settings?tenant=nordlicht").text
    form = {**FORM, "tenant": "nordlicht", "proof": hidden(page, "proof"), "version": hidden(page, "version")}
    assert admin.post("/settings", form).headers["location"] == "/settings?period=&tenant=nordlicht&saved=2"


def test_settings_are_offered_where_an_assistant_is_known(served: Served) -> None:
    owner = served.as_login("aurora")
    save(owner)
    assert 'href="/settings?period="' in owner.get("/").text


@pytest.mark.parametrize("query", ["", "?tenant_id=nordlicht", "?tenant_id=aurora", "?tenant_id=//evil.example.com"])
def test_address_of_the_earlier_dashboard_leads_to_the_own_one(served: Served, query: str) -> None:
    path = f"/static/dashboard.html{query}"
    for login in ("aurora", "nordlicht", "maria", "admin"):
        answer = served.as_login(login).get(path)
        assert (answer.status, answer.headers["location"]) == (
            302, "http://127.0.0.1:8088/superset/dashboard/assistant/",
        )  # fmt: skip
    anonymous = served.client.get(path)
    assert anonymous.status == 401 and "next=/superset/dashboard/assistant/" in anonymous.text
    assert served.as_login("both").get(path).status == 403


def test_address_of_the_earlier_dashboard_leads_to_home_where_a_tenant_has_no_chats(served: Served) -> None:
    site = replace(served.site, published=served.site.published / "absent")
    app = application(site)
    for login, board in (("nordlicht", "home"), ("maria", "home"), ("admin", "assistant")):
        answer = Client(app, served.client.host, {"session": f"{login}-session"}).get("/static/dashboard.html")
        assert answer.headers["location"].endswith(f"/superset/dashboard/{board}/"), login


def test_page_without_a_login_leads_back_to_itself(served: Served) -> None:
    answer = served.client.get("/settings")
    assert answer.status == 401 and "/login/?next=/takings/settings" in answer.text
