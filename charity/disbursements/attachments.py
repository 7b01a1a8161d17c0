"""Files that belong to the asking: offers, lists, photos of what is missing.

Rule: they are part of what is signed, so they come and go only while the application is a draft or
was sent back. The caller has checked, cleaned and stored the content (``kernel.uploads``,
``kernel.files``) before the unit of work began.
"""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select

from charity.disbursements import access, rules, store
from charity.disbursements.errors import (
    AttachmentTaken,
    NoSuchAttachment,
    TextUnfit,
    TooManyAttachments,
)
from charity.disbursements.kinds import ApplicationStatus
from charity.disbursements.models import Application, Attachment
from charity.kernel import clock
from charity.kernel.db import db
from charity.kernel.files import Stored
from charity.kernel.ids import new_id, public_id
from charity.people.queries import Signed

TITLE = 120


def attach(application_id: str, *, title: str, media_type: str, stored: Stored, by: Signed) -> str:
    """Add a file that is in the store already; return its public id.

    Raises NoSuchApplication, NotNow, TextUnfit, TooManyAttachments, AttachmentTaken, and what
    ``access.scopes_to_apply`` raises.
    """
    row = _open(application_id, by)
    words = rules.text(title, "title", TITLE)
    if not words:
        raise TextUnfit(field="title", longest=TITLE)
    session = db.session()
    mine = Attachment.application_id == row.id
    if session.scalar(select(Attachment.id).where(mine, Attachment.sha256 == stored.sha256)):
        raise AttachmentTaken
    if session.scalars(select(func.count(Attachment.id)).where(mine)).one() >= rules.ATTACHMENTS:
        raise TooManyAttachments(most=rules.ATTACHMENTS)
    name = public_id()
    session.execute(
        insert(Attachment).values(
            id=new_id(),
            public_id=name,
            application_id=row.id,
            title=words,
            media_type=media_type,
            path=stored.path,
            sha256=stored.sha256,
            size=stored.size,
            by_id=by.person_id,
            added_at=clock.now(),
        )
    )
    after: dict[str, object] = {"sha256": stored.sha256}
    store.trail("application.attached", application_id, by.actor, after=after)
    return name


def detach(application_id: str, attachment_id: str, *, by: Signed) -> None:
    """Take a file away again; its content stays in the store.

    Raises NoSuchApplication, NotNow, NoSuchAttachment, and what ``access.scopes_to_apply`` raises.
    """
    row = _open(application_id, by)
    gone = db.session().execute(
        delete(Attachment)
        .where(Attachment.application_id == row.id, Attachment.public_id == attachment_id)
        .returning(Attachment.sha256)
        .execution_options(synchronize_session=False)
    )
    found = gone.first()
    if found is None:
        raise NoSuchAttachment
    before: dict[str, object] = {"sha256": found[0]}
    store.trail("application.detached", application_id, by.actor, before=before)


def _open(application_id: str, by: Signed) -> Application:
    row = store.locked(application_id)
    access.scopes_to_apply(store.place(row).code, by)
    store.require(row, ApplicationStatus.DRAFT, ApplicationStatus.RETURNED)
    return row
