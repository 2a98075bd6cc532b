"""The look of an exported picture: the colours and the frame of a terminal, as rich fills them in.

It is dark, so that it is legible in light and dark READMEs. Its fonts are those of the reader, because a picture on a
page can't load any.
"""

from __future__ import annotations

from typing import Final

from rich.terminal_theme import TerminalTheme

__all__ = ["SVG", "THEME"]

THEME: Final = TerminalTheme(
    (22, 27, 34),
    (201, 209, 217),
    [
        (72, 79, 88), (255, 123, 114), (126, 231, 135), (242, 204, 96),
        (121, 192, 255), (210, 168, 255), (165, 214, 255), (201, 209, 217),
    ],
    [
        (125, 133, 144), (255, 161, 152), (126, 231, 135), (242, 204, 96),
        (165, 214, 255), (226, 197, 255), (179, 240, 255), (240, 246, 252),
    ],
)  # fmt: skip

SVG: Final = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
    font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
    font-size: {char_height}px;
    line-height: {line_height}px;
}}
.{unique_id}-title {{
    font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
    font-size: 17px;
    font-weight: 600;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
