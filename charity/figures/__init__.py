"""What needs more than one domain: totals, the public table, a unit's row, recent gifts.

Rule: every figure here is read from the numbered totals, in the same snapshot as its entry n.
"""
