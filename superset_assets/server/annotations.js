/* Draws what happened on which days (annotations.py) above a line of days: a thin line for one day, a band for several.
 * Labels are in a strip of their own above the plot, where there is room; a touch of a point says all of it.
 * front_end.py lets Superset's charts over time call these functions. */

(() => {
  const STRIP = 18; // pixels above the plot
  const [LEFT, RIGHT] = [56, 20]; // about what the axis and the margin take
  const [LETTER, GAP] = [6, 10]; // pixels
  const MOST = 4; // titles in a tooltip

  const records = (answer) => answer?.annotation_data?.takings?.records ?? [];
  const escaped = (text) => String(text).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
  const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text);

  /** The label of each record that has room, with its alignment: a record keeps its own free of those before it. */
  const labels = (items, middle, width) => {
    let free = 0;
    return items.map((item) => {
      const text = shortened(item.title, width < 420 ? 14 : 26);
      const [centre, size] = [middle(item), text.length * LETTER];
      const align = centre < size / 2 ? "left" : centre + size / 2 > width - GAP ? "right" : "center";
      const start = { left: centre, right: centre - size, center: centre - size / 2 }[align];
      if (start < free) return undefined;
      free = start + size + GAP;
      return { text, align };
    });
  };

  const draw = (series, answer, rows, axis, width, theme) => {
    const items = records(answer);
    const points = rows.map((row) => Number(row[axis])).filter(Number.isFinite);
    if (!items.length || !points.length) return;
    const [first, last] = [Math.min(...points), Math.max(...points)];
    const place = (time) => LEFT + ((time - first) / (last - first || 1)) * (width - LEFT - RIGHT);
    const label = labels(items, (item) => place((item.from + item.to) / 2), width);
    const lines = [];
    const bands = [];
    items.forEach((item, number) => {
      const isAlert = item.kind === "alert";
      const shown = label[number];
      const style = {
        show: Boolean(shown),
        formatter: shown?.text ?? "",
        align: shown?.align,
        color: isAlert ? theme.colorError : theme.colorTextSecondary,
        opacity: 1,
        fontSize: 11,
        distance: 4,
      };
      if (item.from === item.to) {
        const lineStyle = { color: isAlert ? theme.colorError : theme.colorTextTertiary, width: 1, type: "solid" };
        lines.push({ xAxis: item.from, lineStyle, label: { ...style, position: "end" } });
      } else {
        const itemStyle = { color: isAlert ? theme.colorError : theme.colorText, opacity: 0.07 };
        bands.push([{ xAxis: item.from, itemStyle, label: { ...style, position: "top" } }, { xAxis: item.to }]);
      }
    });
    const common = { silent: true, animation: false, z: 1 };
    series.push({
      id: "takings-annotations",
      type: "line",
      data: [],
      markLine: { ...common, symbol: "none", data: lines },
      markArea: { ...common, data: bands },
    });
  };

  const grid = (usual, answer) => (records(answer).length ? { ...usual, top: (usual.top ?? 0) + STRIP } : usual);

  /** What belongs to a point, for its tooltip. */
  const words = (answer, time) => {
    const here = records(answer).filter((item) => item.points[0] <= time && time <= item.points[1]);
    const line = (html) => `<div style="max-width:260px;white-space:normal;margin-top:4px">${html}</div>`;
    const shown = here.slice(0, MOST).map((item) => line(`<b>${escaped(item.title)}</b> · ${escaped(item.days)}`));
    return shown.join("") + (here.length > MOST ? line(`and ${here.length - MOST} more`) : "");
  };

  globalThis.takingsAnnotations = { draw, grid, words };
})();
