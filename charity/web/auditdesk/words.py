"""The words that the supervisor's pages show for books, accounts, entries and causes."""

from __future__ import annotations

from collections.abc import Mapping

from flask import current_app, url_for
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

from charity.audit.kinds import SampleKind
from charity.kernel.access import mark_of
from charity.ledger.kinds import AccountKind, BookKind, EntryKind
from charity.people.kinds import Role
from charity.web.auditdesk.verbs import DONE

BOOKS: Mapping[BookKind, LazyString] = {
    BookKind.UNIT: _l("募集单位分账"),
    BookKind.OWN: _l("自有资金账"),
    BookKind.SUSPENSE: _l("待认领款账"),
}

ACCOUNTS: Mapping[AccountKind, LazyString] = {
    AccountKind.CLEARING: _l("支付渠道待结算"),
    AccountKind.TRANSIT: _l("在途资金"),
    AccountKind.BANK: _l("银行存款"),
    AccountKind.AVAILABLE: _l("可用"),
    AccountKind.RESERVED: _l("已审批待拨"),
    AccountKind.PENDING_IN: _l("待到账"),
    AccountKind.SHORTFALL: _l("待补足款"),
    AccountKind.ADVANCE: _l("垫付款"),
    AccountKind.ADVANCED: _l("已垫付"),
    AccountKind.HELD: _l("待认领款"),
    AccountKind.GOODS: _l("实物"),
    AccountKind.GOODS_AVAILABLE: _l("可用实物"),
    AccountKind.GOODS_RESERVED: _l("已审批待发实物"),
}

ENTRIES: Mapping[EntryKind, LazyString] = {
    EntryKind.GIFT: _l("网上捐赠入账"),
    EntryKind.FEE: _l("支付手续费"),
    EntryKind.FEE_BORNE: _l("机构承担手续费"),
    EntryKind.PAYOUT: _l("支付渠道结算"),
    EntryKind.PAYOUT_BANK: _l("结算款到账"),
    EntryKind.ADVANCE: _l("机构垫付"),
    EntryKind.ADVANCE_REPAID: _l("归还垫付"),
    EntryKind.SLIP: _l("缴款单确认"),
    EntryKind.SLIP_BANK: _l("缴款单到账"),
    EntryKind.BANK_GIFT: _l("银行转账捐赠"),
    EntryKind.SUSPENSE_IN: _l("转入待认领"),
    EntryKind.SUSPENSE_OUT: _l("待认领款认领"),
    EntryKind.SUSPENSE_RETURN: _l("待认领款退回"),
    EntryKind.REFUND: _p("one", "捐赠退回"),
    EntryKind.DISPUTE: _l("拒付争议"),
    EntryKind.DISPUTE_WON: _l("拒付争议胜诉"),
    EntryKind.RESERVE: _l("审批预留"),
    EntryKind.VOID: _l("撤销预留"),
    EntryKind.PAY: _p("one", "拨付"),
    EntryKind.BANK_RETURN: _l("银行退票"),
    EntryKind.MONEY_BACK: _l("用款退回"),
    EntryKind.CORRECTION: _l("更正"),
    EntryKind.INTEREST: _l("银行利息"),
    EntryKind.BANK_CHARGE: _l("银行手续费"),
}

CAUSES: Mapping[str, LazyString] = {
    "gift": _p("one", "捐赠"),
    "refund": _p("one", "捐赠退回"),
    "application": _p("one", "用款申请"),
    "bank_line": _p("one", "银行流水"),
    "payout": _l("渠道结算"),
    "provider_line": _l("渠道明细"),
    "payment": _p("one", "拨付"),
}

SAMPLES: Mapping[SampleKind, LazyString] = {
    SampleKind.ENTRY: _p("many", "分录"),
    SampleKind.REFUND: _l("捐赠退回申请"),
    SampleKind.APPLICATION: _l("用款申请的审批"),
    SampleKind.ACCESS: _l("查看与导出记录"),
}

#: What the first part of an action is about.
SUBJECTS: Mapping[str, LazyString] = {
    "application": _p("one", "用款申请"),
    "approval": _l("审批"),
    "bank": _l("银行账户和流水"),
    "campaign": _p("one", "募捐活动"),
    "charity": _l("机构资料"),
    "correction": _l("捐赠冲正"),
    "delegation": _l("审批委托"),
    "evidence": _l("使用凭据"),
    "export": _l("导出"),
    "factor": _l("两步验证"),
    "fund": _l("专项基金"),
    "gift": _p("one", "捐赠"),
    "hold": _l("暂停支付"),
    "link": _l("登录链接"),
    "parameter": _l("参数"),
    "password": _l("密码"),
    "payee": _l("收款方"),
    "payment": _p("one", "拨付"),
    "person": _p("one", "人员"),
    "receipt": _l("捐赠确认书"),
    "refund": _p("one", "捐赠退回"),
    "report": _p("one", "信息公开报告"),
    "role": _l("角色"),
    "sample": _l("每周抽样"),
    "session": _l("登录"),
    "sheet": _l("登记表"),
    "slip": _l("缴款单"),
    "suspense": _l("待认领款"),
    "team": _l("队伍"),
    "token": _l("访问令牌"),
    "unit": _l("募集单位"),
    "units": _l("募集单位"),
    "words": _l("捐赠留言"),
}

#: Where a cause is read, when that page is there and supervisors may read it.
_PAGES: Mapping[str, tuple[str, str]] = {
    "gift": ("funddesk.gift", "gift_id"),
    "refund": ("funddesk.refund", "refund_id"),
    "bank_line": ("funddesk.bank_line", "line_id"),
    "application": ("funddesk.application", "application_id"),
    "correction": ("funddesk.correction", "correction_id"),
    "person": ("funddesk.person", "person_id"),
    "unit": ("funddesk.unit", "code"),
    "campaign": ("funddesk.campaign", "slug"),
    "approval": ("auditdesk.approval", "request_id"),
}


def page_of(kind: str, name: str) -> str | None:
    """The address of a thing's page, for a supervisor; None when there is none."""
    endpoint, argument = _PAGES.get(kind, ("", ""))
    view = current_app.view_functions.get(endpoint)
    mark = mark_of(view) if view is not None else None
    if mark is None or Role.SUPERVISOR.value not in mark.roles:
        return None
    return url_for(endpoint, **{argument: name})  # type: ignore[arg-type] # one argument by its name


def account_name(code: str) -> str:
    """An account in words: ``bank:main`` is 银行存款（main）."""
    kind, _sep, name = code.partition(":")
    try:
        words = str(ACCOUNTS[AccountKind(kind)])
    except ValueError:
        return code
    return _("%(account)s（%(name)s）", account=words, name=name) if name else words


def cause_name(kind: str) -> str:
    """What caused an entry, in words."""
    return str(CAUSES.get(kind, kind))


def subject_name(verb: str) -> str:
    """What an action is about, in words."""
    head = verb.partition(".")[0]
    return str(SUBJECTS.get(head, head))


def action_name(verb: str) -> str:
    """An action in words: ``report.published`` is 信息公开报告：公布."""
    done = verb.partition(".")[2]
    return str(_("%(subject)s：%(done)s", subject=subject_name(verb), done=DONE.get(done, done)))
