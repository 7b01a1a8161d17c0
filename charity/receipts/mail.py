"""What donors who left an address are told when their receipt is there: thanks, and where it lies.

One message for each payment, however many gifts it carries: the link opens the page with all of
them. No name and no amount stand in it; whoever reads over a shoulder learns little.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from charity.donations import queries as donations
from charity.donations.queries import Addressee
from charity.kernel import outbox
from charity.kernel.outbox import Message


def receipts_issued(gift_ids: Sequence[int]) -> int:
    """Thank the donors of these gifts (database ids), each payment once; how many messages.

    Inside the unit of work that issues the receipts.
    """
    by_payment = {one.about: one for one in donations.addressees(gift_ids)}
    return outbox.put_many([_thanks(one) for one in by_payment.values()])


def _thanks(one: Addressee) -> Message:
    link = current_app.extensions["charity.settings"].base_url + one.path
    with force_locale("en" if one.language == "en" else "zh_Hans_CN"):
        subject = _("感谢您的捐赠，捐赠确认书已经开具")
        text = _(
            "您好：\n\n感谢您的捐赠。捐赠已经入账，捐赠确认书已经开具。\n"
            "打开下面的网址，可以查看捐赠、下载确认书：\n\n%(link)s\n\n"
            "凭这个网址就能看到您的捐赠，请不要转发给别人。\n"
            "这封邮件由系统发出，请不要直接回复。",
            link=link,
        )
    return Message(to=one.email, subject=subject, text=text, key=f"thanks:{one.about}")
