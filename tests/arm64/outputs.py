"""Prints, as JSON, what each embedded model makes of a picture: python outputs.py PICTURE."""

from __future__ import annotations

import hashlib
import json
import sys

import cv2
import numpy as np

from srgan_edge import Upscaler, embedded_models

frame = np.asarray(cv2.imread(sys.argv[1]), np.uint8)
made = {name: Upscaler(name, accelerator="cpu")(frame) for name in embedded_models()}
print(json.dumps({name: hashlib.sha256(sr.tobytes()).hexdigest() for name, sr in made.items()}))
