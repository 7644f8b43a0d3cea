"""Corrections of Superset 6.1.0's charts, made in its built scripts while they are served.

No setting of Superset reaches these places. A script that holds none of them is served as it is; where a release no
longer holds one, tests/superset_assets/test_front_end.py says which.
"""

import functools
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

_MINUS = "[-\\u2212]"
_PART = "\N{ZERO WIDTH SPACE}"
# A line of a sum falls where a week or a month is only partly in the range. These ends are a line of their own, dotted,
# from the whole point beside them; a point without a neighbour is drawn as a circle.
_DOTTED = (
    """h=>{let P=M.points,D=h.data;if("line"!==h.type||!Array.isArray(D))return[h];
let only=1===D.filter(d=>d&&null!=d[1]).length,off=D.map(d=>!!P&&P.sums.includes(c)&&P.partial.includes(+d[0]));
if(u||eb||F||eq||!off.some(Boolean))return[only?{...h,showSymbol:!0,symbolSize:7}:h];
let say=i=>off[i]&&!e8.some(s=>s.part)&&/, so far$/.test(P.words[+D[i][0]])&&{show:!0,formatter:"so far",
position:[7,-17],align:"right",color:_.colorTextSecondary};
let part=D.map((d,i)=>off[i]||off[i-1]||off[i+1]?{value:d,symbol:off[i]?"emptyCircle":"none",label:say(i)||{}}:
[d[0],null]);
return[{...h,data:D.map((d,i)=>off[i]?[d[0],null]:d)},{...h,part:1,id:h.id+"%s",data:part,connectNulls:!1,showSymbol:!0,
symbolSize:6,lineStyle:{...h.lineStyle,type:"dotted"}}]}""".replace("\n", "")
    % _PART
)
CORRECTIONS = {
    # "$ −16,095" → −$16,095, and CHF 16,095
    "sign and symbol": (
        r"return`\$\{(\w)\} \$\{(\w)\}`(?=;return this\.currency\.symbolPosition)",
        rf'return(/^{_MINUS}/.test(\2)?\2[0]:"")+\1'
        rf'+(/[a-z]$/i.test(\1)?"\u00a0":"")+\2.replace(/^{_MINUS}/,"")'.replace("\\u", "\\\\u"),
    ),
    # no cents from 1,000 on
    "cents": (
        r"\(this\.getNormalizedD3Format\(\)\)\(e\)",
        r'(Math.abs(e)<1e3?this.getNormalizedD3Format():this.getNormalizedD3Format().replace(/\\.\\d+f/,".0f"))(e)',
    ),
    # a pivot table's own format comes before that of a metric, as in every other chart
    "format of a pivot table": (r"\[t,j\[t\]\|\|_,D\[t\]\|\|A\]", r'[t,_&&"SMART_NUMBER"!==_?_:j[t]||_,D[t]||A]'),
    # a waterfall has the currency of its rows, as every other chart
    "currency of a waterfall": (
        r"(R=\(null==f\?void 0:f\.symbol\)\?new tO\.Ay\(\{d3Format:E,currency:)f\}\)",
        r'\1"AUTO"===f.symbol?{...f,symbol:l[0].detected_currency}:f})',
    ),
    # its steps are in the order of their texts: the number that gives the order is not shown
    "labels of a waterfall": (
        r':String\(e\)(?=;\(t="45°"===S)',
        r':String(e).replace(/^\\d+ · /,"")',
    ),
    # the label of a row, for a style sheet that knows rows by it
    "label of a row of a pivot table": (
        r'("th",\{className:\w,style:\w,)(?=rowSpan:\w,colSpan:\w,role:"columnheader button",onClick:'
        r"this\.clickHeaderHandler\(u,t,this\.props\.rows)",
        r'\1"data-label":S,',
    ),
    # no filter bar above a dashboard whose filters all have controls of their own: each filter in it would ask for its
    # values when the page opens, and all charts once more when it has them
    "filter bar": (
        r"d=n&&\(i\|\|!i&&\(0!==s\.length\|\|0!==c\.length\)\)",
        r"shown=(0,y.d4)(e=>!1!==e.dashboardInfo.metadata?.show_native_filters),"
        r"d=n&&(0!==c.length||shown&&(i||0!==s.length))",
    ),
    # a horizontal bar has its number first: what was clicked is the name of the bar
    "value of a clicked bar": (
        r"\(null==\(l=e\.data\)\?void 0:l\[0\]\)!=null&&B\(e\.data\[0\]\)",
        "null!=e.name&&B(e.name)",
    ),
    "value of a bar in its menu": (
        r"\(null==n\?void 0:n\[0\]\)!=null&&\(r=M\(n\[0\]\)\)",
        "null!=l.name&&(r=M(l.name))",
    ),
    # the bar that was clicked stands out, as a slice does
    "clicked bar": (
        r"let (\w+)=\((\w)\.selectedValues\|\|\[\]\)"
        r"(?=\.reduce\(\(e,t\)=>\{let r=(\w+)\.findIndex\(\(\{name:e\}\)=>e===t\);"
        r"return \w+\(\{\},e,\{\[r\]:t\}\)\},\{\}\);if\()",
        r"let takes=x=>Array.isArray(x)&&x.some(y=>\2.selectedValues.includes(y));"
        r"\2.selectedValues&&\3.forEach(s=>{s.data?.some?.(takes)&&"
        r"(s.data=s.data.map(x=>takes(x)?x:{value:x,itemStyle:{opacity:.35}}))});"
        r"let \1=(\2.selectedValues||[])",
    ),
    # a click into a chart that filters no other does nothing
    "click without effect": (
        r"e=>!!e\.dashboardInfo\.crossFiltersEnabled(?=\))",
        "t=>!!t.dashboardInfo.crossFiltersEnabled&&"
        "!!t.dashboardInfo.metadata?.chart_configuration?.[e.id]?.crossFilters?.chartsInScope?.length",
    ),
    # the deepest shade is that of the 95th percentile: one group of one customer does not pale all others
    "range of a shade": (
        r"o=Math\.max\(\.\.\.t\);return e>=a&&e<=o&&\{cutoffValue:a,extremeValue:o\}",
        r"o=[...t].sort((x,y)=>x-y)[Math.floor(.95*(t.length-1))];return e>=a&&{cutoffValue:a,extremeValue:o}",
    ),
    # what a point holds, in the words of the server (grain.py)
    "words of a point": (
        r"(?<=let tm=e0===tj\.GenericDataType\.Temporal\?)ij\(ey\)(?=:String)",
        "(f=>e=>M.points?.words[+e]??f(e))(ij(ey))",
    ),
    "labels of months": (r"(?<=Temporal\?iM\()ej(?=,em\))", '"P1M"===M.points?.grain&&"smart_date"!==ej?"%b %Y":ej'),
    # the dotted part of a line has its line's name: the legend and the tooltip know one line
    "name of a part of a line": (
        r"(?<=name:t\[1\],type:t\[2\]\}:\{name:)e(?=,type:iQ)",
        f'"string"==typeof e?e.replace("{_PART}",""):e',
    ),
    "legend of lines that have points": (
        r"(?<=:e5\.filter\(e=>sp\(e\.name\|\|\"\"\)\.type===iQ\.OW\.Observation)(?=\)\.map)",
        "&&e.data.some(d=>d&&null!=d[1])",
    ),
    # an earlier period is dashed, as on Home: dotted is what is not whole
    "an earlier period is dashed": (r"(?<=d\.type=mu\[)r(?=%mu\.length\])", "(r-1)"),
    "parts of a line": (r"(?<=:)e8\.push\(h\)(?=\)\}\),ec&&0===eV\.length)", f"e8.push(...({_DOTTED})(h))"),
    # what happened on which day (annotations.js): its marks, room for their labels, and its words in a tooltip
    "marks of annotations": (
        r"if\((?=z\.filter\(e=>e\.show\)\.forEach\(e=>\{\(0,sc\.Bg\)\(e\)\?e8\.push)",
        "if(globalThis.takingsAnnotations?.draw(e8,M,eH,eQ,d,_),",
    ),
    "room for annotations": (
        r"grid:mc\(\{\},ss\.Ox,tR\)",
        "grid:mc({},ss.Ox,globalThis.takingsAnnotations?.grid(tR,M)??tR)",
    ),
    "words of annotations": (
        r"return\(0,iw\.L\)\(m,tm\(n\),r\)",
        'return(0,iw.L)(m,tm(n),r)+(globalThis.takingsAnnotations?.words(M,n)??"")',
    ),
}
"""What each corrects: a pattern in the built scripts, and its replacement."""


def correct(script: str) -> tuple[str, dict[str, int]]:
    """A script with the corrections, and how often each was made."""
    counts = {}
    for name, (pattern, replacement) in CORRECTIONS.items():
        script, counts[name] = re.subn(pattern, replacement, script)
    return script, counts


@functools.cache
def _corrected(path: Path) -> str | None:
    """The corrected script, or None where nothing is to be corrected."""
    try:
        script, counts = correct(path.read_text("utf-8"))
    except OSError:
        return None
    return script if any(counts.values()) else None


def add_to(app: "Flask") -> None:
    """Serve the corrected scripts. A browser asks each time whether it has the newest, since their names stay."""
    served = app.send_static_file

    def send(filename: str) -> Any:
        from flask import request  # noqa: PLC0415 (the tests read this module without Superset's environment)

        name = PurePosixPath(filename).name
        is_script = filename == f"assets/{name}" and name.endswith(".js")
        script = _corrected(Path(app.static_folder or "", "assets", name)) if is_script else None
        if script is None:
            return served(filename)
        response = app.response_class(script, mimetype="text/javascript")
        response.headers["Cache-Control"] = "no-cache"
        response.add_etag()
        return response.make_conditional(request)

    app.send_static_file = send  # type: ignore[method-assign]
