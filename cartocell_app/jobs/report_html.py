"""One HTML page that needs no other file: headings, tables, pictures and curves; everything told is escaped."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from typing import Any

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f23; --muted: #59636e; --line: #d4d9de;
  --raised: #f4f5f6; --accent: #0a7770; --curve-0: #33a; --curve-1: #b50; --curve-2: #186; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181b; --text: #e6e9ec; --muted: #98a2ac; --line: #383e45;
  --raised: #1d2023; --accent: #3dbdb3; --curve-0: #9ab4ff; --curve-1: #ffb469; --curve-2: #7fe0ae; } }
@media print { :root { color-scheme: light; --ground: #fff; --text: #000; --muted: #444; --line: #bbb; --raised: #fff;
  --accent: #0a7770; --curve-0: #33a; --curve-1: #b50; --curve-2: #186; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px; max-width: 960px; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; } h2 { font-size: 20px; margin: 36px 0 8px; }
h3 { font-size: 15px; margin: 22px 0 6px; } h2, h3 { break-after: avoid; }
h2 { border-top: 2px solid var(--accent); padding-top: 12px; }
p { margin: 6px 0; } .muted { color: var(--muted); } .note { border-left: 4px solid var(--accent); padding: 6px 12px;
  background: var(--raised); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; width: 100%;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
th, td { text-align: left; vertical-align: top; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); }
th { color: var(--muted); font-weight: 600; } .number { text-align: right; } td.number { white-space: nowrap; }
tr { break-inside: avoid; } th.fact { width: 14em; }
@media print { body { padding: 0; max-width: none; font-size: 12px; } table { font-size: 10px; }
  th, td { padding-right: 8px; } }
.pictures { display: flex; flex-wrap: wrap; gap: 12px; } figure { margin: 0; width: 220px; break-inside: avoid; }
figure.broad { width: 440px; max-width: 100%; } figure img { width: 100%; border-radius: 4px; background: #0b0d0f;
  display: block; } figcaption { font-size: 12px; color: var(--muted); }
svg { width: 100%; height: auto; display: block; } svg text { font-size: 11px; fill: var(--muted); }
svg .axis { stroke: var(--line); } svg polyline { stroke-width: 2; }
code { font-size: 12px; } footer { margin-top: 40px; border-top: 1px solid var(--line); padding-top: 8px;
  font-size: 12px; color: var(--muted); }
"""

CHART_PX, LEFT_PX, BOTTOM_PX, TOP_PX = (440, 220), 40, 30, 8
DASHES = ("", "6 3", "2 3")


@dataclass(frozen=True)
class Picture:
    """A picture with what is seen in it.

    Attributes
    ----------
    png : bytes
        Its file.
    caption : str
        Below it.
    is_broad : bool
        Whether it takes twice the usual width.
    """

    png: bytes
    caption: str
    is_broad: bool = False


def heading(text: str, level: int) -> str:
    """A heading; level 1 is that of the page."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of kind ``""``, ``"muted"`` or ``"note"``."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def bullets(sentences: Iterable[str]) -> str:
    """Sentences as a list; nothing if there are none."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; numbers stand to the right, what is not known (None) stays empty."""
    body = [[_cell(value) for value in row] for row in rows]
    if not body:
        return ""
    is_number = [any(isinstance(value, int | float) for value in column) for column in zip(*body, strict=True)]
    kinds = ["number" if right else "" for right in is_number]
    head = "".join(f'<th class="{kind}">{escape(text)}</th>' for kind, text in zip(kinds, headers, strict=True))
    lines = "".join(
        "<tr>"
        + "".join(f'<td class="{kind}">{escape(_words(value))}</td>' for kind, value in zip(kinds, row, strict=True))
        + "</tr>"
        for row in body
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def facts(pairs: Iterable[tuple[str, Any]]) -> str:
    """Two columns, of names and what they are; what is not known is left out."""
    rows = "".join(
        f'<tr><th class="fact" scope="row">{escape(name)}</th><td>{escape(_fact(value))}</td></tr>'
        for name, value in pairs
        if value not in (None, "")
    )
    return f'<div class="wide"><table><tbody>{rows}</tbody></table></div>' if rows else ""


def pictures(shown: Iterable[Picture]) -> str:
    """Pictures side by side, inside the page itself."""
    figures = "".join(
        f'<figure class="{"broad" if one.is_broad else ""}"><img alt="{escape(one.caption)}" '
        f'src="data:image/png;base64,{base64.b64encode(one.png).decode()}">'
        f"<figcaption>{escape(one.caption)}</figcaption></figure>"
        for one in shown
    )
    return f'<div class="pictures">{figures}</div>' if figures else ""


def curves(title: str, series: Sequence[tuple[str, Sequence[float]]], highest: float | None = None) -> str:
    """Values round by round as curves, one for each name, with a legend; from 0 to `highest` or the greatest value."""
    values = [value for _, line in series for value in line if isfinite(value)]
    if not values:
        return ""
    top = highest or max(values) or 1.0
    most = max(len(line) for _, line in series)
    width, height = CHART_PX
    right, bottom = width - 8, height - BOTTOM_PX

    def place(at: int, value: float) -> str:
        x = LEFT_PX + (right - LEFT_PX) * (at / max(1, most - 1))
        return f"{x:.1f},{bottom - (bottom - TOP_PX) * min(max(value / top, 0), 1):.1f}"

    lines = "".join(
        f'<polyline fill="none" style="stroke: var(--curve-{number})" stroke-dasharray="{DASHES[number]}" '
        f'points="{" ".join(place(at, value) for at, value in enumerate(line) if isfinite(value))}"/>'
        for number, (_, line) in enumerate(series)
    )
    marks = "".join(
        f'<line class="axis" x1="{LEFT_PX}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT_PX - 6}" y="{y + 4:.1f}" text-anchor="end">{share * top:.2g}</text>'
        for share in (0, 0.5, 1)
        for y in (bottom - (bottom - TOP_PX) * share,)
    )
    ends = (
        f'<text x="{LEFT_PX}" y="{bottom + 16}">1</text>'
        f'<text x="{right}" y="{bottom + 16}" text-anchor="end">{most}</text>'
        f'<text x="{(LEFT_PX + right) / 2}" y="{bottom + 16}" text-anchor="middle">Round</text>'
    )
    legend = " · ".join(f"{name}: {('solid', 'dashed', 'dotted')[number]}" for number, (name, _) in enumerate(series))
    return (
        f'<figure class="broad"><svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"{marks}{lines}{ends}</svg><figcaption>{escape(title)}. {escape(legend)}.</figcaption></figure>"
    )


def side_by_side(parts: Iterable[str]) -> str:
    """Figures in a row, or below each other where there is no room."""
    return f'<div class="pictures">{"".join(parts)}</div>'


def page(title: str, parts: Iterable[str], footer: str) -> str:
    """The whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + f"\n<footer>{escape(footer)}</footer>\n</body></html>\n"
    )


def _cell(value: Any) -> int | float | str:
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    return value if isinstance(value, int | float) else str(value)


def _fact(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _words(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
