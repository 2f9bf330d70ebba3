"""Docstrings are written for an editor: what Markdown would take for its own is told it."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

_EXAMPLE = re.compile(r"^>>> (.+)$", re.MULTILINE)
_TIMES = re.compile(r"(?<=\w)\*(?=\w)")


class Docstrings(Extension):
    """Examples become code, and `s*h` stays a product."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """After an object was read."""
        if obj.docstring:
            text = _TIMES.sub(r"\\*", obj.docstring.value)
            obj.docstring.value = _EXAMPLE.sub(r"```python\n\1\n```", text)
