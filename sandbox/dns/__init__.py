"""Stands in for Route 53's data plane and for the resolvers in front of it.

The authority answers the platform's zone from moto's records, the checkers run moto's health checks, the
resolvers cache. A record, a policy or a check that none of them knows is refused with SERVFAIL and a line
in the log, never guessed.
"""
