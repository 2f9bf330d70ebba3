"""Whether something is known against what is installed: `make audit`.

pip-audit asks a database in the network. Where that cannot be reached, or knows none of the
packages, nothing was audited, and this says so: pip-audit itself calls that "no known
vulnerabilities".
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
TOOL = _ROOT / ".venv-audit" / "bin" / "pip-audit"
_OWN = "srgan-edge"
_SECTION = "## What it depends on"


@dataclass
class Audit:
    """What came out."""

    asked: int = 0
    known: int = 0
    found: list[str] = field(default_factory=list)
    trouble: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether the database knew everything that it was asked for."""
        return not self.trouble and 0 < self.known == self.asked


def main() -> int:
    """Say what was found; 1 when there was something."""
    audit = read(*run())
    for line in audit.found:
        print(line)
    print(f"{audit.known} of {audit.asked} packages audited, {len(audit.found)} known weaknesses")
    if not audit.is_complete:
        why = audit.trouble or "the database does not know all of them"
        print(f"\nNOT AUDITED in full: {why}. What there is to look at:\n", file=sys.stderr)
        print(documented(), file=sys.stderr)
    return 1 if audit.found else 0


def run() -> tuple[str, str]:
    """What pip-audit says of this environment, and what went wrong."""
    if not TOOL.exists():
        return "", "pip-audit is not there"
    where = ["--path", sysconfig.get_path("purelib"), "--format", "json"]
    command = [str(TOOL), *where, "--progress-spinner", "off", "--timeout", "10"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines()
    return done.stdout, lines[-1] if lines else ""


def read(said: str, trouble: str) -> Audit:
    """pip-audit's JSON."""
    try:
        packages: list[dict[str, Any]] = json.loads(said)["dependencies"]
    except (ValueError, KeyError):
        return Audit(trouble=trouble or "pip-audit said nothing")
    others = [one for one in packages if not one["name"].startswith(_OWN)]
    known = [one for one in others if "vulns" in one]
    found = [
        f"{one['name']} {one['version']}: {weakness['id']}, "
        f"mended in {', '.join(weakness['fix_versions']) or 'no version'}"
        for one in known
        for weakness in one["vulns"]
    ]
    return Audit(len(others), len(known), found)


def documented() -> str:
    """What SECURITY.md says of what it depends on."""
    text = (_ROOT / "SECURITY.md").read_text(encoding="utf-8")
    return text.partition(_SECTION)[2].partition("\n## ")[0].strip()


if __name__ == "__main__":
    sys.exit(main())
