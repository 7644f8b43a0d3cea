"""Charts of a report as pictures: ChartData → Vega-Lite specification → SVG, PNG or PDF, without a browser.

    draw.png(data, content, brand, mode="dark")      a picture with title, days and tenant
    draw.svg(data, content, brand, size=WIDE)        the same as SVG, with a text for people who do not see it
    draw.inline(data, content, "c1")                 for a page: its colours are variables of the page's style sheet

Each kind has a module that turns numbers into marks at places in pixels; `marks` writes these as Vega-Lite, `axes`
chooses ticks and their labels. Vega's own axes and legends are not used: their labels know no currency, and their
places depend on the fonts of the machine. All text is set in Liberation Sans, which vl-convert holds.
"""
