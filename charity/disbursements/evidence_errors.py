"""What evidence refuses, one class for each rule."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import Conflict, NotFound, RuleBroken


class EvidenceUnknown(NotFound):
    """There is no such evidence, or it is not the reader's."""

    code = "evidence_unknown"
    message = _("没有找到这份使用凭据。")


class EvidenceNotDue(Conflict):
    """Evidence is given between the payment and its acceptance."""

    code = "evidence_not_due"
    message = _("这项用款申请现在不收使用凭据：拨付以后才能提交，核销以后不再更改。")


class EvidenceTwice(Conflict):
    """The same picture is given for this application already."""

    code = "evidence_twice"
    message = _("同一张图片已经提交过，不必重复上传。")
    field = "file"


class EvidenceTooMany(RuleBroken):
    """More pictures than a person looks through."""

    code = "evidence_too_many"
    message = _("一项用款申请最多提交 %(most)s 张图片，请先删去不需要的。")
    field = "file"


class CaptionUnfit(RuleBroken):
    """A caption says in a few words what is to be seen."""

    code = "caption_unfit"
    message = _("请写明图片说明，最多 %(most)s 个字。")
    field = "caption"


class ReasonUnfit(RuleBroken):
    """Whoever asks again says what is missing; whoever takes off a picture says why."""

    code = "reason_unfit"
    message = _("请写明理由，最多 %(most)s 个字。")
    field = "reason"


class EvidenceNotYours(RuleBroken):
    """Only who gave a piece takes it away, and only until somebody has looked at it."""

    code = "evidence_not_yours"
    message = _("只能删去本人提交、并且还没有审核的凭据。")
    status = 403


class EvidenceMissing(RuleBroken):
    """Nothing that says where the money went, so nothing is proved."""

    code = "evidence_missing"
    message = _("用款申请中写明的凭据还没有交齐，不能核销。请要求补充。")


class EvidenceChanged(Conflict):
    """What is judged is not what was looked at."""

    code = "evidence_changed"
    message = _("您打开页面以后凭据有了变化，请重新查看后再办理。")


class OwnEvidence(RuleBroken):
    """Neither who asked for the money nor who gave the evidence judges it."""

    code = "own_evidence"
    message = _("申请用款的人和提交凭据的人不能审核凭据，请由另一个人办理。")
    status = 403


class EvidenceNotForYou(RuleBroken):
    """No role of this person has to do with this."""

    code = "evidence_not_for_you"
    message = _("您的岗位不能办理使用凭据的这项操作。")
    status = 403


class NotAccepted(Conflict):
    """Only what was accepted is shown to the public."""

    code = "evidence_not_accepted"
    message = _("只能公开已经审核通过的凭据。")


class AlreadyPublished(Conflict):
    """A piece has one public copy at a time."""

    code = "evidence_already_published"
    message = _("这份凭据已经公开。要换一张，请先撤下原来的。")


class NotLookedThrough(RuleBroken):
    """Whoever publishes says that nobody in need is to be seen or read."""

    code = "not_looked_through"
    message = _("请先确认图片上没有受助人的面容、姓名、住址、证件号码和账号。")
    field = "looked_through"


class PublicationUnknown(NotFound):
    """There is no such public picture, or it was taken off."""

    code = "publication_unknown"
    message = _("没有找到这张图片。")
