"""What the first page shows, computed through the semantic layer when a build is published.

words.py     numbers in words: $16,095, 16.3×, ▲ 12.3 %
periods.py   the days of each period, and those that it is compared with
kpis.py      the headline figures, beside the earlier period
trend.py     net sales day by day, beside the earlier period
movers.py    the products, channels, countries and campaigns that moved most
outlook.py   cash in sentences
trust.py     how fresh the numbers are, and whether they agree with the sources
fill.py      writes all of it into the build
"""
