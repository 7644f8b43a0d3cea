"""TikTok's Business API, version v1.3, over the advertisers of a world.

Simulated: advertisers, campaigns, ad groups and ads of auction, reservation, Smart+ and GMV Max, stores, the basic
integrated report by day, the report of GMV Max. Not simulated: writes, asynchronous reports, audience reports, hourly
dimensions, identities and creatives.

api.py          HTTP: tokens, the envelope of every response, faults
parameters.py   how parameters are written; paging.py the numbered pages
serializer.py   advertisers, campaigns, ad groups and ads
reports.py      the reports
errors.py       error codes
"""
