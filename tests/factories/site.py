"""A small site for pages and the API: one charity, an open and an ended campaign, a tree of units.

Made through services only, inside an application context.
"""

from __future__ import annotations

import datetime as dt
import io

from PIL import Image

from charity.funds import campaign_files
from charity.funds import services as funds
from charity.funds.kinds import CampaignStatus, FileKind, FundText, UnitLevel
from charity.funds.services import CampaignFacts, CharityFacts
from charity.funds.statements import publish_statement
from charity.kernel import clock, files, uploads
from charity.kernel.atomic import atomic

OPEN, ENDED = "yiyuan", "jiuzai"
OFFICE, COUNTY, TOWN, VILLAGE = "GS-OFFICE", "GS-YZ", "GS-YZ-T1", "GS-YZ-T1-V1"

UNITS = (
    (OFFICE, "甘肃省专项基金办公室", "Gansu Fund Office", UnitLevel.PROVINCE,
     "620000", "甘肃省", None),
    (COUNTY, "榆中县妇女联合会", "Yuzhong Women's Federation", UnitLevel.COUNTY,
     "620123", "榆中县", None),
    (TOWN, "青城镇公益服务站", "", UnitLevel.TOWN, "620123101", "青城镇", COUNTY),
    (VILLAGE, "城河村公益金", "", UnitLevel.VILLAGE, "620123101201", "城河村", TOWN),
)  # fmt: skip

PICTURE = "一张红色的图"
RULES = "## 一、用途\n\n只用于**困难家庭**。"

#: Texts of the data that may stand on a page of either language without a mark (titles, alts).
NAMES = frozenset(
    {name for unit in UNITS for name in (unit[1], unit[2]) if name}
    | {
        "家家幸福一元捐",
        "救灾募捐",
        "One Yuan for Every Family",
        "Disaster relief appeal",
        "甘肃爱心慈善基金会（测试）",
        "Gansu Aixin Charity (test)",
        "为困难家庭募集善款。",
        "Money for families in hardship.",
        PICTURE,
        "简体中文",
        "English",
    }
)


def build() -> None:
    """The whole small site, committed."""
    with atomic():
        funds.set_charity(
            CharityFacts(
                name="甘肃爱心慈善基金会（测试）",
                name_en="Gansu Aixin Charity (test)",
                uscc="53620000MJX000001Q",
                certificate="甘慈测字 0001 号",
                address="兰州市测试路 1 号",
                phone="0931-0000000",
                email="office@example.org",
                icp="陇ICP备00000000号",
                handler="测试经办",
            )
        )
        funds.create_fund("AX", "爱心专项基金", "Aixin Fund")
        for code, name, name_en, level, area_code, area_name, parent in UNITS:
            funds.create_unit(
                code,
                name,
                name_en,
                level=level,
                area_code=area_code,
                area_name=area_name,
                parent=parent,
            )
        funds.create_campaign("AX", _plan(OPEN, "家家幸福一元捐", "One Yuan for Every Family",
                                          CampaignStatus.OPEN), office=OFFICE)  # fmt: skip
        funds.create_campaign("AX", _plan(ENDED, "救灾募捐", "Disaster relief appeal",
                                          CampaignStatus.ENDED), office=OFFICE)  # fmt: skip
        for code in (COUNTY, TOWN, VILLAGE):
            funds.admit_unit(OPEN, code)
        publish_statement("AX", FundText.RULES, RULES, in_force_from=clock.today())
        funds.admit_unit(ENDED, COUNTY)


def picture(slug: str = OPEN, size: tuple[int, int] = (120, 80)) -> str:
    """A picture of the campaign; its id. Opens its own unit of work."""
    drawn = io.BytesIO()
    Image.new("RGB", size, (180, 50, 31)).save(drawn, "PNG")
    cleaned = uploads.clean(drawn.getvalue(), "a.png")
    stored = files.store().put(cleaned.content, cleaned.suffix)
    with atomic():
        return campaign_files.attach(
            slug, FileKind.PICTURE, title=PICTURE, cleaned=cleaned, stored=stored
        )


def _plan(slug: str, name: str, name_en: str, status: CampaignStatus) -> CampaignFacts:
    today = clock.today()
    return CampaignFacts(
        slug=slug,
        name=name,
        name_en=name_en,
        status=status,
        filing_number=f"51620000MJX000001QA{len(slug):05d}",
        platform_name="测试指定平台",
        platform_url="https://platform.example/yiyuan",
        starts_on=today - dt.timedelta(days=60),
        ends_on=today + dt.timedelta(days=300 if status is CampaignStatus.OPEN else -10),
        purpose="为困难家庭募集善款。",
        purpose_en="Money for families in hardship.",
        area="甘肃省",
        beneficiaries="困难家庭",
        use_plan="谁募集，谁使用。",
        cost_plan="不提取管理费。",
        leftover="用于同类项目。",
        person_in_charge="测试负责人",
        contact_phone="0931-0000000",
        contact_address="兰州市测试路 1 号",
    )
