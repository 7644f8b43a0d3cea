"""Meta's Marketing API over the simulated ad accounts.

api.py       routing, token, version, edges with their pages, usage headers, faults
insights.py  reports: days, levels, windows, and the runs that make them asynchronously
errors.py    error bodies as recorded
"""
