"""Charts drawn by the server: plain SVG that follows the page's colours, with the same figures in a table beside it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_WIDTH, _HEIGHT, _FOOT, _LEFT = 640, 180, 22, 44
_MOST_LABELS = 12
_RIGHT, _MOST_BELOW = 30, 7


@dataclass(frozen=True)
class Bar:
    """One place of the axis: its label, and the heights of up to two bars in the unit of the chart."""

    label: str
    first: int
    second: int | None = None


def bars(shown: Sequence[Bar], title: str) -> SafeString:
    """A bar chart. Screen readers are told ``title`` and find the figures in the page's table. Empty without bars."""
    if not shown:
        return SafeString("")
    top = _round_up(max(max(bar.first, bar.second or 0) for bar in shown))
    step = (_WIDTH - _LEFT) / len(shown)
    paired = any(bar.second is not None for bar in shown)
    thick = step * (0.36 if paired else 0.6)
    every = -(-len(shown) // _MOST_LABELS)

    def rectangles() -> Iterator[tuple[str, str, str, str, str]]:
        for place, bar in enumerate(shown):
            left = _LEFT + place * step + step * 0.14
            drawn = [("bar", left, bar.first)]
            if bar.second is not None:
                drawn.append(("bar bar--second", left + thick, bar.second))
            for css, x, value in drawn:
                y = _y(value, top)
                yield css, f"{x:.1f}", f"{y:.1f}", f"{thick:.1f}", f"{_y(0, top) - y:.1f}"

    return _chart(
        title,
        top,
        format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>', rectangles()),
        [(_LEFT + place * step + step / 2, bar.label) for place, bar in enumerate(shown) if place % every == 0],
    )


def curves(labels: Sequence[str], lines: Sequence[Sequence[int]], title: str, *, top: int = 0) -> SafeString:
    """Curves over the same places of the axis, at most two, with ``top`` at the height of the axis or above. Screen
    readers are told ``title`` and find the figures in the page's table. Empty without places."""
    if not labels:
        return SafeString("")
    top = _round_up(max(top, *(max(line, default=0) for line in lines)))
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(labels) - 1, 1)
    every = -(-len(labels) // _MOST_BELOW)
    return _chart(
        title,
        top,
        format_html_join(
            "",
            '<polyline class="{}" points="{}"/>',
            (
                (css, " ".join(f"{_LEFT + place * step:.1f},{_y(value, top)}" for place, value in enumerate(line)))
                for css, line in zip(("curve", "curve curve--second"), lines, strict=False)
            ),
        ),
        [(_LEFT + place * step, label) for place, label in enumerate(labels) if place % every == 0],
    )


def _y(value: int, top: int) -> float:
    """How far down the picture a value stands, of an axis that ends at ``top``."""
    return _HEIGHT - _FOOT - round((_HEIGHT - _FOOT - 10) * value / top, 1)


def _chart(title: str, top: int, drawn: SafeString, below: Iterable[tuple[float, str]]) -> SafeString:
    """What every chart has: the axis with its figures, what is ``drawn`` over it, and labels at places ``below``."""
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        _WIDTH,
        _HEIGHT,
        title,
        format_html_join(
            "",
            '<line x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
            ((_LEFT, _WIDTH, y, y, _LEFT - 6, y + 4, at) for at in sorted({0, top // 2, top}) for y in [_y(at, top)]),
        ),
        drawn,
        format_html_join(
            "",
            '<text x="{}" y="{}" text-anchor="middle">{}</text>',
            ((f"{x:.1f}", _HEIGHT - 6, label) for x, label in below),
        ),
    )


def _round_up(value: int) -> int:
    """The top of the axis: the next 1, 2 or 5 with zeros after it, at least 2."""
    size = 1
    while True:
        for step in (1, 2, 5):
            if step * size >= max(value, 2):
                return step * size
        size *= 10
