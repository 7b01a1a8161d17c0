"""Append-only trail: who did what to what, before and after.

Rule: a row is written in the same transaction as the change it tells of, and never changes.
"""
