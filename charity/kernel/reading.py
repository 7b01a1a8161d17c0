"""How a transaction that may only read ends on PostgreSQL."""

from __future__ import annotations

from typing import Any

from psycopg.pq import TransactionStatus


def end(dbapi_connection: Any) -> None:
    """End what is not to be committed.

    A reading transaction has written nothing, so COMMIT ends it just as well; and at a ROLLBACK the
    driver forgets the statements it has prepared, though planning one again takes longer than
    asking it.
    """
    raw = dbapi_connection.driver_connection
    if raw.read_only and raw.info.transaction_status == TransactionStatus.INTRANS:
        raw.commit()
    else:
        raw.rollback()
