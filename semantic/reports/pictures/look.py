"""How a picture looks: its size, its colours, and whether it carries its own title."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from common.presets import Days
from semantic.reports import shown, texts
from semantic.reports.colours import LOSSES, Theme
from semantic.reports.content import ChartData, Content
from semantic.reports.pictures.marks import Layer, text_width
from semantic.reports.pictures.marks import texts as text_layer

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


@dataclass(frozen=True)
class Size:
    """The width of a picture in pixels, the height of a chart over time without title, and the size of its texts."""

    width: int
    height: int
    font: float
    margin: int = 0
    slack: float = 1.0
    """How much wider the reader's font may be than Liberation Sans, where the reader's machine writes the texts."""

    @property
    def is_narrow(self) -> bool:
        """Whether it is for a phone."""
        return self.width < 500


WIDE = Size(1000, 290, 13, slack=1.18)
"""In a page on a desktop."""
NARROW = Size(340, 230, 12, slack=1.18)
"""In a page on a phone."""
DOCUMENT = Size(680, 210, 11.5)
"""Over the width of an A4 page."""
MAIL = Size(536, 230, 14)
"""In a mail, which phones show at two thirds of its width."""
PICTURE = Size(960, 420, 16, 32)
"""A picture of its own."""
CARD = Size(600, 420, 16, 32)
"""A picture of one number."""


@dataclass(frozen=True)
class Look:
    """What the modules of the kinds need beside the numbers. `top`: pixels above the drawing, for the title."""

    content: Content
    theme: Theme
    size: Size
    titled: bool = True
    has_logo: bool = False

    @property
    def font(self) -> float:
        """The size of labels."""
        return self.size.font

    @property
    def left(self) -> float:
        """Where the drawing begins."""
        return self.size.margin

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.size.width - self.size.margin

    @property
    def top(self) -> float:
        """Where it begins below the title."""
        return self.size.margin + self.font * 4.6 if self.titled else self.font * 0.6

    def measure(self, text: str, times: float = 1, *, bold: bool = False) -> float:
        """The width of a text, `times` as large as a label."""
        return text_width(text, self.font * times, bold=bold) * self.size.slack

    def widest(self, labels: Iterable[str]) -> float:
        """The width of the widest label, zero without labels."""
        return max((self.measure(label) for label in labels), default=0)

    def item(self, text: str, x: float, y: float, color: str = "") -> dict[str, Any]:
        """A text for marks.texts."""
        return {"text": shown.one_line(text), "x": round(x, 1), "y": round(y, 1), "color": color or self.theme.text}

    def spec(self, height: float, layers: list[Layer], description: str, data: ChartData) -> dict[str, Any]:
        """The whole specification of a picture: `height` is where the drawing ends."""
        bottom = self.font * 2.2 + self.size.margin if self.titled else self.font * 0.4
        whole = replace(self.size, height=round(height + bottom))
        extra = self._title(data, whole.height) if self.titled else []
        return {
            "$schema": SCHEMA,
            "description": description,
            "background": self.theme.background if self.titled else "transparent",
            "width": whole.width,
            "height": whole.height,
            "padding": 0,
            "autosize": {"type": "none"},
            "config": {"aria": False, "view": {"stroke": None, "fill": None}, "text": {"font": "Liberation Sans"}},
            "layer": [*extra, *layers],
        }

    def _title(self, data: ChartData, height: int) -> list[Layer]:
        """The title, whose numbers these are and of which days, and how fresh they are."""
        top, width = self.size.margin, self.right - self.left - (self.font * 10 if self.has_logo else 0)
        days = f"{self.content.tenant_name} · {texts.days(span(data, self.content))}"
        foot = self.item(texts.as_of(self.content), self.left, height - self.size.margin * 0.8, self.theme.muted)
        return [
            text_layer(
                [self.item(data.chart.title, self.left, top + self.font * 0.7)], self.font * 1.4, bold=True, limit=width
            ),
            text_layer([self.item(days, self.left, top + self.font * 2.3, self.theme.muted)], self.font, limit=width),
            text_layer([foot], self.font * 0.85, limit=self.right - self.left),
        ]


def span(data: ChartData, content: Content) -> Days:
    """The days of a chart: those of the report that are over, or the whole months of what is known by month alone."""
    if data.months:
        return data.months
    if content.comparison is None or data.chart.kind == "table":
        return content.days
    return content.comparison.now


def colours(theme: Theme, names: list[str]) -> list[str]:
    """A colour for each series: the accent first, that of a loss for losses, then the palette's."""
    others = iter(theme.series * 3)
    chosen: list[str] = []
    for name in names:
        if name in LOSSES:
            chosen.append(theme.bad)
        else:
            chosen.append(next(others) if theme.accent in chosen else theme.accent)
    return chosen


def heading(data: ChartData, look: Look, name: str) -> str:
    """The heading of one of the chart's columns; of a dimension, that of the report's table."""
    dimensions = [field for field in look.content.table.schema if b"unit" not in (field.metadata or {})]
    same = next((field for field in dimensions if (field.metadata or {}).get(b"of") == name.encode()), None)
    return shown.label(same or data.table.schema.field(name), look.content.columns)
