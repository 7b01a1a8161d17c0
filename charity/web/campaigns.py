"""A campaign as its page and its preview draw it: texts, pictures, documents, versions.

Rule: a picture's address depends on who looks (the public or the desk), nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from markupsafe import Markup

from charity.areas import queries as areas
from charity.areas.errors import UnknownArea
from charity.funds import campaign_queries as campaigns
from charity.funds.campaign_queries import FileView
from charity.funds.kinds import Basis, FileKind
from charity.funds.queries import CampaignView
from charity.kernel import files, richtext
from charity.kernel.richtext import Picture
from charity.web.locale import language

_SUFFIXES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the plan: its title, its text as filed, and in English where there is one."""

    title: str
    text: str
    text_en: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a campaign's page shows beside figures and units."""

    description: Markup
    described_in_chinese: bool
    documents: list[FileView]
    plan: list[Line]


def sheet(view: CampaignView, address: Callable[[str], str]) -> Sheet:
    """Everything to be read about a campaign; ``address`` gives the address of a file by its id."""
    held = campaigns.files(view.slug)
    pictures = {one.id: one for one in held if one.kind is FileKind.PICTURE}

    def picture(file_id: str) -> Picture | None:
        one = pictures.get(file_id)
        if one is None:
            return None
        return Picture(address(one.id), one.width or 0, one.height or 0)

    english = language() == "en" and bool(view.description_en.strip())
    text = view.description_en if english else view.description
    return Sheet(
        description=richtext.render(text, picture),
        described_in_chinese=not english,
        documents=[one for one in held if one.kind is not FileKind.PICTURE],
        plan=plan_lines(campaigns.current_plan(view.slug)),
    )


def plan_lines(plan: Mapping[str, Any]) -> list[Line]:
    """The plan as a sheet to be read, in the order of 慈善法 Art. 24; empty lines are left out."""

    def line(title: str, name: str) -> Line:
        return Line(title, str(plan.get(name) or ""), str(plan.get(f"{name}_en") or ""))

    lines = [
        line(_("募捐目的"), "purpose"),
        line(_("开展地区"), "area"),
        line(_("受益人"), "beneficiaries"),
        line(_("募得款物用途"), "use_plan"),
        line(_("接受捐赠方式"), "methods"),
        line(_("银行账户"), "bank_account"),
        line(_("预计募集金额的依据"), "expected_basis"),
        line(_("募捐成本"), "cost_plan"),
        line(_("剩余财产的处理"), "leftover"),
        line(_("备用用途"), "fallback_use"),
    ]
    return [one for one in lines if one.text]


def basis_word(basis: str) -> str:
    """The word for a basis of asking."""
    words: dict[Basis, str] = {
        Basis.PUBLIC: _("公开募捐"),
        Basis.DIRECTED: _("定向募捐"),
        Basis.NONE: _("不公开募捐，按协议受赠"),
    }
    return words[Basis(basis)]


def area_word(code: str) -> str:
    """The area's names from the top; empty for a code that is none."""
    try:
        steps = areas.path(code)
    except UnknownArea:
        return ""
    if language() == "en":
        return ", ".join(one.name_en for one in reversed(steps))
    return "".join(one.name for one in steps)


def send(file: FileView) -> Response:
    """A kept file as an answer: a picture to be shown, a PDF to be saved."""
    content = files.store().get(file.path, file.sha256)
    response = Response(content, mimetype=file.media_type)
    response.set_etag(file.sha256)
    if file.kind is not FileKind.PICTURE:
        response.headers.set(
            "Content-Disposition",
            "attachment",
            filename=f"{file.sha256[:12]}.{_SUFFIXES[file.media_type]}",
        )
    response.make_conditional(request)
    return response
