"""Intents, payments, gifts, and their settling into the ledger.

Rule: an intent is what we asked, a payment is what happened. An event from outside is stored
first, and has its effect exactly once, in whatever order events come.
"""
