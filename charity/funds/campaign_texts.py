"""What the texts of a campaign, its plan and its fund may be: lengths, addresses, pictures.

Rule: short fields are one line; a description shows only the campaign's own pictures, each with
words that say what it shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask_babel import gettext as _
from sqlalchemy import select

from charity.funds.errors import PlanUnfit
from charity.funds.kinds import Basis, FileKind
from charity.funds.models import CampaignFile
from charity.funds.rules import is_web_address
from charity.kernel import richtext
from charity.kernel.db import among, db

#: Longest texts, in characters; what is not named here is a paragraph of the plan.
LENGTHS: Mapping[str, int] = {
    "name": 60,
    "name_en": 120,
    "filing_number": 60,
    "platform_name": 120,
    "platform_url": 300,
    "person_in_charge": 60,
    "contact_phone": 60,
    "contact_address": 200,
    "bank_account": 300,
    "description": richtext.MAX_LENGTH,
    "description_en": richtext.MAX_LENGTH,
    "body": richtext.MAX_LENGTH,
    "body_en": richtext.MAX_LENGTH,
    "note": 300,
    "reason": 300,
}
PARAGRAPH = 2_000
_ONE_LINE = frozenset(LENGTHS) - {"description", "description_en", "body", "body_en"}
_RICH = ("description", "description_en")
MOST_FEN = 10**13  # a hundred thousand million yuan: more is a slip of the finger


def fit(values: Mapping[str, object], *, campaign_id: int | None = None) -> None:
    """Raise ``PlanUnfit`` with every field that is too long, broken or not what it should be."""
    found = [
        (field, code, sentence)
        for field, value in values.items()
        for code, sentence in (
            _text(field, value) if isinstance(value, str) else _other(field, value)
        )
    ]
    if campaign_id is not None:
        for field in _RICH:
            found += _pictures(field, str(values.get(field, "")), campaign_id)
    if found:
        raise PlanUnfit(found)


def _text(field: str, value: str) -> Iterable[tuple[str, str]]:
    longest = LENGTHS.get(field, PARAGRAPH)
    if len(value) > longest:
        yield "too_long", _("这一项最多 %(longest)s 个字，请缩短。", longest=longest)
    if field in _ONE_LINE and not value.isprintable():
        yield "not_one_line", _("这一项只能写一行，不能有换行或不可见的字符。")
    if field == "platform_url" and value and not is_web_address(value):
        yield "not_an_address", _("请填写完整的网址，以 https:// 开头。")
    if field == "fundraising_basis" and value not in set(Basis):
        yield "unknown_basis", _("请选择其中一项。")


def _other(field: str, value: object) -> Iterable[tuple[str, str]]:
    if field == "expected_fen" and not (isinstance(value, int) and 0 <= value <= MOST_FEN):
        yield "not_an_amount", _("请检查预计募集金额。")


def _pictures(field: str, text: str, campaign_id: int) -> list[tuple[str, str, str]]:
    asked = richtext.pictures_of(text)
    if not asked:
        return []
    known = set(
        db.session().scalars(
            select(CampaignFile.public_id).where(
                CampaignFile.campaign_id == campaign_id,
                CampaignFile.kind == FileKind.PICTURE.value,
                CampaignFile.removed_at.is_(None),
                among(CampaignFile.public_id, [one for one, _alt in asked]),
            )
        )
    )
    found = []
    for one, alt in asked:
        if one not in known:
            unknown = _("文字中引用的图片“%(one)s”不在本活动的图片里。", one=one)
            found.append((field, "unknown_picture", unknown))
        elif not alt:
            mute = _("请在方括号里写明图片“%(one)s”的内容，供看不见图片的人了解。", one=one)
            found.append((field, "mute_picture", mute))
    return found
