"""What approvals refuse, one class for each rule."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import Conflict, NotFound, RuleBroken


class NoSuchRequest(NotFound):
    """There is no such request, or it is not the reader's."""

    code = "no_such_request"
    message = _("没有找到这项审批申请。")


class MayNotAsk(RuleBroken):
    """No role of this person may ask for this."""

    code = "may_not_ask"
    message = _("您的岗位不能提出这类申请。")
    status = 403


class MayNotDecide(RuleBroken):
    """No role of this person, own or handed over, decides this request."""

    code = "may_not_decide"
    message = _("您的岗位不能审批这项申请。")
    status = 403


class OwnRequest(RuleBroken):
    """The requester never decides."""

    code = "own_request"
    message = _("不能审批自己提出的申请，请由另一个人审批。")
    status = 403


class Concerned(RuleBroken):
    """The request is about this person, who neither asks nor decides."""

    code = "concerned"
    message = _("这项申请与您本人有关，请由其他人办理。")
    status = 403


class DelegatorConcerned(RuleBroken):
    """Whoever handed over the deciding may not decide this request, so the delegate may not."""

    code = "delegator_concerned"
    message = _("委托您审批的人与这项申请有关，或者已经表过态，您不能代为审批。")
    status = 403


class AlreadyDecided(Conflict):
    """One person's word counts once."""

    code = "already_decided"
    message = _("您已经对这项申请表过态。")


class AlreadyAsked(Conflict):
    """The same is asked for already and waits, or is approved and not used yet."""

    code = "already_asked"
    message = _("同样的申请已经提出，不必重复提交。")


class ReasonNeeded(RuleBroken):
    """A refusal says why."""

    code = "reason_needed"
    message = _("请写明不同意的理由。")
    field = "reason"


class WordsTooLong(RuleBroken):
    """A reason or note longer than people read."""

    code = "words_too_long"
    message = _("最多 500 字。")


class NotWaiting(Conflict):
    """The request was decided, withdrawn or used before."""

    code = "not_waiting"
    message = _("这项申请已经办结，不能再审批或撤回。")


class Expired(Conflict):
    """The request's time is over: who still wants it asks again."""

    code = "request_expired"
    message = _("这项申请已经过期，需要的话请重新提出。")


class NotApproved(Conflict):
    """What was not approved is not done."""

    code = "not_approved"
    message = _("这项申请还没有获得批准，不能办理。")


class AlreadyUsed(Conflict):
    """One approval has its effect once."""

    code = "approval_used"
    message = _("这项批准已经用过，不能重复办理。")


class FactsChanged(Conflict):
    """What is to be done, or was looked at, is not what was asked for."""

    code = "facts_changed"
    message = _("申请的内容与批准时不一致，没有办理。请重新提出申请。")


class NoSuchDelegation(NotFound):
    """There is no such delegation, or it is not the reader's."""

    code = "no_such_delegation"
    message = _("没有找到这项审批委托。")


class RoleNotHeld(RuleBroken):
    """Only a role one holds oneself, and that decides something, can be handed over."""

    code = "role_not_held"
    message = _("只能委托您本人担任、并且有审批权的岗位。")
    field = "role"


class DelegateUnfit(RuleBroken):
    """One hands deciding over to another person who works here."""

    code = "delegate_unfit"
    message = _("请选择另一位在岗人员。")
    field = "person"


class DatesUnfit(RuleBroken):
    """A delegation runs from today or later, and for a limited time."""

    code = "dates_unfit"
    message = _("开始日期不能早于今天，结束日期不能早于开始日期，最长 %(days)s 天。")
    field = "ends_on"


class DelegationOverlaps(Conflict):
    """The same role is handed to the same person for some of these days already."""

    code = "delegation_overlaps"
    message = _("这几天您已经把这个岗位的审批委托给同一个人。")
