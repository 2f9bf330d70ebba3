"""An HTTP MJPEG camera on loopback.

python mjpeg_camera.py PORT
"""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

NOISE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
JPEG = cv2.imencode(".jpg", NOISE)[1].tobytes()
HEAD = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(JPEG)}\r\n\r\n".encode()


class Camera(BaseHTTPRequestHandler):
    """Sends the same picture 25 times a second."""

    def do_GET(self) -> None:
        """For as long as somebody looks."""
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            while True:
                self.wfile.write(HEAD + JPEG + b"\r\n")
                time.sleep(0.04)
        except ConnectionError:
            return

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    """Can be started again at once on the same port."""

    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    server = Server(("127.0.0.1", int(sys.argv[1])), Camera)
    print("ready", flush=True)
    server.serve_forever()
