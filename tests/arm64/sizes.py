"""Prints, as JSON, the bytes that each installed distribution takes on the disk."""

from __future__ import annotations

import json
import sys
from importlib.metadata import distributions

sizes: dict[str, int] = {}
for distribution in distributions(path=[path for path in sys.path if path.startswith(sys.prefix)]):
    paths = [distribution.locate_file(file) for file in distribution.files or []]
    found = [path.stat().st_blocks * 512 for path in paths if path.is_file()]  # type: ignore[attr-defined]
    sizes[str(distribution.metadata["Name"])] = sum(found)
print(json.dumps(sizes))
