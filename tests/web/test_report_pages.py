"""Pages of reports: the desk from a draft to a correction, and what the public reads."""

from __future__ import annotations

import datetime as dt
import json
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient

from charity.disclosures import desk_queries, queries
from charity.kernel import clock
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.people.queries import Grant
from tests import reports
from tests.client import Client, Page, fields
from tests.factories import site as world
from tests.people import make_person, sign_in
from tests.reports import WORDS, WORDS_EN, Office, office

ATOM = "{http://www.w3.org/2005/Atom}"
NAMES = world.NAMES | {"起草人", "核对人", "公布人", "另一专员", "数字有误", "补充说明"}


@pytest.fixture
def people(site: Flask) -> Office:
    with site.app_context():
        made = office()
        db.session.remove()
    return made


def clients(site: Flask, people: Office, lang: str = "zh") -> dict[str, Client]:
    made = {}
    for name in ("drafts", "checks", "publishes", "other"):
        made[name] = Client(site, lang, NAMES)
        sign_in(made[name].http, getattr(people, name))
    return made


def days() -> dict[str, str]:
    today = clock.today()
    return {
        "first_on": (today - dt.timedelta(days=9)).isoformat(), "last_on": today.isoformat()
    }  # fmt: skip


def send(client: Client, here: str, what: str, status: int = 303, **changes: str) -> Page:
    """Open a report's page and send its form for ``what``."""
    data = {**fields(client.get(here)), **changes}
    return client.post(f"{here}/{what}", data, status)


def drafted(site: Flask, people: Office, body: str = WORDS) -> str:
    """A draft; its id."""
    with site.app_context():
        report = reports.begin(people.drafts, slug=world.OPEN)
        reports.write(report, people.drafts, body, body_en=WORDS_EN)
        db.session.remove()
    return report


def published(site: Flask, people: Office, *, corrected: bool = False) -> str:
    """A published report, perhaps corrected; its id."""
    report = drafted(site, people)
    with site.app_context():
        reports.publish(people, report)
        if corrected:
            reports.write(report, people.drafts, "补充说明", reason="数字有误")
            reports.publish(people, report)
        db.session.remove()
    return report


def made(site: Flask, report: str) -> None:
    with site.app_context():
        reports.quick_files(report)
        db.session.remove()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_from_a_draft_to_a_correction(site: Flask, people: Office, lang: str) -> None:
    desks = clients(site, people, lang)
    drafts = desks["drafts"]
    page = drafts.submit("/desk/fund/reports/new", campaign=world.OPEN, **days())
    report = page.response.headers["Location"].split("/")[-2]
    here = f"/desk/fund/reports/{report}"
    drafts.submit(f"{here}/text", body=WORDS, body_en=WORDS_EN)
    preview = drafts.get(here)
    assert preview.all("//strong[text()='困难家庭']") or lang == "en"
    assert f"{here}" in str(drafts.get("/desk/").all("//main//a/@href"))
    send(drafts, here, "submit")
    # Only others are offered the decision.
    assert not drafts.get(here).all("//button[@value='approve']")
    checks = desks["checks"]
    assert here in str(checks.get("/desk/").all("//main//a/@href"))
    send(checks, here, "decision", 303, answer="approve")
    publishes = desks["publishes"]
    early = send(publishes, here, "decision", 409, answer="approve")
    assert early.summary
    made(site, report)
    send(publishes, here, "decision", 303, answer="approve")
    visitor = Client(site, lang, NAMES)
    shown = visitor.get(f"/disclosures/{report}")
    assert shown.all("//code[string-length(text())=64]")
    drafts.submit(f"{here}/text", 422, body=WORDS, reason="")
    drafts.submit(f"{here}/text", body="补充说明", reason="数字有误")
    send(drafts, here, "submit")
    made(site, report)
    for name in ("checks", "publishes"):
        send(desks[name], here, "decision", answer="approve")
    old = visitor.get(f"/disclosures/{report}?version=1")
    assert old.all(f"//main//a[@href='/disclosures/{report}']")
    new = visitor.get(f"/disclosures/{report}")
    assert "数字有误" in new.text
    for client in desks.values():
        client.get(here)
        client.get("/desk/fund/reports")


def test_what_is_refused_is_said_on_the_page(site: Flask, people: Office) -> None:
    desks = clients(site, people)
    report = drafted(site, people)
    here = f"/desk/fund/reports/{report}"
    drafts = desks["drafts"]
    today = clock.today()
    wrong = drafts.submit(
        "/desk/fund/reports/new", 422, campaign=world.OPEN, first_on=today.isoformat(),
        last_on=(today + dt.timedelta(days=3)).isoformat(),
    )  # fmt: skip
    assert "报告期间" in wrong.summary
    assert drafts.submit(
        "/desk/fund/reports/new", 422, campaign=world.OPEN, first_on="x", last_on=""
    ).summary
    drafts.submit("/desk/fund/reports/new", 404, campaign="none", **days())
    assert drafts.submit(f"{here}/text", 422, body="").error_of("body")
    drafts.submit(f"{here}/text", 409, body="x", seen="9999")
    drafts.submit(f"{here}/text", 422, body="x", seen="²")
    send(drafts, here, "submit")
    checks = desks["checks"]
    assert send(checks, here, "decision", 422, answer="perhaps").summary
    assert send(checks, here, "decision", 422, answer="refuse").error_of("reason")
    assert send(checks, here, "decision", 409, answer="approve", seen="0" * 64).summary
    other = desks["other"].get(here)
    assert other.all("//button[@value='approve']")
    send(checks, here, "decision", 303, answer="refuse", reason="补充说明")
    told = drafts.get(here)
    assert "补充说明" in told.text
    send(drafts, here, "submit")
    token = drafts.get(here).value("csrf_token")
    drafts.post(f"{here}/withdraw", {"csrf_token": token})
    with site.app_context():
        assert desk_queries.desk_report(report).stage == "draft"
        db.session.remove()
    for path in ("/desk/fund/reports/none", "/desk/fund/reports/none/text",
                 f"{here}/submitted.pdf", f"{here}/submitted.xlsx"):  # fmt: skip
        drafts.get(path, 404)


def test_a_draft_of_another_kind_of_person(site: Flask, people: Office) -> None:
    report = drafted(site, people)
    with site.app_context():
        from charity.kernel.atomic import atomic

        with atomic():
            clerk = make_person("起草人", Grant(Role.UNIT_CLERK, world.COUNTY))
        db.session.remove()
    client = Client(site, "zh", NAMES)
    sign_in(client.http, clerk)
    client.get(f"/desk/fund/reports/{report}", 404)
    checks = clients(site, people)["checks"]
    checks.get(f"/desk/fund/reports/{report}/text", 404)
    checks.get("/desk/fund/reports/new", 404)


def test_harm_in_a_text_is_letters_on_the_page(site: Flask, people: Office) -> None:
    body = '<script>alert(1)</script><img src="http://x/y"> [a](file:///etc/passwd)'
    report = drafted(site, people, body)
    drafts = clients(site, people)["drafts"]
    page = drafts.get(f"/desk/fund/reports/{report}")
    assert "<script>alert(1)</script>" in page.text
    assert not page.all("//a[starts-with(@href, 'file:')]")


# --- public ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_list_and_an_empty_list(site: Flask, people: Office, lang: str) -> None:
    visitor = Client(site, lang, NAMES)
    assert visitor.get("/disclosures").all("//div[@class='empty']")
    report = published(site, people, corrected=True)
    page = visitor.get("/disclosures")
    assert page.all(f"//main//a[@href='/disclosures/{report}']")
    assert visitor.get(f"/disclosures?campaign={world.OPEN}").all("//main//ul[@class='rows']/li")
    assert not visitor.get(f"/disclosures?campaign={world.ENDED}").all(
        "//main//ul[@class='rows']/li"
    )
    visitor.get("/disclosures?campaign=none&cursor=")
    visitor.get("/disclosures?cursor=none", 422)


def test_a_draft_is_not_there(site: Flask, people: Office) -> None:
    report = drafted(site, people)
    visitor = Client(site, "zh", NAMES)
    http = site.test_client()
    visitor.get(f"/disclosures/{report}", 404)
    for form in ("pdf", "csv", "xlsx", "json"):
        assert http.get(f"/disclosures/{report}.{form}").status_code == 404
    assert http.get(f"/api/v1/disclosures/{report}").status_code == 404
    assert http.get("/api/v1/disclosures").json == {"items": [], "next_cursor": None}


def test_files_are_the_bytes_that_were_kept(site: Flask, people: Office) -> None:
    report = published(site, people, corrected=True)
    http = site.test_client()
    with site.app_context():
        view = queries.report(report)
        kept = {
            (version, form): queries.content(report, version, form)
            for version in (1, 2)
            for form in view.newest.hashes
        }
        db.session.remove()
    assert len(set(kept.values())) == 8
    for (version, form), content in kept.items():
        answer = http.get(f"/disclosures/{report}.{form}?version={version}")
        assert answer.status_code == 200
        assert answer.data == content
        assert f"{report}-v{version}.{form}" in answer.headers["Content-Disposition"]
        tag = answer.headers["ETag"]
        again = http.get(
            f"/disclosures/{report}.{form}?version={version}", headers={"If-None-Match": tag}
        )
        assert again.status_code == 304
    assert http.get(f"/disclosures/{report}.json").data == kept[2, "json"]  # type: ignore[index]
    assert http.get(f"/disclosures/{report}.pdf?version=3").status_code == 404
    assert http.get(f"/disclosures/{report}?version=x").status_code == 404


def test_the_page_is_drawn_from_the_document(site: Flask, people: Office) -> None:
    report = published(site, people)
    visitor = Client(site, "zh", NAMES)
    page = visitor.get(f"/disclosures/{report}")
    document = json.loads(site.test_client().get(f"/disclosures/{report}.json").data)
    cells = [" ".join(cell.text_content().split()) for cell in page.all("//td")]
    shown = {cell.replace("−", "-") for cell in cells}
    for column in document["totals"].values():
        for fen in column.values():
            assert f"¥{fen // 100:,}.{fen % 100:02d}" in {cell.lstrip("-") for cell in shown}
    assert document["as_of_entry"] == 0


# --- machines -------------------------------------------------------------------------------------
def api(http: FlaskClient, path: str, status: int = 200) -> dict[str, object]:
    answer = http.get(f"/api/v1{path}")
    assert answer.status_code == status, answer.text
    found = answer.json
    assert isinstance(found, dict)
    return found


def test_api(site: Flask, people: Office) -> None:
    report = published(site, people, corrected=True)
    http = site.test_client()
    (line,) = api(http, "/disclosures")["items"]  # type: ignore[misc]
    assert (line["id"], line["campaign"]) == (report, world.OPEN)
    assert [one["version"] for one in line["versions"]] == [2, 1]
    assert line["versions"][0]["reason"] == "数字有误"
    whole = api(http, f"/disclosures/{report}")
    document = json.loads(http.get(f"/disclosures/{report}.json").data)
    assert whole["totals"] == document["totals"]
    assert [unit["own"] for unit in whole["units"]] == [  # type: ignore[attr-defined, index]
        unit["own"] for unit in document["units"]
    ]
    assert api(http, f"/disclosures/{report}?version=1")["version"] == 1
    api(http, f"/disclosures/{report}?version=9", 404)
    api(http, "/disclosures/none", 404)
    api(http, "/disclosures?cursor=none", 422)


def test_feed(site: Flask, people: Office) -> None:
    http = site.test_client()
    assert not ET.fromstring(http.get("/feeds/disclosures.atom").data).findall(f"{ATOM}entry")
    report = published(site, people, corrected=True)
    answer = http.get("/feeds/disclosures.atom")
    assert answer.mimetype == "application/atom+xml"
    feed = ET.fromstring(answer.data)
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}id") for entry in entries] == [
        f"http://127.0.0.1:8000/disclosures/{report}?version={version}" for version in (2, 1)
    ]
    assert "数字有误" in str(entries[0].findtext(f"{ATOM}summary"))
    for name in ("id", "title", "updated", "author"):
        assert feed.find(f"{ATOM}{name}") is not None
    newest = entries[0].findtext(f"{ATOM}updated")
    assert feed.findtext(f"{ATOM}updated") == newest
