"""Alerts: rules.yml has the rules, rules.py reads them, evaluate.py evaluates them over the published build."""
