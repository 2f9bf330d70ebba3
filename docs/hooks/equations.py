"""Equations: LaTeX as GitHub takes it, MathML in the site, a script in neither.

A block is fenced as `math`; within a line it is $`x`$.
"""

from __future__ import annotations

import html
import re
from typing import Any

from latex2mathml.converter import convert

_BLOCK = re.compile(r"^```math\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"\$<code>(.+?)</code>\$")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Turn fenced equations into MathML, which Markdown leaves alone in a <div>."""
    return _BLOCK.sub(lambda found: f'<div class="equation">{_mathml(found[1])}</div>', markdown)


def on_page_content(content: str, **_: Any) -> str:
    """Turn those within a line, when it is known what a line is."""
    return _INLINE.sub(lambda found: convert(html.unescape(found[1])), content)


def _mathml(latex: str) -> str:
    return convert(" ".join(latex.split()), display="block")
