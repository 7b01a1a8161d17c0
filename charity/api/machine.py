"""Probes: whether this process lives, and whether traffic may come to it."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from charity.api.answers import Alive, Ready
from charity.api.described import describe, said
from charity.api.guards import probe
from charity.kernel import readiness

bp = Blueprint("machine", __name__)
_log = structlog.get_logger(__name__)


@bp.get("/livez")
@probe
@describe(Alive)
def livez() -> Response:
    """The process answers. Asks nothing of the database."""
    return said(Alive(status="ok"))


@bp.get("/readyz")
@probe
@describe(Ready, also={503: Ready})
def readyz() -> Response:
    """200 when traffic may come, else 503 with what does not stand."""
    try:
        found = readiness.state()
    except SQLAlchemyError as error:
        _log.warning("readyz.database", kind=type(error).__name__)
        return said(Ready(ready=False, writes=False), 503, sparse=True)
    answer = Ready(
        ready=found.ready,
        writes=found.writes,
        migrated=found.migrated,
        queue_age_s=found.queue_age_s,
    )
    return said(answer, 200 if found.ready else 503)
