"""The key that opens a payment's page: made from our keys and the payment's id, never stored.

So the same request gives the same key again, and a copy of the database opens no page.
"""

from __future__ import annotations

import hmac

from charity.kernel.crypto import keyring

_LENGTH = 32  # hex: 128 bits


def payment_secret(payment_id: str) -> str:
    """The key of this payment."""
    return keyring().blind_index(payment_id, "payment-secret")[:_LENGTH]


def opens(payment_id: str, secret: str) -> bool:
    """Whether ``secret`` is the key of this payment, in constant time."""
    return hmac.compare_digest(
        payment_secret(payment_id).encode(), secret.encode("utf-8", "replace")
    )
