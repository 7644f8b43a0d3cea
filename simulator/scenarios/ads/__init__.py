"""Advertising of the demo shops, kept as books in integers.

plan.py      campaigns, ad sets (TikTok: ad groups) and ads, with names and statuses over time
claims.py    purchases that a platform claims: orders of the shop, each told hours after it and days after the click
books.py     an account's numbers: a function of day and instant, additive over ads to the micro
accounts.py  the accounts of the demo world
"""
