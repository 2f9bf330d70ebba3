"""One model of OpenCV's `dnn_superres`, run for `benchmarks.peers` by a Python that has it.

    python dnn_superres.py FSRCNN_x4.pb fsrcnn 4 2

OpenCV 5 no longer reads these files, and OpenCV 4 cannot be installed beside it: so this is a
process of its own. On standard input a frame is two int32 (height and width) and its BGR bytes; the
answer is the time that upscaling took (float64, seconds), two int32 and the larger picture's bytes.
"""

import struct
import sys
import time

import cv2
import numpy as np


def main() -> None:
    """Upscale frames until the input ends."""
    path, name, scale, threads = sys.argv[1:]
    cv2.setNumThreads(int(threads))
    upscaler = cv2.dnn_superres.DnnSuperResImpl.create()  # type: ignore[attr-defined]
    upscaler.readModel(path)
    upscaler.setModel(name, int(scale))
    while header := sys.stdin.buffer.read(8):
        height, width = struct.unpack("=ii", header)
        frame = np.frombuffer(sys.stdin.buffer.read(height * width * 3), np.uint8)
        started = time.perf_counter()
        larger = upscaler.upsample(frame.reshape(height, width, 3))
        taken = time.perf_counter() - started
        sys.stdout.buffer.write(struct.pack("=dii", taken, *larger.shape[:2]))
        sys.stdout.buffer.write(np.ascontiguousarray(larger).tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
