"""The APIs of a simulated world, one package per API.

shopify/   Admin GraphQL, 2026-10         stripe/   REST, 2026-10-28.endive
meta/      Marketing API, v26.0           tiktok/   Business API, v1.3

In each, ``api.py`` is the HTTP endpoint (an ``Api`` of base.py), ``errors.py`` the errors, ``paging.py`` the pages,
``serializer.py`` the objects; the package's docstring says what is simulated and what is not. ads.py is what Meta and
TikTok share. files.py writes the folder of a files source. The faults that a test can set are in simulator/faults.py.
"""
