"""Pictures and documents of a campaign.

Rule: the content is cleaned and kept (``kernel.uploads``, ``kernel.files``) before these verbs run;
they only say what it is. What the text shows and a public report stay; the rest is taken off the
page and its content kept.
"""

from __future__ import annotations

from sqlalchemy import func, insert, select, update

from charity.funds.errors import (
    FileInUse,
    FileUnfit,
    FileUnknown,
    TitleMissing,
    TooManyFiles,
    UnknownCampaign,
)
from charity.funds.kinds import CampaignStatus, FileKind
from charity.funds.models import Campaign, CampaignFile
from charity.funds.trail import trail
from charity.kernel import clock, richtext
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.files import Stored
from charity.kernel.ids import new_id, public_id
from charity.kernel.uploads import Clean
from charity.ledger.services import Actor

MOST = 60
TITLE_LENGTH = 120
_PDF = "application/pdf"
_HISTORY = frozenset({CampaignStatus.REPORTED, CampaignStatus.CLOSED})


def attach(
    slug: str,
    kind: FileKind,
    *,
    title: str,
    title_en: str = "",
    cleaned: Clean,
    stored: Stored,
    actor: Actor | None = None,
) -> str:
    """Add a kept file to a campaign and return its public id.

    ``title`` of a picture says what it shows. Raises ``TitleMissing``, ``FileUnfit``,
    ``TooManyFiles``, ``UnknownCampaign``.
    """
    require_atomic()
    title, title_en = " ".join(title.split()), " ".join(title_en.split())[:200]
    if not 0 < len(title) <= TITLE_LENGTH:
        raise TitleMissing
    wanted_pdf = {FileKind.PICTURE: False, FileKind.REPORT: True}.get(kind)
    if wanted_pdf is not None and wanted_pdf is not (cleaned.media_type == _PDF):
        raise FileUnfit
    session = db.session()
    campaign_id = _locked(slug).id
    many = (
        select(func.count())
        .select_from(CampaignFile)
        .where(CampaignFile.campaign_id == campaign_id, CampaignFile.removed_at.is_(None))
    )
    if session.scalars(many).one() >= MOST:
        raise TooManyFiles
    name = public_id()
    session.execute(
        insert(CampaignFile).values(
            id=new_id(),
            public_id=name,
            campaign_id=campaign_id,
            kind=kind.value,
            title=title,
            title_en=title_en,
            media_type=cleaned.media_type,
            path=stored.path,
            sha256=stored.sha256,
            size=stored.size,
            width=cleaned.width,
            height=cleaned.height,
            added_at=clock.now(),
        )
    )
    after = {"file": name, "kind": kind.value, "sha256": stored.sha256}
    trail(actor, "campaign.file_added", "campaign", slug, after)
    return name


def remove(slug: str, file_id: str, *, actor: Actor | None = None) -> None:
    """Take a file off the page. Raises ``FileUnknown``, ``FileInUse``, ``UnknownCampaign``."""
    require_atomic()
    campaign = _locked(slug)
    session = db.session()
    row = session.execute(
        select(CampaignFile.id, CampaignFile.kind).where(
            CampaignFile.campaign_id == campaign.id,
            CampaignFile.public_id == file_id,
            CampaignFile.removed_at.is_(None),
        )
    ).first()
    if row is None:
        raise FileUnknown
    shown = richtext.pictures_of(f"{campaign.description}\n{campaign.description_en}")
    reported = row.kind == FileKind.REPORT.value and CampaignStatus(campaign.status) in _HISTORY
    if reported or file_id in {one for one, _alt in shown}:
        raise FileInUse
    session.execute(
        update(CampaignFile).where(CampaignFile.id == row.id).values(removed_at=clock.now())
    )
    trail(actor, "campaign.file_removed", "campaign", slug, {"file": file_id})


def _locked(slug: str) -> Campaign:
    row = (
        db.session()
        .scalars(select(Campaign).where(Campaign.slug == slug).with_for_update())
        .first()
    )
    if row is None:
        raise UnknownCampaign
    return row
