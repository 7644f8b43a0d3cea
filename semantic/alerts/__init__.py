"""Alerts: rules.yml has the rules, rules.py reads them, evaluate.py evaluates them over the published build.

details.py takes what a message says of one from that build, and picture.py draws it.
"""
