"""Text that is shown to a person."""

from __future__ import annotations


def plain(text: str) -> str:
    """`text` with control characters, which a terminal would obey, and what is no text spelt out.

    Names of files may hold them. Lines stay lines.
    """
    return "".join(
        one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode()
        for one in text
    )
