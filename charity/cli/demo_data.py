"""The synthetic province: places are real, everything else is invented and says so.

Rule: nothing here names a real organization or person. Unit codes are permanent; they are not the
area codes beside them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from random import Random

from charity.cli.demo_units import OFFICE as OFFICE  # noqa: PLC0414 - handed on
from charity.cli.demo_units import UNITS as UNITS  # noqa: PLC0414 - handed on
from charity.funds.kinds import CampaignStatus
from charity.funds.services import CampaignFacts, CharityFacts
from charity.kernel import clock

FUND = ("aixin", "结对帮扶·爱心专项基金（演示）", "Paired Help Special Fund (demonstration)")
SLUG = "yiyuan"
GENERAL = "zonghe"
EMERGENCY = "jiuzai"

CHARITY = CharityFacts(
    name="甘肃爱心慈善基金会（演示）",
    name_en="Gansu Aixin Charity Foundation (demonstration)",
    uscc="53620000MADEUP00XT",
    certificate="演示用公开募捐资格证书，不是真实证书",
    address="甘肃省兰州市城关区演示路 1 号",
    phone="0931-0000000",
    email="office@demo.invalid",
    icp="陇ICP备00000000号（演示）",
    handler="演示经办人",
)


def campaign() -> CampaignFacts:
    """The one-yuan campaign with its whole plan, open this year and the next."""
    year = clock.today().year
    first = clock.today().replace(year=year - 1, month=5, day=12)
    return CampaignFacts(
        slug=SLUG,
        name="家家幸福一元捐",
        name_en="One Yuan for Happy Homes",
        status=CampaignStatus.OPEN,
        filing_number="53620000MADEUP00XT26001（演示）",
        platform_name="演示指定平台",
        platform_url="https://platform.demo.invalid/yiyuan",
        starts_on=first,
        ends_on=first.replace(year=year + 1, month=5, day=11),
        purpose="募集善款，帮助生活有困难的妇女、儿童和家庭，解决上学、就医和日常生活中的急难。",
        purpose_en="Raises money for women, children and families in difficulty: schooling, "
        "medical care and urgent needs of daily life.",
        area="甘肃省内各市（州）、县（市、区）",
        area_en="All prefectures, counties and districts of Gansu.",
        beneficiaries="省内生活困难的妇女、儿童和家庭，由各募集单位按当地实际情况核实确定。",
        beneficiaries_en="Women, children and families in hardship in the province, whom each "
        "raising unit finds and verifies where it is.",
        use_plan="谁募集谁使用：各募集单位募得的款项只能由该单位申请使用，逐个项目申请，"
        "经两人审批后由基金会直接支付给收款方，使用情况和凭据向社会公开。",
        use_plan_en="Whoever raises it uses it: what a raising unit raises, only that unit may "
        "apply to use, project by project. Two people approve, the foundation pays the payee "
        "directly, and uses and evidence are published.",
        cost_plan="基金会不从本项目捐款中提取管理费。支付渠道手续费从捐款中扣除，逐笔公开。",
        cost_plan_en="The foundation takes no management fee from this campaign. Payment fees come "
        "out of the gifts and are published one by one.",
        leftover="项目结束后如有结余，用于目的相同或者相近的慈善项目，并向社会公开。",
        leftover_en="What is left at the end goes to charitable projects of the same or a similar "
        "purpose, and this is published.",
        person_in_charge="演示负责人",
        contact_phone="0931-0000000",
        contact_address="甘肃省兰州市城关区演示路 1 号",
        area_code="620000",
        methods="网上支付；银行转账；由募集单位经办人当面登记的现金。",
        methods_en="Payment online; bank transfer; cash entered on the spot by a raising unit's "
        "clerk.",
        bank_account="甘肃爱心慈善基金会（演示） 演示银行兰州分行 0000 0000 0000 0000",
        expected_fen=300_000_000,
        expected_basis="按上一年同类活动的实际募集金额测算（演示）。",
        expected_basis_en="Estimated from what the same kind of campaign raised the year before "
        "(demonstration).",
        fallback_use="募集单位在项目期限内用不完的善款，经公示后用于本县（市、区）目的相同的困难帮扶。",
        fallback_use_en="What a raising unit does not use in time goes, after public notice, to "
        "help of the same kind in the same county.",
        description=DESCRIPTION,
        description_en=DESCRIPTION_EN,
    )


def general() -> CampaignFacts:
    """The fund's general campaign, where a gift to the fund alone goes."""
    return replace(
        campaign(),
        slug=GENERAL,
        name="结对帮扶·爱心专项基金综合募捐（演示）",
        name_en="Paired Help, general campaign (demonstration)",
        filing_number="53620000MADEUP00XT26003（演示）",
        platform_url="https://platform.demo.invalid/zonghe",
        purpose="为结对帮扶中的孤儿、困难重度残疾人和特困家庭募集善款，用于上学、就医、康复和生活急难。",
        purpose_en="Raises money for orphans, people with severe disability and destitute families "
        "paired with helpers: schooling, medical care, rehabilitation, urgent needs.",
        beneficiaries="结对帮扶的关爱对象，由各募集单位会同当地关爱办核实确定。",
        beneficiaries_en="Care recipients paired with helpers, verified by each raising unit with "
        "the local care office.",
        expected_fen=200_000_000,
        description="",
        description_en="",
    )


def emergency() -> CampaignFacts:
    """An emergency campaign of the past winter: ended, its money being used."""
    today = clock.today()
    first = today - dt.timedelta(days=120)
    return replace(
        campaign(),
        slug=EMERGENCY,
        name="地震救灾募捐（演示）",
        name_en="Earthquake relief (demonstration)",
        status=CampaignStatus.ENDED,
        filing_number="53620000MADEUP00XT26002（演示）",
        platform_url="https://platform.demo.invalid/jiuzai",
        starts_on=first,
        ends_on=first + dt.timedelta(days=60),
        purpose="为受灾群众过渡安置和恢复生活募集善款。",
        purpose_en="Raises money for shelter and a new start of people hit by the earthquake.",
        area="临夏回族自治州积石山县及周边受灾地区",
        area_en="Jishishan County in Linxia and the places around it that were hit.",
        area_code="622927",
        beneficiaries="受灾家庭，由当地募集单位核实确定。",
        beneficiaries_en="Families hit by the disaster, verified by raising units on the spot.",
        use_plan="购买和发放过冬物资、修缮住房、资助受灾学生。谁募集谁使用。",
        use_plan_en="Winter goods, repair of homes, help for pupils. Whoever raises it uses it.",
        expected_fen=50_000_000,
        expected_basis="按受灾户数和人均救助标准测算（演示）。",
        expected_basis_en="Estimated from the number of households (demonstration).",
        description="",
        description_en="",
    )


DESCRIPTION = """每人一元，帮一个有困难的家庭渡过一道坎。

## 钱怎样用

- **谁募集，谁使用**：县、乡、村的募集单位各有分账，只能申请使用自己募得的款项。
- 每一笔用款由两人审批，由基金会直接支付给收款方。
- 用款的金额、用途和凭据向社会公开。

## 怎样核对

在[账目怎样核对](/transparency)可以看到账本的核对结果，在[各单位收支公开表](/units)可以看到每个单位的收支。
"""
DESCRIPTION_EN = """One yuan each, so that a family in difficulty gets over a hard stretch.

## How the money is used

- **Whoever raises it uses it**: each raising unit has its own book and applies only for that.
- Two people approve each use, and the foundation pays the payee directly.
- Amount, purpose and evidence of each use are published.
"""
RULES = (
    """## 一、用途

本专项基金用于帮助省内生活有困难的妇女、儿童和家庭（演示文字，不是真实的管理办法）。

## 二、管理

- 所有款项都在基金会账户内，按募集单位分账记录。
- 谁募集谁使用；用款须经两人审批。
- 不设指标，不摊派。

## 三、公开

收支每天核对，每一笔用款公开用途和凭据。
""",
    """## 1. Purpose

The fund helps women, children and families in difficulty in the province (demonstration text).

## 2. Management

- All money is in the foundation’s accounts, with a book for each raising unit.
- Whoever raises it uses it; two people approve each use.
- There are no quotas and nothing is apportioned.

## 3. Disclosure

Accounts are checked every day; the purpose and evidence of each use are published.
""",
)
COMMITTEE = (
    """演示用的管理委员会，不是真实人员：

- 主任委员：演示甲
- 委员：演示乙、演示丙
- 监督员：演示丁
""",
    """A committee for the demonstration; these are not real people:

- Chair: 演示甲
- Members: 演示乙, 演示丙
- Supervisor: 演示丁
""",
)
CONTACT = (
    """专项基金办公室（演示）

电话 0931-0000000，地址：甘肃省兰州市城关区演示路 1 号。
""",
    """Special fund office (demonstration)

Phone 0931-0000000, 1 Yanshi Road, Chengguan, Lanzhou, Gansu.
""",
)


def emergency_unit() -> str:
    """The code of the county's unit that the emergency campaign is for."""
    return next(unit.code for unit in UNITS if unit.area_code == emergency().area_code)


def donor_name(chance: Random) -> str:
    """A made-up name."""
    family = chance.choice(FAMILY_NAMES)
    return family + "".join(chance.choice(GIVEN_NAMES) for _ in range(chance.randint(1, 2)))


FAMILY_NAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN_NAMES = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华"
MESSAGES = ("一点心意。", "愿孩子们好好读书。", "祝大家平安。", "涓滴成河。", "加油。")
# Fen, and how often out of a hundred: seven yuan a gift or so, as such campaigns really have.
AMOUNTS = ((100, 62), (200, 8), (500, 10), (1_000, 12), (5_000, 6), (10_000, 2))
