"""Dated figures with their source: limits, levels, days; changed by two people.

Rule: a figure is never changed, another one follows it from a later day on; so what was decided
on a day can always be explained by the figures of that day.
"""
