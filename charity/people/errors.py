"""What people's verbs refuse, one class for each rule.

No sentence tells whether an account exists.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _

from charity.kernel.errors import Conflict, NotFound, RuleBroken


class UnknownPerson(NotFound):
    """There is no such person, or not for the reader."""

    code = "unknown_person"
    message = _("没有找到这位人员。")
    field = "person"


class NameUnfit(RuleBroken):
    """A name has no invisible characters, direction marks or heaps of combining marks."""

    code = "name_unfit"
    message = _("姓名须为 1 至 60 个字，不能含有不可见字符、方向控制符或多余的附加符号。")
    field = "name"


class MailUnfit(RuleBroken):
    """An e-mail address is one."""

    code = "email_unfit"
    message = _("邮箱地址不正确，请核对后重填。")
    field = "email"


class PhoneUnfit(RuleBroken):
    """A phone number is one that can be called."""

    code = "phone_unfit"
    message = _("手机号不正确，请核对后重填。")
    field = "phone"


class IdNumberUnfit(RuleBroken):
    """An identity card number has the right date and check character."""

    code = "id_number_unfit"
    message = _("身份证号码不正确，请核对后重填。")
    field = "id_number"


class TwoPersons(Conflict):
    """ID number, phone and address lead to different persons: no verb guesses which is right."""

    code = "two_persons"
    message = _("所填的身份证号码、手机号、邮箱分属不同人员，请核对后重填。")


class NameDiffers(Conflict):
    """The ID number or phone is known under another name."""

    code = "name_differs"
    message = _("这个身份证号码或手机号已登记在另一个姓名之下，请核对。")
    field = "name"


class PersonLeft(Conflict):
    """Who left holds no role and signs in no more."""

    code = "person_left"
    message = _("这位人员已经离岗。")


class NotLeft(Conflict):
    """Only who left can come back."""

    code = "not_left"
    message = _("这位人员没有离岗，不需要再次邀请。")


# --- roles -----------------------------------------------------------------------------------


class NotAManager(RuleBroken):
    """Roles are given and taken by a fund manager."""

    code = "not_a_manager"
    message = _("只有专项基金管理员可以办理这项操作。")
    status = 403


class NotYourself(RuleBroken):
    """Nobody gives a role to themselves."""

    code = "not_yourself"
    message = _("不能为自己授予或调整角色，请由另一位专项基金管理员办理。")


class ScopeUnfit(RuleBroken):
    """A unit's role names a unit that exists; a fund's role names none."""

    code = "scope_unfit"
    message = _("该角色的适用单位不正确：募集单位的角色须填写已有单位的编号，基金的角色不填。")
    field = "scope"


class RoleUnknown(RuleBroken):
    """A role is one of the list."""

    code = "role_unknown"
    message = _("没有这个角色。")
    field = "role"


class CashierOrAccountant(Conflict):
    """出纳 and 会计 are not the same person."""

    code = "cashier_or_accountant"
    message = _("出纳与会计不能由同一人担任。")
    field = "role"


class SupervisorDecides(Conflict):
    """Who supervises decides nothing."""

    code = "supervisor_decides"
    message = _("监督员不能同时担任有办理或决定权限的角色。")
    field = "role"


class AlreadyGranted(Conflict):
    """The person holds this role there already."""

    code = "already_granted"
    message = _("这位人员已经拥有该角色。")
    field = "role"


class NotGranted(Conflict):
    """The person does not hold this role there."""

    code = "not_granted"
    message = _("这位人员没有该角色。")
    field = "role"


class LastManager(Conflict):
    """Somebody must be able to give roles."""

    code = "last_manager"
    message = _("这是最后一位专项基金管理员，须先任命另一位。")
    field = "role"


class IdentityNeeded(RuleBroken):
    """A role needs a phone or ID number on record: by it one human is known as one."""

    code = "identity_needed"
    message = _("授予角色前，须登记这位人员的手机号或身份证号码。")
    field = "phone"


class ListUnfit(RuleBroken):
    """A list of invitations has rows that cannot stand: none of it was taken."""

    code = "list_unfit"
    message = _("名单有误，没有邀请任何人。请按提示修改后重新上传。")
    field = "file"

    def __init__(self, rows: Sequence[tuple[int, str]]) -> None:
        super().__init__()
        self.rows = tuple(rows)

    def details(self) -> list[tuple[str | None, str, str]]:
        """One sentence for each wrong row; the field is the row's number in the sheet."""
        return [(str(number), self.code, sentence) for number, sentence in self.rows]


class FileUnfit(RuleBroken):
    """A list is an XLSX file of a modest size, without formulas, macros or outside links."""

    code = "file_unfit"
    message = _("请上传 XLSX 名单：不超过 1 MB、500 行，不含公式、宏和外部链接。")
    field = "file"


class NotADemo(RuleBroken):
    """Demo people live in databases born for test money."""

    code = "not_a_demo"
    message = _("演示人员只能用于测试数据。")


# --- sign-in ---------------------------------------------------------------------------------


class SignInRefused(RuleBroken):
    """Account or password is wrong: which of them is not said."""

    code = "sign_in_refused"
    message = _("账号或密码不正确。")
    status = 401


class LinkRefused(RuleBroken):
    """The link was used, has run out, or never was."""

    code = "link_refused"
    message = _("这个登录链接已经使用过或已失效，请重新获取。")
    status = 401


class TooManyTries(RuleBroken):
    """Tries are coming too fast: each failure makes the pause longer, up to a quarter hour."""

    code = "too_many_tries"
    message = _("尝试次数过多，请在 %(seconds)s 秒后再试。")
    status = 429

    def __init__(self, *, seconds: int) -> None:
        super().__init__(seconds=seconds)
        self.seconds = seconds


class Busy(RuleBroken):
    """More sign-ins at once than this machine checks: none of them is lost, try again."""

    code = "busy"
    message = _("现在登录的人较多，请稍候再试。")
    status = 503


class PasswordShort(RuleBroken):
    """A password has a least length."""

    code = "password_short"
    message = _("密码至少 %(least)s 个字符。")
    field = "password"


class PasswordLong(RuleBroken):
    """A password has a greatest length."""

    code = "password_long"
    message = _("密码最多 %(most)s 个字符。")
    field = "password"


class PasswordCommon(RuleBroken):
    """A password is not one that is tried first."""

    code = "password_common"
    message = _("这个密码容易被猜到：请不要使用常见密码、重复字符或自己的姓名、账号。")
    field = "password"


class SessionEnded(RuleBroken):
    """The session is no more."""

    code = "session_ended"
    message = _("登录已失效，请重新登录。")
    status = 401


class ChannelClosed(RuleBroken):
    """No gateway for this kind of message is set up."""

    code = "channel_closed"
    message = _("目前不能向这个地址发送消息，请改用邮箱。")
    field = "address"


# --- second factor ---------------------------------------------------------------------------


class FactorRefused(RuleBroken):
    """The code is wrong, was used, or its time is over."""

    code = "factor_refused"
    message = _("验证码不正确或已使用过，请等下一个验证码再试。")
    field = "code"


class FactorMissing(Conflict):
    """No second factor is set up."""

    code = "factor_missing"
    message = _("您还没有设置两步验证。")


class FactorStands(Conflict):
    """There is a second factor already; changing it needs a fresh proof of it."""

    code = "factor_stands"
    message = _("两步验证已经设置。如需更换，请先完成一次两步验证。")


class PasskeyRefused(RuleBroken):
    """The passkey's answer does not prove what it should."""

    code = "passkey_refused"
    message = _("通行密钥验证没有成功，请重试。")


class UnknownToken(NotFound):
    """There is no such token, or it is not the reader's, or it ended."""

    code = "unknown_token"
    message = _("没有找到这个令牌。")


class TokenScopes(RuleBroken):
    """A token that may do nothing is of no use."""

    code = "token_scopes"
    message = _("请至少选择一项用途。")
    field = "scopes"


class TokenDays(RuleBroken):
    """A token ends."""

    code = "token_days"
    message = _("有效期须为 1 至 %(most)s 天。")
    field = "days"
