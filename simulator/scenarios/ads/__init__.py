"""The advertising of the demo shops, kept as integer books.

plan.py         campaigns, ad sets (TikTok: ad groups) and ads, with names and statuses over time
attribution.py  platform-attributed purchases: orders that a platform reports as results of its ads
books.py        the statistics of an account, as a function of day and instant
accounts.py     the accounts of the demo world

The special cases, by the number of a campaign, an ad set or an ad:
- names: every fourth campaign and one ad per campaign get a new name while they run
- statuses: every second campaign is archived; some ads pause and resume; every fourth campaign, one ad set and some ads
  are deleted while they run (at TikTok they disappear five days later), so that the account's total has spend that no
  breakdown shows
- restatements: a day grows by the hour, is 0.6 % too small on the day after, may lose invalid clicks until the 26th
  day, and gains purchases until the 28th
- both platforms report the same orders, where their shares overlap
- accounts in another time zone than their shop
- TikTok: auction, reservation, Smart+ and GMV Max campaigns; ad credits pay a part of every ninth day's spend
"""
