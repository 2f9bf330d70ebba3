from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from srgan_edge.errors import InputError
from srgan_edge.live import Controls, Stats, Switch
from srgan_edge.quality import Picture
from srgan_edge.sinks import Recordings, View


class Plain:
    """A picture of one level."""

    def __init__(self, level: int, scale: int = 4) -> None:
        self.level, self.scale = level, scale

    def __call__(self, frame: Picture) -> Picture:
        return np.full((4, 4, 3), self.level, np.uint8)


def switch() -> tuple[Switch, list[str]]:
    """Three models, one of another scale, and the names of those that were loaded."""
    loaded: list[str] = []

    def load(name: str) -> Plain:
        loaded.append(name)
        return {"a": Plain(1), "b": Plain(2), "double": Plain(3, scale=2)}[name]

    return Switch(["a", "b", "double"], load), loaded


def test_models_are_loaded_when_they_are_chosen() -> None:
    models, loaded = switch()
    frame = np.zeros((1, 1, 3), np.uint8)
    assert (models.name, models.scale, models(frame)[0, 0, 0]) == ("a", 4, 1)
    models.choose("b")
    models.choose("a")
    models.choose_next()
    assert models(frame)[0, 0, 0] == 2
    assert loaded == ["a", "b"]


@pytest.mark.parametrize(("name", "words"), [("c", "no model 'c' here"), ("double", "x2, not x4")])
def test_what_cannot_be_chosen(name: str, words: str) -> None:
    models, _ = switch()
    with pytest.raises(InputError, match=words):
        models.choose(name)
    assert models.name == "a"


def test_trouble_is_told_and_goes_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    controls = Controls(switch()[0], Recordings(tmp_path / "file", 25.0), Stats())
    controls.choose("c")
    assert "no model 'c'" in controls.state()["trouble"]
    controls.choose_next()
    assert controls.state()["trouble"] == ""
    controls.toggle_recording()
    assert "is a file, not a folder" in controls.state()["trouble"]
    frame = np.zeros((8, 8, 3), np.uint8)
    controls.snapshot(View(frame, frame, 0.0))
    assert "is a file, not a folder" in controls.state()["trouble"]
