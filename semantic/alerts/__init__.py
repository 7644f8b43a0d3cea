"""Alerts: rules.yml says what is worth a look, rules.py reads it, evaluate.py asks the published build."""
