"""The bodies the API takes, strictly: no unknown field, no type taken for another.

``amount_fen`` is a whole number of fen and nothing else: no text, no fraction, no true or false.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from flask_babel import LazyString, get_locale
from flask_babel import lazy_gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from charity.api.errors import BodyUnfit
from charity.donations.kinds import BillWish, Display
from charity.donations.services import DonorDetails, GiftItem, GiftRequest

Body = TypeVar("Body", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ItemBody(_Strict):
    """One gift of a payment."""

    campaign: str = Field(min_length=1, max_length=64)
    unit: str | None = Field(default=None, min_length=1, max_length=64)
    amount_fen: int
    team: str | None = Field(default=None, min_length=1, max_length=64)


class OrganizationBody(_Strict):
    """The organization that gives."""

    name: str = Field(min_length=1, max_length=200)
    uscc: str = Field(min_length=18, max_length=18)


class DonorBody(_Strict):
    """Who gives; masked unless said otherwise."""

    name: str | None = Field(default=None, max_length=200)
    email: str | None = Field(default=None, max_length=254)
    phone: str | None = Field(default=None, max_length=40)
    display: Literal["name", "masked", "anonymous"] = "masked"
    organization: OrganizationBody | None = None


class GiftsBody(_Strict):
    """What ``POST /api/v1/gifts`` takes."""

    items: list[ItemBody] = Field(min_length=1, max_length=200)
    donor: DonorBody
    message: str | None = Field(default=None, max_length=2000)
    provider: str = Field(min_length=1, max_length=40)
    receipt: bool
    bill_wish: Literal["wanted", "waived"]

    def request(self, key: str) -> GiftRequest:
        """The same in the words of ``donations``."""
        donor, locale = self.donor, get_locale()
        display, wish = Display(donor.display), BillWish(self.bill_wish)
        if display is Display.ANONYMOUS and wish is BillWish.WAIVED:
            wish = BillWish.ANONYMOUS
        return GiftRequest(
            key=key,
            items=tuple(
                GiftItem(
                    campaign=item.campaign,
                    unit=item.unit,
                    amount_fen=item.amount_fen,
                    team=item.team,
                )
                for item in self.items
            ),
            donor=DonorDetails(
                name=donor.name,
                email=donor.email,
                phone=donor.phone,
                display=display,
                organization_name=donor.organization.name if donor.organization else None,
                organization_uscc=donor.organization.uscc if donor.organization else None,
            ),
            message=self.message,
            language="en" if locale is not None and locale.language == "en" else "zh",
            provider=self.provider,
            receipt=self.receipt,
            bill_wish=wish,
            channel="api",
        )


_INVALID: tuple[str, LazyString] = ("invalid", _("这一项不合要求。"))
_FAULTS: dict[str, tuple[str, LazyString]] = {
    "missing": ("missing", _("缺少这一项。")),
    "extra_forbidden": ("unknown_field", _("没有这一项。")),
    "int_type": ("not_a_whole_number", _("应为整数，单位是分。")),
    "int_from_float": ("not_a_whole_number", _("应为整数，单位是分。")),
    "string_type": ("not_text", _("应为文字。")),
    "bool_type": ("not_a_yes_or_no", _("应为 true 或 false。")),
    "literal_error": ("not_a_choice", _("不是可以选择的值。")),
    "list_type": ("not_a_list", _("应为数组。")),
    "model_type": ("not_an_object", _("应为对象。")),
    "model_attributes_type": ("not_an_object", _("应为对象。")),
    "string_too_short": ("too_short", _("这一项太短。")),
    "string_too_long": ("too_long", _("这一项太长。")),
    "too_short": ("too_few", _("至少要有一项。")),
    "too_long": ("too_many", _("项数太多。")),
}


def read(model: type[Body], value: Any) -> Body:
    """``value`` as ``model``. Raises BodyUnfit with every fault and its field."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            code, sentence = _FAULTS.get(fault["type"], _INVALID)
            faults.append((".".join(str(part) for part in fault["loc"]), code, str(sentence)))
        raise BodyUnfit(faults) from error
