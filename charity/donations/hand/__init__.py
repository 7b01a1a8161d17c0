"""Gifts by hand: a clerk's sheets and slips, the bank's lines, and what nobody knows yet."""
