"""Money used for tests, from gift to evidence in a line each; ``tests.uses`` knows every step."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass

from PIL import Image

from charity.disbursements import evidence, evidence_queries
from charity.disbursements.kinds import EvidenceKind
from charity.kernel import files, uploads
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from tests import uses
from tests.gifts import SLUG, number
from tests.hand import Crew
from tests.uses import Team

TITLE = "购买冬季取暖用煤"
_colours = itertools.count(1)


@dataclass(frozen=True)
class Hands:
    """Everyone who has a part in using a unit's money, and a payee of its own."""

    unit: str
    team: Team
    payee: str

    @property
    def crew(self) -> Crew:
        return self.team.crew


def hands(unit: str) -> Hands:
    """People of a unit and the office, the bank account, a supplier."""
    team = uses.make_team(unit)
    return Hands(unit, team, uses.add_payee(team, unit=unit))


def approved(who: Hands, fen: int, slug: str = SLUG, **changes: object) -> str:
    """An application asked for and agreed to; its id."""
    asked = {
        "campaign": slug, "unit": who.unit, "payee": who.payee, "title": TITLE,
        "people_count": 3, "people_codes": (), "evidence_kinds": (EvidenceKind.PHOTO,),
    }  # fmt: skip
    made = uses.asked(who.team, fen, **(asked | changes))
    uses.approve(who.team, made)
    return made


def use(who: Hands, fen: int, slug: str = SLUG, **changes: object) -> str:
    """Money used: asked for, agreed to, paid by the bank, numbered. The application's id."""
    made = approved(who, fen, slug, **changes)
    uses.pay(who.team, made)
    number()
    return made


def hand_back(who: Hands, application: str, fen: int) -> None:
    """Part of what was paid comes back from the unit."""
    uses.money_back(who.team, application, fen)
    number()


def prove(who: Hands, application: str) -> None:
    """A photo given, and accepted by somebody else."""
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), (next(_colours) % 256, 80, 40)).save(drawn, "PNG")
    cleaned = uploads.clean(drawn.getvalue(), "photo.png")
    stored = files.store().put(cleaned.content, cleaned.suffix)
    with atomic():
        evidence.add(
            application, EvidenceKind.PHOTO, (cleaned, stored), "发放现场", by=who.team.clerk
        )
    seen = evidence_queries.dossier(application).seen
    db.session().rollback()
    with atomic():
        evidence.accept(application, by=who.team.approver3, seen=seen)
