from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from helpers import run_cli

from srgan_edge import Upscaler
from srgan_edge.catalogue import embedded_models, find_model, known_models, user_folder, user_models
from srgan_edge.errors import InputError

EDGE = embedded_models()["edge"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's own with one model, and one named as an embedded one."""
    monkeypatch.setenv("SRGAN_EDGE_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    shutil.copy(EDGE, tmp_path / "models" / "mine.tflite")
    (tmp_path / "models" / "edge.tflite").write_text("not the embedded one")
    return tmp_path / "models"


def test_own_models_have_names_and_embedded_ones_keep_theirs(own: Path) -> None:
    assert user_models() == {"mine": own / "mine.tflite"}
    assert find_model("mine") == own / "mine.tflite"
    assert find_model("edge") == EDGE
    assert Upscaler("mine").scale == 4


def test_the_folder_is_where_users_data_lies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SRGAN_EDGE_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_folder() == tmp_path / "srgan-edge" / "models"
    assert user_models() == {}
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_folder() == tmp_path / ".local" / "share" / "srgan-edge" / "models"


def test_unknown_names_are_told_all_that_there_are(own: Path) -> None:
    with pytest.raises(InputError, match="mine"):
        find_model("yours")
    assert list(known_models()) == [*embedded_models(), "mine"]


def test_the_list_shows_both_and_passes_over_what_is_none(own: Path) -> None:
    (own / "broken.tflite").write_text("no model")
    ran = run_cli("models", environment={"COLUMNS": "160"})
    assert ran.code == 0
    assert "mine" in ran.out
    assert "your own" in ran.out
    assert "embedded" in ran.out
    assert "broken.tflite is not a TFLite model" in ran.err


def test_names_work_in_every_command(own: Path, samples: Path, tmp_path: Path) -> None:
    picture = tmp_path / "out.png"
    assert run_cli("upscale", samples / "harbour.png", "-o", picture, "--model", "mine").code == 0
    assert picture.is_file()
    assert run_cli("info", "mine").code == 0
    assert run_cli("bench", "mine", "--runs", 1, "--size", "32x32").code == 0
