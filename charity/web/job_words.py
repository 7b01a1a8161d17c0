"""The worker's jobs in words, for who looks whether it lives. A test knows its list."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

JOBS: Mapping[str, LazyString] = {
    "settle": _l("捐赠入账"),
    "settle-beside": _l("捐赠入账（并行）"),
    "sequence": _l("分录编号"),
    "lines": _l("善款去向"),
    "tell": _l("告知捐赠人善款已使用"),
    "receipts": _l("开具确认书"),
    "render": _l("制作确认书文件"),
    "reports": _l("制作报告文件"),
    "deliver": _l("送达测试支付的通知"),
    "mail": _l("发送邮件"),
    "refunds": _l("办理捐赠退回"),
    "ask": _l("向支付渠道核对"),
    "look": _l("查询没有结果的支付"),
    "missed": _l("补查三天内的支付通知"),
    "missed-long": _l("补查三十天内的支付通知"),
    "expire": _l("取消没有完成的支付"),
    "forget-tries": _l("清除支付尝试的来源记录"),
    "approvals": _l("到期的审批"),
    "taken-uses": _l("被退回占用的预留款项"),
    "follow-uses": _l("用款申请的审批结果"),
    "expire-uses": _l("到期未拨付的用款"),
    "evidence": _l("提醒提交使用凭据"),
    "forget-sessions": _l("清除过期的登录和链接"),
    "watch-lives": _l("查看值守程序是否在运行"),
    "check": _l("全部检查"),
    "watch": _l("值守程序"),
}

#: What donors may know of: the path of their money.
PUBLIC = ("settle", "sequence", "lines", "receipts", "ask", "check")
