"""The Chinese words of published files, beside the codes of the data document.

Rule: a file speaks Chinese, whoever made it; pages have their own words in the reader's language.
"""

from __future__ import annotations

from charity.disbursements.kinds import Category, Purpose

TITLE = "信息公开报告"

#: Figures of the first table, in its order: name, label, and the sign it has on the way to what
#: is left.
STATEMENT: tuple[tuple[str, str, str], ...] = (
    ("raised_fen", "募集", "+"),
    ("refunded_fen", "捐赠退回", "−"),
    ("disputed_fen", "拒付争议", "−"),
    ("matched_in_fen", "配捐转入", "+"),
    ("matched_out_fen", "配捐转出", "−"),
    ("moved_in_fen", "结余转入", "+"),
    ("moved_out_fen", "结余转出", "−"),
    ("borne_fen", "机构自有资金承担", "+"),
    ("fees_fen", "支付手续费", "−"),
    ("costs_fen", "管理费和募捐成本", "−"),
    ("used_fen", "已拨付", "−"),
    ("left_fen", "结余", "="),
    ("available_fen", "结余中：可用", ""),
    ("reserved_fen", "结余中：已审批待拨", ""),
    ("shortfall_fen", "结余中：待补足款（减项）", ""),
    ("proved_fen", "已拨付中：已核销", ""),
)
#: Figures of the second table: where the money lies.
PLACES: tuple[tuple[str, str], ...] = (
    ("clearing_fen", "支付渠道待结算"),
    ("transit_fen", "在途资金"),
    ("bank_fen", "银行存款"),
    ("pending_in_fen", "待到账"),
    ("advance_fen", "垫付款"),
)
FIGURES: dict[str, str] = {name: label for name, label, _ in STATEMENT} | dict(PLACES)

COLUMNS: dict[str, str] = {"opening": "期初累计", "movement": "本期", "closing": "期末累计"}
SCOPES: dict[str, str] = {"own": "本单位", "subtree": "含下级单位"}
PARTS: dict[str, str] = {"totals": "合计", "unit": "募集单位", "use": "用款"}

PURPOSES: dict[str, str] = {
    Purpose.LIVING: "生活救助",
    Purpose.MEDICAL: "医疗救助",
    Purpose.EDUCATION: "助学",
    Purpose.CARE: "关爱陪伴与照护",
    Purpose.DISABILITY: "助残与无障碍改造",
    Purpose.ELDERLY: "助老",
    Purpose.WOMEN_CHILDREN: "妇女儿童服务",
    Purpose.HOUSING: "住房修缮",
    Purpose.EMERGENCY: "应急救助",
    Purpose.COMMUNITY: "村、社区公益事项",
    Purpose.CAMPAIGN_COST: "募捐活动费用",
}
CATEGORIES: dict[str, str] = {
    Category.ORPHAN: "孤儿",
    Category.UNRAISED_CHILD: "事实无人抚养儿童",
    Category.DISABLED: "困难重度残疾人",
    Category.DESTITUTE: "特困家庭",
    Category.ELDERLY: "老年人",
    Category.WOMEN: "困难妇女",
    Category.CHILDREN: "困境儿童",
    Category.VILLAGERS: "村民、社区居民",
    Category.OTHER: "其他",
}
