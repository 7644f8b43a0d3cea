"""Meta's Marketing API, version v26.0, over the ad accounts of a world.

Simulated: ad accounts, campaigns, ad sets and ads, insights by level and day with attribution windows, asynchronous
report runs, usage headers, upgraded and deprecated versions. Not simulated: writes, breakdowns, other filters than
campaign.id, batches, creatives.

api.py          HTTP: versions, tokens, usage headers, faults
parameters.py   how parameters are written; paging.py the cursor pages
serializer.py   accounts, campaigns, ad sets and ads
insights.py     reports; runs.py the asynchronous ones
errors.py       error bodies
"""
