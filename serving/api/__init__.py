"""The API for programs, version 1: metrics, questions, reports, alerts and freshness of the tenant whose token asks.

    routes.py     the addresses; access.py who asks, and how often
    bodies.py     the question of a request; questions.py checks it and names every mistake at once
    listing.py    what exists, as plain objects; problems.py why something is refused (RFC 9457)
    openapi.py    the description of all of it, from which docs/reference/api.md is generated

A request without a valid token gets nothing of a tenant. There are no cookies, so no page of another site can ask with
somebody's rights, and no CORS: a page of another origin would have to hold a token that its readers could copy.
"""
