"""Special fund, campaigns with their filed plans, raising units, and each unit's book.

Rule: slugs and unit codes are permanent; the ledger keeps them in its books.
"""
