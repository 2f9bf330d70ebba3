"""An audit that could not be made is not taken for a good one."""

from __future__ import annotations

import json
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from supply import audit

CLEAN = {"name": "a", "version": "1", "vulns": []}
WEAK = {"name": "b", "version": "2", "vulns": [{"id": "X-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}
OURS = {"name": "srgan-edge", "skip_reason": "not found"}


def said(*packages: object) -> str:
    return json.dumps({"dependencies": packages})


@pytest.mark.parametrize(
    ("text", "complete", "found"),
    [
        (said(CLEAN, OURS), True, 0),
        (said(CLEAN, WEAK), True, 1),
        (said(CLEAN, UNKNOWN), False, 0),
        (said(UNKNOWN), False, 0),
        (said(), False, 0),
        ("", False, 0),
        ("{", False, 0),
    ],
)
def test_what_pip_audit_says(text: str, complete: bool, found: int) -> None:
    result = audit.read(text, "")
    assert (result.is_complete, len(result.found)) == (complete, found)


def test_weaknesses_are_told_and_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "run", lambda: (said(CLEAN, WEAK), ""))
    assert audit.main() == 1
    assert capsys.readouterr().out == (
        "b 2: X-1, mended in 3\n2 of 2 packages audited, 1 known weaknesses\n"
    )


def test_without_pip_audit_it_says_so_and_lists_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "TOOL", tmp_path / "pip-audit")
    assert audit.main() == 0
    said = capsys.readouterr()
    assert "0 of 0 packages audited" in said.out
    assert "NOT AUDITED in full: pip-audit is not there" in said.err
    assert "`aiohttp`" in said.err


def test_a_database_that_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = tmp_path / "pip-audit"
    tool.write_text("#!/bin/sh\necho 'no route to host' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setattr(audit, "TOOL", tool)
    assert audit.main() == 0
    assert "NOT AUDITED in full: no route to host" in capsys.readouterr().err


def test_all_that_the_runtime_needs_is_documented() -> None:
    wanted = [Requirement(text) for text in requires("srgan-edge") or []]
    for one in wanted:
        if one.marker is None or "extra" not in str(one.marker):
            assert f"`{one.name}`" in audit.documented()
