"""What is in each wheel's installation, as CycloneDX JSON beside it.

    python -m supply.sbom dist/*.whl

`cyclonedx-py` describes the environment that this runs in, which is the tested one; what a wheel
does not need is left out. It is what an installation gets on this machine's system and Python.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, PathDistribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from srgan_edge.files import write_text

SUFFIX = ".cdx.json"
Bill = dict[str, Any]


def main(wheels: Iterable[str]) -> None:
    """Write one for each wheel."""
    environment = describe_environment()
    for wheel in map(Path, wheels):
        target = wheel.with_name(wheel.name + SUFFIX)
        write_text(target, json.dumps(bill_of(wheel, environment), indent=2) + "\n")
        print(target)


def describe_environment() -> Bill:
    """Everything that is installed beside this, by the well-known tool."""
    tool = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"]
    done = subprocess.run([*tool, sys.executable], capture_output=True, text=True, check=True)
    bill: Bill = json.loads(done.stdout)
    return bill


def bill_of(wheel: Path, environment: Bill) -> Bill:
    """What of the environment a wheel needs.

    Args:
        wheel: its file.
        environment: from `describe_environment`.
    """
    about = _metadata(wheel)
    found: dict[str, Bill] = {
        canonicalize_name(one["name"]): one for one in environment["components"]
    }
    needed = {name: found[name] for name in closure(about) if name in found}
    root = {
        **found.get(canonicalize_name(about.name), {"type": "library", "name": about.name}),
        "version": about.version,
        "purl": f"pkg:pypi/{about.name}@{about.version}",
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}],
    }
    root.setdefault("bom-ref", f"{about.name}=={about.version}")
    kept = {one["bom-ref"] for one in (root, *needed.values())}
    edges = {one["ref"]: one.get("dependsOn", []) for one in environment["dependencies"]}
    edges[root["bom-ref"]] = [
        found[name]["bom-ref"] for name in sorted(direct(about)) if name in found
    ]
    return {
        **environment,
        "metadata": {**environment["metadata"], "component": _elsewhere(root)},
        "components": [_elsewhere(one) for one in needed.values()],
        "dependencies": [
            {"ref": ref, "dependsOn": [to for to in edges.get(ref, []) if to in kept]}
            for ref in sorted(kept)
        ],
    }


def closure(about: Distribution) -> list[str]:
    """What an installation needs with everything that needs in turn, by canonical name, sorted."""
    found: set[str] = set()
    left = direct(about)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left |= direct(distribution(name))
    return sorted(found)


def direct(about: Distribution) -> set[str]:
    """What one needs on this system and Python, without extras, as far as it is here."""
    wanted = [Requirement(text) for text in about.requires or []]
    names: set[str] = {
        canonicalize_name(one.name)
        for one in wanted
        if one.marker is None or one.marker.evaluate({"extra": ""})
    }
    return {name for name in names if _is_here(name)}


def _is_here(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _metadata(wheel: Path) -> Distribution:
    name, version = wheel.name.split("-")[:2]
    return PathDistribution(zipfile.Path(wheel, f"{name}-{version}.dist-info/"))


def _elsewhere(component: Bill) -> Bill:
    """Without addresses of this machine's folders."""
    addresses = component.get("externalReferences", [])
    outside = [one for one in addresses if not one["url"].startswith("file:")]
    return {**component, "externalReferences": outside}


if __name__ == "__main__":
    main(sys.argv[1:])
