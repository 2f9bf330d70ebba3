"""The one place that imports TensorFlow, with Keras 2 (`tf_keras`), which tfmot needs.

Importing it takes seconds: command lines import it inside the function that trains.
"""

from __future__ import annotations

import os

# TensorFlow's start-up chatter (CPU features, missing GPU) is not for the person who trains.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

from srgan_edge.quiet import native_messages_hidden

with native_messages_hidden():
    import tensorflow as tf
    import tf_keras as keras

    # Looks for devices now, so that what it says of missing GPU drivers stays hidden too.
    tf.config.list_physical_devices()

__all__ = ["keras", "tf"]
