"""A Stripe of our own for tests and demonstrations: it speaks over HTTP and is not Stripe.

Its objects are Stripe's published examples (``examples.json``, MIT, see ``LICENSE``) with our
values in them. It keeps idempotency keys, signs its webhooks and sends them again until they are
answered; and, where asked, it fails as a provider may: before or after it did what it was told.
"""
