"""A live loop with the browser view in a process of its own, to be attacked.

It says its port and token as JSON, logs to stderr, and ends with its standard input.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import threading
import time
from pathlib import Path

import numpy as np

from srgan_edge.browser.endpoint import Endpoint
from srgan_edge.browser.limits import Limits
from srgan_edge.browser.sink import Browser
from srgan_edge.browser.tls import server_context
from srgan_edge.browser.token import read_token, state_folder
from srgan_edge.live import Controls, Live, Stats, Switch
from srgan_edge.quality import Picture
from srgan_edge.sinks import Recordings

RATE = 20.0


class Moving:
    """Pictures of 160x90, so many a second."""

    is_live = True
    rate = RATE
    name = "moving"
    lost_since: float | None = None

    def __init__(self) -> None:
        self._number = 0
        self._noise = np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)

    def read(self) -> Picture:
        time.sleep(1 / RATE)
        self._number += 1
        return np.roll(self._noise, self._number, axis=1)

    def close(self) -> None:
        """Nothing."""


class Nearest:
    """Stands for a model."""

    scale = 4

    def __call__(self, frame: Picture) -> Picture:
        return frame.repeat(4, 0).repeat(4, 1)


def _wait_for_the_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--limits", type=json.loads, default={})
    parser.add_argument("--tls", type=Path, nargs=2, default=(None, None))
    parser.add_argument("--open", action="store_true", help="without a token")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    token = None if given.open else read_token()
    recordings = Recordings(state_folder() / "recordings", RATE)
    stats = Stats()
    controls = Controls(Switch(["one", "two"], lambda _: Nearest()), recordings, stats)
    context = server_context(*given.tls)
    browser = Browser(Endpoint(port=0), controls, token, context, Limits(**given.limits))
    ended = threading.Event()
    live = Live(Moving(), controls.switch, overlay=False, stopped=ended.is_set, stats=stats)
    live.sinks += [recordings, browser]
    threading.Thread(target=_wait_for_the_end, args=[ended], daemon=True).start()
    print(json.dumps({"port": browser.port, "token": token}), flush=True)
    try:
        live.run()
    finally:
        browser.close()
        recordings.close()


if __name__ == "__main__":
    main()
