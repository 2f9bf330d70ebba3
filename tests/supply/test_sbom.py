"""What is said to be in an installation is what is in it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from helpers import TESTS

from supply.sbom import SUFFIX, Bill, bill_of, describe_environment, main

pytestmark = pytest.mark.timeout(300)
RUNTIME = (
    *("aiohttp", "ai-edge-litert", "av", "flatbuffers", "numpy", "opencv-python-headless"),
    *("pillow", "pygame-ce", "rich", "typer"),
)


@pytest.fixture(scope="module")
def environment() -> Bill:
    return describe_environment()


def wheel(folder: Path, *needs: str) -> Path:
    """One of another name that needs this."""
    path = folder / "thing-1.2-py3-none-any.whl"
    lines = ["Metadata-Version: 2.4", "Name: thing", "Version: 1.2"]
    lines += [f"Requires-Dist: {need}" for need in needs]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thing-1.2.dist-info/METADATA", "\n".join(lines) + "\n")
    return path


def names(bill: Bill) -> dict[str, str]:
    return {one["name"].lower(): one["version"] for one in bill["components"]}


def test_the_runtime(tmp_path: Path) -> None:
    """The real wheel: what it needs, by the versions that are tested, and nothing of TensorFlow."""
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(TESTS.parent)]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = tmp_path.glob("*.whl")
    main([str(built)])
    text = built.with_name(built.name + SUFFIX).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    found, about = names(bill), bill["metadata"]["component"]
    for name in RUNTIME:
        assert found[name] == version(name)
    assert {"multidict", "yarl", "click"} & found.keys() >= {"multidict", "yarl"}  # of aiohttp
    assert found.keys().isdisjoint({"tensorflow", "keras", "pytest", "ruff", "srgan-edge"})
    assert (about["name"], about["version"]) == ("srgan-edge", built.name.split("-")[1])
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    assert about["hashes"] == [{"alg": "SHA-256", "content": digest}]
    (root,) = (one for one in bill["dependencies"] if one["ref"] == about["bom-ref"])
    assert len(root["dependsOn"]) == len(RUNTIME)


def test_markers_and_what_is_needed_in_turn(environment: Bill, tmp_path: Path) -> None:
    needs = ("rich>=13", "tflite-runtime; platform_machine == 'armv7l'", "pytest; extra == 'dev'")
    assert names(bill_of(wheel(tmp_path, *needs), environment)).keys() == {
        *("rich", "markdown-it-py", "mdurl", "pygments")
    }


def test_no_folder_of_this_machine_is_told(environment: Bill, tmp_path: Path) -> None:
    bill = bill_of(wheel(tmp_path, "srgan-edge-convert"), environment)
    assert {"srgan-edge", "srgan-edge-train", "tensorflow"} <= names(bill).keys()
    assert "file:" not in json.dumps(bill)
    assert str(TESTS.parent) not in json.dumps(bill)
