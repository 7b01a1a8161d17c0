"""What donors who left an address are told of their gift: that it went back."""

from __future__ import annotations

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from charity.donations import queries
from charity.kernel import outbox


def refund_done(gift_id: int, refund: str) -> None:
    """Tell the donor, once, that this gift (database id) went back. In the same unit of work."""
    for one in queries.addressees([gift_id]):
        link = current_app.extensions["charity.settings"].base_url + one.path
        with force_locale("en" if one.language == "en" else "zh_Hans_CN"):
            subject = _("您的捐赠已经退回")
            text = _(
                "您好：\n\n您的一笔捐赠已经退回，款项按原来的支付方式返回，到账时间以支付渠道为准。\n"
                "原来的捐赠确认书随之作废。打开下面的网址可以查看：\n\n%(link)s\n\n"
                "凭这个网址就能看到您的捐赠，请不要转发给别人。\n"
                "这封邮件由系统发出，请不要直接回复。",
                link=link,
            )
        outbox.put(to=one.email, subject=subject, text=text, key=f"refund:{refund}")
