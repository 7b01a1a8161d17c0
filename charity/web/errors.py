"""Every refusal and every failure becomes a page, or RFC 9457 problem JSON where that is asked for.

Rule: a refusal says what to mend and changes nothing; our own failures are logged with the
request's id and the place in the code, never with what the visitor typed.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from http import HTTPStatus

import structlog
from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import lazy_gettext as _
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from charity.kernel.atomic import is_retryable
from charity.kernel.errors import RuleBroken
from charity.kernel.ids import public_id
from charity.web.address import for_machines

RETRY_AFTER_S = {429: "60", 503: "5"}
_log = structlog.get_logger(__name__)

_SENTENCES = {
    400: _("请求没有读懂，没有任何改动。"),
    401: _("请先登录，或者提供有效的访问令牌。"),
    403: _("您不能查看这个内容。"),
    404: _("没有找到您要的内容。"),
    405: _("这个地址不接受这种请求。"),
    406: _("没有您能接受的格式。"),
    409: _("内容已经有了变化，没有任何改动。"),
    413: _("提交的内容太大，没有任何改动。"),
    415: _("请用 application/json 提交。"),
    422: _("有的内容不合要求，没有任何改动。"),
    429: _("操作太频繁，请过几分钟再试。"),
    500: _("网站出错了，已经记录下来。"),
    503: _("现在处理不了您的请求，请过一会儿再试。"),
}


def init_app(app: Flask) -> None:
    """Take over every error of the application."""
    app.before_request(_name_request)
    app.after_request(_tell_request_id)
    app.register_error_handler(RuleBroken, rule_broken)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, unexpected)


def _name_request() -> None:
    g.request_id = public_id(12)


def _tell_request_id(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    return response


def rule_broken(error: RuleBroken) -> Response:
    """A broken rule: its own status and sentence, and the fields it belongs to."""
    details = [
        {"field": field, "code": code, "message": message}
        for field, code, message in error.details()
    ]
    return answer(error.status, error.code, error.sentence(), details, error.members())


def http_error(error: HTTPException) -> Response:
    """What the framework refused: unknown address, wrong method, too large, unreadable."""
    status = error.code or 500
    if status < 400:
        return error.get_response()  # type: ignore[return-value] # a redirect made by routing
    response = answer(status, HTTPStatus(status).name.lower())
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def unexpected(error: Exception) -> Response:
    """Our own failure: 503 when the database is busy or away, else 500; always logged."""
    busy = _is_busy(error)
    _log.error(
        "request.failed",
        request_id=g.get("request_id"),
        endpoint=request.endpoint,
        kind=type(error).__name__,
        busy=busy,
        # Frames only: a message may repeat what the visitor typed.
        where=[f"{f.filename}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)][-8:],
    )
    return answer(503, "busy") if busy else answer(500, "internal_error")


def _is_busy(error: Exception) -> bool:
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    # SQLite calls a missing table an operational error too; that one is a defect, not a rush.
    away = isinstance(error, OperationalError) and "no such" not in str(error.orig)
    return away or error.connection_invalidated or is_retryable(error)


def answer(
    status: int,
    code: str,
    detail: str | None = None,
    errors: list[dict[str, str | None]] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    """A page for browsers, a problem for machines."""
    if wants_problem():
        response = problem(status, code, detail, errors, members)
    else:
        g.failed = status
        # "Not yours" and "not there" must read the same, whatever refused.
        message = None if status == 404 else detail
        body = render_template("site/error.html", status=status, message=message)
        response = make_response(body, status)
    if status in RETRY_AFTER_S:
        response.headers["Retry-After"] = RETRY_AFTER_S[status]
    return response


def problem(
    status: int,
    code: str,
    detail: str | None = None,
    errors: list[dict[str, str | None]] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    """Problem JSON as RFC 9457 has it; ``members`` are its extension members."""
    body = {
        **(members or {}),
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or str(_SENTENCES.get(status, _SENTENCES[500 if status >= 500 else 400])),
        "code": code,
        "errors": errors or [],
    }
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status, content_type="application/problem+json; charset=utf-8")


def wants_problem() -> bool:
    """Whether this request comes from a machine: by its address, or by what it accepts."""
    if for_machines(request.path):
        return True
    best = request.accept_mimetypes.best_match(
        ["text/html", "application/problem+json", "application/json"], "text/html"
    )
    return best != "text/html"
