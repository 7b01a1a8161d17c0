"""Pictures of what money was used for, as a discloser released them."""

from __future__ import annotations

from flask import Response, request

from charity.disbursements import evidence_queries
from charity.kernel import files
from charity.web.guards import public
from charity.web.site import bp


@bp.get("/evidence/<file_id>")
@public
def evidence_picture(file_id: str) -> Response:
    """One public picture; gone at once when it is taken off."""
    kept = evidence_queries.public_file(file_id)
    answer = Response(files.store().get(kept.path, kept.sha256), mimetype=kept.media_type)
    answer.set_etag(kept.sha256)
    answer.make_conditional(request)
    return answer
