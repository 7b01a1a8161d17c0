"""The campaign desk: a manager writes, files and opens a campaign; what is refused says why."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable

import pytest
from flask import Flask
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from charity.funds import campaign_queries as reads
from charity.funds import queries as funds
from charity.funds.kinds import CampaignStatus, FundText
from charity.kernel import clock, uploads
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.people.queries import Signed
from tests.client import Client, Page
from tests.factories import site as world
from tests.people import Grant, make_person, sign_in

HERE = "/desk/fund/campaigns"
SLUG = "xin"
USE = {
    name: f"{name} 的内容"
    for name in (
        "purpose", "beneficiaries", "use_plan", "cost_plan", "leftover", "fallback_use",
    )
}  # fmt: skip
OFFICE = {
    "person_in_charge": "测试负责人",
    "contact_phone": "0931-0000000",
    "contact_address": "兰州市测试路 1 号",
    "methods": "网上支付",
    "bank_account": "测试户名 测试银行 000",
    "expected": "12345.60",
    "expected_basis": "按去年测算",
}
FILING = {
    "filing_number": "53620000TEST000009",
    "platform_name": "测试平台",
    "platform_url": "https://platform.example.org/xin",
}
NAMES = world.NAMES | {"测试管理员", "测试信息公开", "测试审批", "新活动", "测试文件"}
Open = Callable[..., Client]


@pytest.fixture
def people(site: Flask) -> dict[Role, Signed]:
    """A manager, a discloser, an approver."""
    with site.app_context():
        with atomic():
            made = {
                Role.FUND_MANAGER: make_person("测试管理员", Grant(Role.FUND_MANAGER, None)),
                Role.DISCLOSER: make_person("测试信息公开", Grant(Role.DISCLOSER, None)),
                Role.APPROVER: make_person("测试审批", Grant(Role.APPROVER, None)),
            }
        db.session.remove()
    return made


@pytest.fixture
def desk(site: Flask, people: dict[Role, Signed]) -> Open:
    """A browser of somebody with this role."""

    def open_for(role: Role = Role.FUND_MANAGER, lang: str = "zh", **how: bool) -> Client:
        client = Client(site, lang, NAMES)
        sign_in(client.http, people[role], **how)
        return client

    return open_for


def send(client: Client, page: str, to: str, status: int = 303, **given: object) -> Page:
    """Post to ``to`` with the token that stands on ``page``."""
    token = client.get(page).value("csrf_token")
    return client.post(to, {"csrf_token": token, **given}, status)


def save(client: Client, section: str, status: int = 303, **given: object) -> Page:
    address = f"{HERE}/{SLUG}/{section}" if section == "text" else f"{HERE}/{SLUG}/edit/{section}"
    return send(client, address, address, status, **given)


def begin(client: Client) -> None:
    today = clock.today()
    send(
        client, f"{HERE}/new", f"{HERE}/new", name="新活动", slug=SLUG, starts_on=str(today),
        ends_on=str(today + dt.timedelta(days=30)), office=world.OFFICE,
    )  # fmt: skip


def dates(**changes: str) -> dict[str, str]:
    today = clock.today()
    return {
        "name": "新活动", "fundraising_basis": "public", "area_code": "620522",
        "area": "天水市秦安县", "starts_on": str(today),
        "ends_on": str(today + dt.timedelta(days=30)), **changes,
    }  # fmt: skip


def whole(client: Client) -> None:
    """A draft with everything."""
    begin(client)
    save(client, "plan", **dates())
    save(client, "use", **USE)
    save(client, "office", **OFFICE)
    save(client, "filing", **FILING)


def status(site: Flask, slug: str = SLUG) -> CampaignStatus:
    with site.app_context():
        found = reads.desk_campaign(slug).status
        db.session.remove()
    return found


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (1, 2, 3)).save(out, "PNG")
    return out.getvalue()


def upload(client: Client, content: bytes, name: str, status: int = 303, **given: str) -> Page:
    page = f"{HERE}/{SLUG}"
    fields = {"kind": "picture", "title": "一张图", **given}
    return send(client, page, f"{page}/files", status, file=(io.BytesIO(content), name), **fields)


def test_a_manager_opens_a_campaign(site: Flask, desk: Open) -> None:
    client, visitor = desk(), Client(site, "zh", NAMES)
    begin(client)
    page = client.get(f"{HERE}/{SLUG}")
    assert "请填写募捐目的。" in page.text
    assert "请填写备案编号" in page.text
    assert not page.all("//form[contains(@action, '/step/')]")
    visitor.get(f"/campaigns/{SLUG}", 404)
    for section, given in (("plan", dates()), ("use", USE), ("office", OFFICE), ("filing", FILING)):
        save(client, section, **given)
    page = client.get(f"{HERE}/{SLUG}")
    assert "还缺少" not in page.text
    assert "¥12,345.60" in page.text
    send(client, f"{HERE}/{SLUG}", f"{HERE}/{SLUG}/step/filed")
    assert status(site) is CampaignStatus.FILED
    assert not visitor.get(f"/campaigns/{SLUG}").all("//a[contains(@class, 'btn--give')]")
    send(client, f"{HERE}/{SLUG}", f"{HERE}/{SLUG}/step/open")
    shown = visitor.get(f"/campaigns/{SLUG}")
    assert shown.all("//a[contains(@class, 'btn--give')]")
    for text in (
        *USE.values(),
        "测试户名 测试银行 000",
        "53620000TEST000009",
        "甘肃省天水市秦安县",
    ):
        assert text in shown.text, text
    visitor.get(f"/give/{SLUG}")


def test_no_opening_without_filing_number_or_listing(site: Flask, desk: Open) -> None:
    client = desk()
    whole(client)
    save(client, "filing", **{**FILING, "filing_number": ""})
    page = send(client, f"{HERE}/{SLUG}", f"{HERE}/{SLUG}/step/filed", 409)
    assert "没有备案编号的活动不能公开募捐" in page.summary
    assert status(site) is CampaignStatus.DRAFT
    save(client, "filing", **{**FILING, "platform_url": ""})
    send(client, f"{HERE}/{SLUG}", f"{HERE}/{SLUG}/step/filed")
    page = send(client, f"{HERE}/{SLUG}", f"{HERE}/{SLUG}/step/open", 409)
    assert "https://" in page.summary
    assert status(site) is CampaignStatus.FILED


@pytest.mark.parametrize(
    ("section", "given", "field"),
    [
        ("plan", dates(ends_on="2000-01-01"), None),
        ("plan", dates(starts_on="soon"), "starts_on"),
        ("plan", dates(area_code="629999"), "area_code"),
        ("plan", dates(fundraising_basis="x"), "fundraising_basis"),
        ("plan", dates(name="长" * 61), "name"),
        ("plan", dates(name="a\x00b"), "name"),
        ("office", {**OFFICE, "expected": "很多"}, "expected"),
        ("office", {**OFFICE, "expected": "-1"}, "expected"),
        ("office", {**OFFICE, "expected": "1e9"}, "expected"),
        ("office", {**OFFICE, "expected": "999999999999"}, "expected"),
        ("filing", {**FILING, "platform_url": "javascript:alert(1)"}, "platform_url"),
        ("text", {"description": "![图](picture:none)"}, "description"),
        ("text", {"description": "长" * 20_001}, "description"),
    ],
)
def test_errors_stand_beside_their_field(
    site: Flask, desk: Open, section: str, given: dict[str, str], field: str | None
) -> None:
    client = desk()
    begin(client)
    with site.app_context():
        before = reads.desk_campaign(SLUG)
        db.session.remove()
    address = f"{HERE}/{SLUG}/{section}" if section == "text" else f"{HERE}/{SLUG}/edit/{section}"
    token = client.get(address).value("csrf_token")
    response = client.http.post(address, data={"csrf_token": token, **given})
    assert response.status_code in (409, 422), response.status
    page = client._page(response, response.status_code)
    assert page.summary
    if field is not None:
        assert page.error_of(field)
    with site.app_context():
        assert reads.desk_campaign(SLUG) == before
        db.session.remove()


@pytest.mark.parametrize(
    ("given", "field"),
    [({"slug": "a b"}, None), ({"slug": world.OPEN}, None), ({"starts_on": ""}, "starts_on"),
     ({"office": "NONE"}, "office"), ({"name": "长" * 61}, "name"),
     ({"ends_on": "2000-01-01"}, "ends_on")],
)  # fmt: skip
def test_a_draft_begins_well_or_not_at_all(
    desk: Open, given: dict[str, str], field: str | None
) -> None:
    client = desk()
    good = {"name": "新活动", "slug": SLUG, "starts_on": "2026-01-01", "ends_on": "2027-01-01",
            "office": world.OFFICE}  # fmt: skip
    token = client.get(f"{HERE}/new").value("csrf_token")
    response = client.http.post(f"{HERE}/new", data={"csrf_token": token, **good, **given})
    assert response.status_code in (409, 422, 404)
    client.get(f"{HERE}/{SLUG}", 404)
    if field is not None and response.status_code != 404:
        assert client._page(response, response.status_code).error_of(field)


def test_a_filed_plan_changes_with_a_reason_and_the_old_one_stays(site: Flask, desk: Open) -> None:
    client, visitor = desk(), Client(site, "zh", NAMES)
    whole(client)
    send(client, f"{HERE}/{SLUG}", f"{HERE}/{SLUG}/step/filed")
    page = save(client, "use", 409, **{**USE, "purpose": "更大的目的"})
    assert "填写原因" in page.error_of("reason")
    save(client, "use", **{**USE, "purpose": "更大的目的"}, reason="扩大范围")
    assert "更大的目的" in visitor.get(f"/campaigns/{SLUG}").text
    older, newer = (visitor.get(f"/campaigns/{SLUG}/plan/{n}") for n in (1, 2))
    assert "purpose 的内容" in older.text
    assert "更大的目的" not in older.text
    assert "已经被后来的版本代替" in older.text
    assert "更大的目的" in newer.text
    assert "扩大范围" in newer.text
    for wrong in ("0", "3", "-1", "x", "１", "1.0", "9" * 50):
        visitor.get(f"/campaigns/{SLUG}/plan/{wrong}", 404)


def test_ending_early_needs_its_reason(site: Flask, desk: Open) -> None:
    client, here = desk(), f"{HERE}/{world.OPEN}"
    page = send(client, here, f"{here}/step/ended", 409, note="")
    assert "提前结束请写明原因" in page.error_of("note")
    send(client, here, f"{here}/step/ended", note="物资已足够")
    assert "物资已足够" in Client(site, "zh", NAMES).get(f"/campaigns/{world.OPEN}").text
    client.post(f"{here}/step/sideways", {}, 400)


def test_down_at_once_and_back_by_two(site: Flask, desk: Open, people: dict[Role, Signed]) -> None:
    client, visitor = desk(), Client(site, "zh", NAMES)
    here = f"{HERE}/{world.OPEN}"
    page = send(client, here, f"{here}/take-down", 422, words=" ")
    assert page.error_of("words")
    assert visitor.get(f"/give/{world.OPEN}")
    send(client, here, f"{here}/take-down", words="有一处需要核实<b>。")
    shown = visitor.get(f"/campaigns/{world.OPEN}")
    assert "有一处需要核实<b>。" in shown.text
    assert not shown.all("//a[contains(@class, 'btn--give')]")
    assert "谁募集，谁使用。" in shown.text
    visitor.get(f"/give/{world.OPEN}", 409)
    assert f"/campaigns/{world.OPEN}" not in str(
        [str(link) for link in visitor.get("/").all("//main//*[contains(@class,'card')]//@href")]
    )
    send(client, here, f"{here}/put-back", note="已核实")
    visitor.get(f"/give/{world.OPEN}", 409)
    second = desk(Role.APPROVER)
    (link,) = [
        str(one) for one in second.get("/desk/fund/approvals").all("//main//a/@href")
        if str(one).startswith("/desk/fund/approvals/") and "?" not in str(one)
    ]  # fmt: skip
    sheet = second.get(link)
    second.post(f"{link}/decision", {
        "csrf_token": sheet.value("csrf_token"), "seen": sheet.value("seen"), "answer": "approve",
        "reason": "",
    })  # fmt: skip
    assert visitor.get(f"/give/{world.OPEN}")
    assert "有一处需要核实" not in visitor.get(f"/campaigns/{world.OPEN}").text


def test_pictures_and_documents(site: Flask, desk: Open) -> None:
    client, visitor = desk(), Client(site, "zh", NAMES)
    whole(client)
    upload(client, png(), "a.png")
    with site.app_context():
        (file,) = reads.files(SLUG)
        db.session.remove()
    save(client, "text", description=f"## 看\n\n![一张图](picture:{file.id})\n\n<script>x</script>")
    public = f"/campaigns/{SLUG}/files/{file.id}"
    visitor.get(public, 404)
    assert client.get(f"{HERE}/{SLUG}/files/{file.id}").response.mimetype == "image/png"
    preview = client.get(f"{HERE}/{SLUG}/preview")
    assert preview.all("//main//img/@src") == [f"{HERE}/{SLUG}/files/{file.id}"]
    send(client, f"{HERE}/{SLUG}", f"{HERE}/{SLUG}/step/filed")
    shown = visitor.get(f"/campaigns/{SLUG}")
    (image,) = shown.all("//main//img")
    assert (image.get("src"), image.get("alt")) == (public, "一张图")
    assert "<script>x</script>" in shown.text
    answer = visitor.get(public).response
    assert answer.mimetype == "image/png"
    assert answer.headers["ETag"] == f'"{file.sha256}"'
    again = visitor.http.get(public, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    # Another campaign's address does not open it.
    visitor.get(f"/campaigns/{world.OPEN}/files/{file.id}", 404)
    page = send(client, f"{HERE}/{SLUG}", f"{HERE}/{SLUG}/files/{file.id}/remove", 409)
    assert "正在使用" in page.summary
    save(client, "text", description="没有图片了")
    send(client, f"{HERE}/{SLUG}", f"{HERE}/{SLUG}/files/{file.id}/remove")
    visitor.get(public, 404)


def test_a_document_is_saved_not_shown(site: Flask, desk: Open) -> None:
    import pikepdf

    client = desk()
    whole(client)
    made, out = pikepdf.new(), io.BytesIO()
    made.add_blank_page()
    made.save(out)
    upload(client, out.getvalue(), "备案表.pdf", kind="document", title="测试文件")
    send(client, f"{HERE}/{SLUG}", f"{HERE}/{SLUG}/step/filed")
    visitor = Client(site, "zh", NAMES)
    (link,) = visitor.get(f"/campaigns/{SLUG}").all("//a[text()='测试文件']/@href")
    answer = visitor.get(str(link)).response
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.data == out.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "given", "field"),
    [
        (b"<svg/>", "a.svg", {}, "file"),
        (b"<svg/>", "a.png", {}, "file"),
        (png(), "a.pdf", {}, "file"),
        (png(), "a.png", {"title": ""}, "title"),
        (png(), "a.png", {"kind": "report"}, "file"),
        (b"", "a.png", {}, "file"),
        (b"", "", {}, "file"),
    ],
)
def test_unfit_files_are_refused_beside_their_field(  # noqa: PLR0917 - one row, one case
    site: Flask, desk: Open, content: bytes, name: str, given: dict[str, str], field: str
) -> None:
    client = desk()
    begin(client)
    token = client.get(f"{HERE}/{SLUG}").value("csrf_token")
    data = {"csrf_token": token, "kind": "picture", "title": "图", **given}
    response = client.http.post(
        f"{HERE}/{SLUG}/files", data={**data, "file": (io.BytesIO(content), name)}
    )
    assert response.status_code in (409, 415, 422)
    assert client._page(response, response.status_code).error_of(field)
    with site.app_context():
        assert reads.files(SLUG) == []
        db.session.remove()


def test_only_this_view_takes_much(desk: Open) -> None:
    client = desk()
    begin(client)
    here = f"{HERE}/{SLUG}"
    token = client.get(here).value("csrf_token")
    much = b"\x89PNG\r\n\x1a\n" + b"x" * (1024 * 1024)

    def post(address: str, size: int = 1) -> int:
        file = FileStorage(io.BytesIO(much * size), "a.png")
        fields = {"csrf_token": token, "kind": "picture", "title": "图", "file": file}
        boundary, body = encode_multipart(fields)
        content_type = f"multipart/form-data; boundary={boundary}"
        return client.http.post(address, data=body, content_type=content_type).status_code

    assert post(f"{here}/files") == 422
    assert post(f"{here}/files", 9) == 413
    assert post(f"{here}/text") == 413
    assert post("/basket") == 413
    assert uploads.MAX_BYTES > 1024 * 1024


def test_a_discloser_writes_text_and_nothing_else(site: Flask, desk: Open) -> None:
    whole(desk())
    client = desk(Role.DISCLOSER)
    save(client, "text", description="新的介绍")
    upload(client, png(), "a.png")
    page = client.get(f"{HERE}/{SLUG}")
    assert not page.all("//a[contains(@href, '/edit/')]")
    token = page.value("csrf_token")
    for address in ("edit/use", "step/filed", "take-down", "put-back"):
        client.post(f"{HERE}/{SLUG}/{address}", {"csrf_token": token}, 404)
    assert status(site) is CampaignStatus.DRAFT


def test_a_reader_changes_nothing(desk: Open) -> None:
    client = desk(Role.APPROVER)
    page = client.get(f"{HERE}/{world.OPEN}")
    assert not page.all("//main//form[not(contains(@action, 'logout'))]")
    client.get(f"{HERE}/{world.OPEN}/text", 404)


def test_steps_want_a_second_factor(site: Flask, desk: Open) -> None:
    whole(desk())
    client = desk(second_factor=False)
    page = send(client, f"{HERE}/{SLUG}", f"{HERE}/{SLUG}/step/filed")
    assert "second-factor" in page.response.headers["Location"]
    assert status(site) is CampaignStatus.DRAFT


def test_what_is_not_there_is_not_there(desk: Open) -> None:
    client = desk()
    for path in ("/none", "/none/preview", "/none/text", "/none/edit/plan", "/none/files/x"):
        client.get(f"{HERE}{path}", 404)
    client.get(f"{HERE}/{world.OPEN}/edit/other", 404)


def test_the_fund_speaks_for_itself(site: Flask, desk: Open) -> None:
    client, visitor = desk(Role.DISCLOSER), Client(site, "zh", NAMES)
    here = "/desk/fund/statements/rules"
    today = clock.today()
    good = {
        "body": "## 新办法\n\n<b>只</b>用于**困难家庭**",
        "in_force_from": str(today),
        "sure": "y",
    }
    page = send(client, here, here, 422, **{**good, "sure": ""})
    assert "请确认" in page.error_of("sure")
    page = send(client, here, here, 422, **{**good, "body": " "})
    assert page.error_of("body")
    page = send(client, here, here, 422, **{**good, "in_force_from": "明天"})
    assert page.error_of("in_force_from")
    send(client, here, here, **good)
    shown = visitor.get("/fund")
    assert "新办法" in [h.text for h in shown.all("//h3")]
    assert "<b>只</b>" in shown.text
    assert "只用于困难家庭" in visitor.get("/fund/rules/1").text
    for wrong in ("/fund/rules/3", "/fund/other/1", "/fund/rules/x"):
        visitor.get(wrong, 404)
    tomorrow = today + dt.timedelta(days=1)
    send(client, here, here, **{**good, "body": "明天的办法", "in_force_from": str(tomorrow)})
    assert "明天的办法" not in visitor.get("/fund").text
    with site.app_context():
        assert len(reads.statements("AX", FundText.RULES)) == 3
        db.session.remove()


def test_pages_read_well(site: Flask, desk: Open) -> None:
    """What every page keeps to, on the desk too."""
    whole(desk())
    client = desk()
    sections = [f"edit/{section}" for section in ("plan", "use", "office", "filing")]
    for path in (
        "",
        "/new",
        f"/{SLUG}",
        *(f"/{SLUG}/{one}" for one in ("text", "preview", *sections)),
    ):
        client.get(f"{HERE}{path}")
    client.get("/desk/fund/statements")


def test_the_law_is_at_the_top(site: Flask) -> None:
    """慈善法 Art. 25: who, on which filing and certificate, when, whom to ask, stands first."""
    page = Client(site, "zh", world.NAMES).get(f"/campaigns/{world.OPEN}")
    (head,) = page.all("//*[@class='page-head']")
    said = " ".join(head.text_content().split())
    for fact in ("甘肃爱心慈善基金会（测试）", "51620000MJX000001QA", "甘慈测字 0001 号",
                 "测试负责人", "0931-0000000", "测试指定平台"):  # fmt: skip
        assert fact in said, fact
    (footer,) = page.all("//footer")
    assert footer.xpath(".//a[@href='https://platform.example/yiyuan']")
    with site.app_context():
        assert funds.campaign(world.OPEN).plan_version == 1
        db.session.remove()
