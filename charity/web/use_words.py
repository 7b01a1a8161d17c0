"""The words that pages show for the use of money: states, fields of help, people, evidence, steps.

Rule: one word for each, the same at every desk and in public. A state has a shape beside its word.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from charity.disbursements.kinds import (
    ApplicationStatus,
    Category,
    EvidenceKind,
    EvidenceStatus,
    Function,
    HoldReason,
    PayeeKind,
    Purpose,
    Step,
)

#: The word and the mood of macros/status.html.
STATUSES: Mapping[ApplicationStatus, tuple[LazyString, str]] = {
    ApplicationStatus.DRAFT: (_("草稿"), "plain"),
    ApplicationStatus.WAITING: (_("审批中"), "wait"),
    ApplicationStatus.RETURNED: (_("退回补充"), "warn"),
    ApplicationStatus.REFUSED: (_("未批准"), "bad"),
    ApplicationStatus.APPROVED: (_("已审批待拨"), "good"),
    ApplicationStatus.PAID: (_("已拨付，待核销"), "wait"),
    ApplicationStatus.PROVED: (_("已核销"), "good"),
    ApplicationStatus.WITHDRAWN: (_("已撤回"), "back"),
    ApplicationStatus.LAPSED: (_("已失效，款项退回可用"), "back"),
}

FUNCTIONS: Mapping[Function, LazyString] = {
    Function.PROGRAMME: _("业务活动"),
    Function.FUNDRAISING: _("募捐成本"),
}

PURPOSES: Mapping[Purpose, LazyString] = {
    Purpose.LIVING: _("生活救助"),
    Purpose.MEDICAL: _("医疗救助"),
    Purpose.EDUCATION: _("助学"),
    Purpose.CARE: _("关爱陪伴与照护"),
    Purpose.DISABILITY: _("助残与无障碍改造"),
    Purpose.ELDERLY: _("助老"),
    Purpose.WOMEN_CHILDREN: _("妇女儿童服务"),
    Purpose.HOUSING: _("住房修缮"),
    Purpose.EMERGENCY: _("应急救助"),
    Purpose.COMMUNITY: _("村、社区公益事项"),
    Purpose.CAMPAIGN_COST: _("募捐活动费用"),
}

CATEGORIES: Mapping[Category, LazyString] = {
    Category.ORPHAN: _("孤儿"),
    Category.UNRAISED_CHILD: _("事实无人抚养儿童"),
    Category.DISABLED: _("困难重度残疾人"),
    Category.DESTITUTE: _("特困家庭"),
    Category.ELDERLY: _("老年人"),
    Category.WOMEN: _("困难妇女"),
    Category.CHILDREN: _("困境儿童"),
    Category.VILLAGERS: _("村民、社区居民"),
    Category.OTHER: _("其他"),
}

PAYEE_KINDS: Mapping[PayeeKind, LazyString] = {
    PayeeKind.ORGANIZATION: _("单位"),
    PayeeKind.PERSON: _("个人"),
}

EVIDENCE_KINDS: Mapping[EvidenceKind, LazyString] = {
    EvidenceKind.SLIP: _("银行回单"),
    EvidenceKind.INVOICE: _("发票或收据"),
    EvidenceKind.PHOTO: _("现场照片"),
    EvidenceKind.LIST: _("发放清单（只写编号）"),
    EvidenceKind.OTHER: _("其他"),
}

EVIDENCE_STATUSES: Mapping[EvidenceStatus, tuple[LazyString, str]] = {
    EvidenceStatus.GIVEN: (_("已提交，待核对"), "wait"),
    EvidenceStatus.ACCEPTED: (_("已核对"), "good"),
    EvidenceStatus.REFUSED: (_("不能作为凭据"), "bad"),
}

HOLD_REASONS: Mapping[HoldReason, LazyString] = {
    HoldReason.QUESTION: _("有情况需要先核实"),
    HoldReason.CONCERN: _("公众有反映，正在核查"),
    HoldReason.PAYEE: _("收款方需要核实"),
    HoldReason.PAIRING: _("相关的辅助结对已暂停"),
    HoldReason.DISCLOSURE: _("募捐活动的信息公开义务逾期"),
    HoldReason.AUDIT: _("监督员或主管部门正在检查"),
}

STEPS: Mapping[Step, LazyString] = {
    Step.CREATED: _("建立草稿"),
    Step.CHANGED: _("修改内容"),
    Step.SUBMITTED: _("提交审批"),
    Step.WITHDRAWN: _("撤回申请"),
    Step.RETURNED: _("退回，需要补充"),
    Step.REFUSED: _("没有批准"),
    Step.ASK_EXPIRED: _("审批期限已过，没有决定"),
    Step.APPROVED: _("批准，款项已预留"),
    Step.TAKEN: _("捐赠退回占用了预留款，须重新审批"),
    Step.VOIDED: _("撤销批准，款项退回可用"),
    Step.EXPIRED: _("逾期未拨付，款项退回可用"),
    Step.HELD: _("暂停支付"),
    Step.RELEASED: _("解除暂停"),
    Step.PAID: _("已拨付"),
    Step.BANK_RETURNED: _("银行退票，款项回到待拨"),
    Step.MONEY_BACK: _("交回未用的款项"),
    Step.ASKED_AGAIN: _("使用凭据需要补充"),
    Step.PROVED: _("使用凭据已核对，核销"),
}
