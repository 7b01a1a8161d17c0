"""One class for each broken rule; pages and the API turn them into sentences.

``code`` is stable and for machines, ``message`` is a sentence for the reader (lazy, translated
when shown), ``field`` names the input it belongs to, ``status`` is the HTTP status it maps to.
"""

from __future__ import annotations

from typing import ClassVar

from flask_babel import LazyString
from flask_babel import lazy_gettext as _


class RuleBroken(Exception):
    """Base of every refusal that is the caller's to mend; nothing was changed."""

    code: ClassVar[str] = "refused"
    message: ClassVar[str | LazyString] = _("这项操作不能完成。")
    field: str | None = None
    status: ClassVar[int] = 422

    def __init__(self, *, field: str | None = None, **facts: object) -> None:
        super().__init__(self.code)
        if field is not None:
            self.field = field
        self.facts = facts

    def sentence(self) -> str:
        """The message in the reader's language, with the facts filled in."""
        return str(self.message) % self.facts if self.facts else str(self.message)

    def members(self) -> dict[str, object]:
        """What a program is told beside the sentence (RFC 9457, extension members)."""
        return {}

    def details(self) -> list[tuple[str | None, str, str]]:
        """Field, code and sentence of everything that is wrong; empty when no field is to blame."""
        return [(self.field, self.code, self.sentence())] if self.field is not None else []


class NotFound(RuleBroken):
    """There is no such thing, or it is not the reader's: both answer the same."""

    code = "not_found"
    message = _("没有找到您要的内容。")
    status = 404


class Conflict(RuleBroken):
    """The thing exists and is in a state, or under a key, that forbids this."""

    code = "conflict"
    message = _("当前状态不允许这项操作。")
    status = 409


class CursorUnfit(RuleBroken):
    """A cursor that no page of this list gave."""

    code = "bad_cursor"
    message = _("翻页位置无效，请从第一页重新查看。")
    field = "cursor"
