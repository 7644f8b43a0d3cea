"""TikTok's Business API v1.3 over the simulated advertisers.

api.py      envelope, token, routing, objects with their pages, faults
reports.py  the integrated report and the one of GMV Max: days, levels, dimensions, metrics
envelope.py errors by code, pages, parameters written as JSON
"""
