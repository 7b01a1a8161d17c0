"""Persons, their accounts, sign-in, second factor, sessions and roles.

Rule: one human is one person, however many accounts, found by blind index of identity card number
or phone; so one human cannot be two approvers. What a person may do is read from the grants at
every request, and a session lives and ends on the server.
"""
