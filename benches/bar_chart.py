"""Bar charts as SVG, narrow enough for a phone, on light and dark pages."""

from html import escape

WIDTH, MARGIN, ROW, BAR = 400, 8, 34, 12
STYLE = """<style>
text { font: 13px sans-serif; fill: #1f2328 }
.title { font-weight: bold; font-size: 15px }
.ours { fill: #1b6ca8 } .other { fill: #8a97a3 } .alone { fill: #c3ccd4 }
text.ours { fill: #1f2328; font-weight: bold } text.other, text.alone { fill: #1f2328 }
@media (prefers-color-scheme: dark) {
  text, text.ours, text.other, text.alone { fill: #e6edf3 }
  rect.ours { fill: #4aa3df } rect.other { fill: #7d8b99 } rect.alone { fill: #4b5661 }
}
</style>"""


def draw(title, legend, panels):
    """A chart with a legend, (kind, meaning) each, and panels, (heading, scale, bars) each: one below the other.

    A bar is (label, kind, value, text). The scale is the value of the longest bar; panels with the same unit should share it.
    """
    parts, y = [], MARGIN
    for kind, meaning in legend:
        parts.append(f'<rect class="{kind}" x="{MARGIN}" y="{y}" width="{BAR}" height="{BAR}"/>')
        parts.append(f'<text x="{MARGIN + BAR + 6}" y="{y + 11}">{escape(meaning)}</text>')
        y += 20
    for heading, scale, bars in panels:
        y += 14
        parts.append(f'<text class="title" x="{MARGIN}" y="{y + 12}">{escape(heading)}</text>')
        y += 24
        for label, kind, value, text in bars:
            length = value / scale * (WIDTH - 2 * MARGIN)
            parts.append(f'<text class="{kind}" x="{MARGIN}" y="{y + 12}">{escape(label)}</text>')
            parts.append(f'<text x="{WIDTH - MARGIN}" y="{y + 12}" text-anchor="end">{escape(text)}</text>')
            parts.append(f'<rect class="{kind}" x="{MARGIN}" y="{y + 16}" width="{max(length, 1):.1f}" height="{BAR}"/>')
            y += ROW
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + MARGIN}" width="{WIDTH}" role="img" '
        f'aria-label="{escape(title)}">'
    )
    return "\n".join([head, STYLE, *parts, "</svg>"]) + "\n"
