"""Cameras by the names of devices, as boards list them."""

from __future__ import annotations

from pathlib import Path

import pytest

from srgan_edge.sources.cameras import Camera, cameras

OWN = Camera("picamera2", "the board's own")
WEBCAM = "HD Pro Webcam C920"
# Numbers, their places among a camera's devices, names.
PI_4 = [
    (0, 0, "unicam-image"),
    (1, 1, "unicam-embedded"),
    (10, 0, "bcm2835-codec-decode"),
    (13, 0, "bcm2835-isp-output0"),
    (14, 1, "bcm2835-isp-capture0"),
    (19, 0, "rpi-hevc-dec"),
]
PI_5 = [
    (0, 0, "rp1-cfe-csi2_ch0"),
    (1, 1, "rp1-cfe-embedded"),
    (19, 0, "rpi-hevc-dec"),
    (20, 0, "pispbe-input"),
]


def write(folder: Path, devices: list[tuple[int, int, str]]) -> Path:
    for number, index, name in devices:
        device = folder / f"video{number}"
        device.mkdir(parents=True)
        (device / "index").write_text(f"{index}\n")
        (device / "name").write_text(f"{name}\n")
    (folder / "v4l-subdev0").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("board", [PI_4, PI_5], ids=["Raspberry Pi 4", "Raspberry Pi 5"])
def test_of_a_board_s_many_devices_one_is_its_camera(
    tmp_path: Path, board: list[tuple[int, int, str]]
) -> None:
    assert cameras(write(tmp_path / "with", board)) == [OWN]
    without = [device for device in board if not device[2].startswith(("unicam", "rp1-cfe"))]
    assert cameras(write(tmp_path / "without", without)) == []


def test_a_usb_camera_has_one_number_of_its_two(tmp_path: Path) -> None:
    two = [(8, 0, WEBCAM), (9, 1, WEBCAM), (11, 0, "other")]
    found = cameras(write(tmp_path, [*PI_4, *two]))
    assert found == [Camera("8", WEBCAM), Camera("11", "other"), OWN]


def test_a_device_that_goes_away_is_none(tmp_path: Path) -> None:
    (write(tmp_path, [(0, 0, WEBCAM), (2, 0, "other")]) / "video0" / "name").unlink()
    assert cameras(tmp_path) == [Camera("2", "other")]
    assert cameras(tmp_path / "nowhere") == []
