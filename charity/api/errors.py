"""What the API refuses before any domain is asked: bodies, headers and parameters."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import RuleBroken


class NotJson(RuleBroken):
    """The body is not sent as JSON."""

    code = "not_json"
    message = _("请用 application/json 提交，编码为 UTF-8，不压缩。")
    status = 415


class Unreadable(RuleBroken):
    """The body is not JSON that means one thing: broken, doubled keys, too deep, NaN, NUL."""

    code = "unreadable"
    message = _("请求的 JSON 没有读懂。")
    status = 400


class KeyMissing(RuleBroken):
    """A call that makes something needs an Idempotency-Key of visible ASCII."""

    code = "idempotency_key_needed"
    message = _("请求头 Idempotency-Key 应为 1 到 200 个可见的 ASCII 字符。")
    status = 400


class ParameterUnfit(RuleBroken):
    """A parameter of the address is not what it should be."""

    code = "parameter_unfit"
    message = _("参数不合要求。")
    status = 422


class ReceiptNotReady(RuleBroken):
    """The receipt's PDF is being made."""

    code = "receipt_not_ready"
    message = _("捐赠确认书正在生成，请稍后再试。")
    status = 503


class EventRefused(RuleBroken):
    """Bad signature, mode or account; which one is for our log, not for the sender."""

    code = "event_refused"
    message = _("这个事件没有通过验证。")
    status = 400


class BodyUnfit(RuleBroken):
    """The body was read and is wrong in the fields named."""

    code = "unprocessable"
    message = _("有的内容不合要求，没有任何改动。")

    def __init__(self, faults: list[tuple[str, str, str]]) -> None:
        super().__init__()
        self.faults = faults

    def details(self) -> list[tuple[str | None, str, str]]:
        """Every fault with its field, code and sentence."""
        return [(field, code, sentence) for field, code, sentence in self.faults]


class TokenMissing(RuleBroken):
    """No bearer token, or one that does not stand."""

    code = "token_missing"
    message = _("请提供有效的访问令牌。")
    status = 401


class TokenTooNarrow(RuleBroken):
    """The token has not the scope, or its maker not the role."""

    code = "token_too_narrow"
    message = _("这个访问令牌没有这项用途。")
    status = 403
