"""Helps for tests of a unit's applications over HTTP: who takes part, and what a browser sends."""

from __future__ import annotations

import io
from typing import Any

from lxml import html as _html

from charity.disbursements import queries
from charity.disbursements.queries import ApplicationView
from charity.kernel import clock
from charity.kernel.db import db
from tests import hand, uses
from tests.client import Page
from tests.factories import site as world
from tests.uses import Team

UNIT = world.TOWN
DESK = f"/desk/unit/{UNIT}/applications"
NAMES = world.NAMES | {
    "测试经办", "测试另一位", "测试负责人", "测试出纳", "测试会计", "测试管理员", "测试审批甲",
    "测试审批乙", "测试审批丙", "测试煤炭销售有限公司", "测试银行城关支行",
}  # fmt: skip


def draft(team: Team, fen: int = 50_000, **changes: object) -> str:
    """A draft of the town's with a payee of its own; its id."""
    payee = changes.pop("payee", None) or uses.add_payee(team, unit=UNIT)
    found = uses.draft(team, fen, unit=UNIT, campaign=world.OPEN, payee=payee, **changes)
    db.session.remove()
    return found


def asked(team: Team, fen: int = 50_000, **changes: object) -> str:
    """The same, submitted."""
    made = draft(team, fen, **changes)
    uses.submit(made, team.clerk)
    db.session.remove()
    return made


def paid(team: Team, fen: int = 50_000) -> str:
    """An application that is paid."""
    made = asked(team, fen)
    uses.approve(team, made)
    uses.pay(team, made)
    db.session.remove()
    return made


def fund(team: Team, fen: int) -> None:
    """Money of the town's in the bank."""
    uses.fund(team, fen, UNIT, world.OPEN)
    db.session.remove()


def view(application_id: str) -> ApplicationView:
    """The application as it stands now."""
    found = queries.application(application_id)
    db.session.remove()
    return found


def sent(page: Page, action: str = "") -> dict[str, str]:
    """What a browser sends of the form whose address ends so, untouched; all fields but files."""
    forms = page.all("//main//form[@method='post']")
    form = next(one for one in forms if (one.get("action") or "").endswith(action))
    found: dict[str, str] = {}
    for field in form.xpath(".//input[@name] | .//textarea[@name]"):
        kind = field.get("type", "text")
        if kind == "file" or (kind in ("radio", "checkbox") and field.get("checked") is None):
            continue
        found[field.get("name")] = field.get("value") or (field.text or "").strip("\n")
    for field in form.xpath(".//select[@name]"):
        chosen = field.xpath("./option[@selected]/@value") or field.xpath("./option/@value")
        found[field.get("name")] = str(chosen[0])
    return found


def filled(page: Page, **changes: str) -> dict[str, str]:
    """The application's form as a clerk fills it: coal for five families at 500 yuan."""
    values = {
        **sent(page),
        "title": "为特困家庭购买过冬取暖煤",
        "purpose": "living",
        "reason": "入冬以来，五户特困家庭取暖困难。",
        "amount": "500",
        "budget-0-what": "取暖煤",
        "budget-0-quantity": "5",
        "budget-0-measure": "吨",
        "budget-0-price": "100",
        "category": "destitute",
        "people_count": "5",
        "people_codes": "TK-001, TK-002",
        "starts_on": clock.today().isoformat(),
        "ends_on": clock.today().isoformat(),
        "evidence_photo": "y",
        "evidence_invoice": "y",
        "evidence_plan": "发票一张，入户发放照片。",
        "payee": "new",
        "payee_kind": "organization",
        "payee_name": "测试煤炭销售有限公司",
        "payee_bank": "测试银行城关支行",
        "payee_account": uses.account(),
        "payee_uscc": uses.USCC,
        "action": "save",
    }
    return {**values, **changes}


def picture(shade: int = 0) -> bytes:
    """A picture unlike the others, with a camera in its metadata."""
    return hand.picture("JPEG", (40 + shade, 30))


def files(*contents: bytes, name: str = "photo.jpg") -> list[tuple[io.BytesIO, str]]:
    """Files as the test client sends them."""
    return [(io.BytesIO(one), name) for one in contents]


def beside(page: Page, fact: str) -> str:
    """The refusal beside a fact of the application's page."""
    found = page.all(f"//*[@id='fact-{fact}']//p[@class='field__error']")
    return " ".join(" ".join(one.text_content().split()) for one in found)


def raw(page: Page) -> Any:
    """The page parsed, for what only its markup tells."""
    return _html.document_fromstring(page.response.text)
