"""VGG19 (Simonyan and Zisserman 2015), the network whose features the content loss compares."""

from __future__ import annotations

from typing import Any

from srgan_edge_train.keras import keras, tf
from srgan_edge_train.recipe_check import CONTENT_LAYERS

_CHANNELS = (64, 128, 256, 512, 512)  # of each block
# Mean of ImageNet, BGR in 0..255.
_MEAN = (103.939, 116.779, 123.68)


def vgg19(outputs: tuple[str, ...], policy: str) -> Any:
    """VGG19 up to the deepest of `outputs`, with fresh weights that are not trained.

    float32 RGB in 0..1, (n, h, w, 3) -> a list of feature maps, each behind its ReLU. Up to
    block3_conv4 it has 2,325,568 parameters.

    Args:
        outputs: layer names, `block1_conv1` to `block5_conv4`.
        policy: the Keras dtype policy to compute in; features come out as float32.
    """
    picture = keras.Input((None, None, 3), name="picture")
    features = ImageNetInput(dtype="float32", name="imagenet")(picture)
    deepest = max(CONTENT_LAYERS.index(name) for name in outputs)
    found = {}
    for name in CONTENT_LAYERS[: deepest + 1]:
        block = int(name[5])
        if name.endswith("conv1") and block > 1:
            features = keras.layers.MaxPooling2D(2, dtype=policy, name=f"block{block - 1}_pool")(
                features
            )
        features = keras.layers.Conv2D(
            _CHANNELS[block - 1], 3, padding="same", activation="relu", dtype=policy, name=name
        )(features)
        found[name] = features
    model = keras.Model(picture, [found[name] for name in outputs], name="vgg19")
    model.trainable = False
    return model


class ImageNetInput(keras.layers.Layer):
    """RGB in 0..1 -> BGR in 0..255 without the mean of ImageNet, as VGG was trained."""

    def call(self, inputs: Any) -> Any:
        """(n, h, w, 3) -> (n, h, w, 3), float32."""
        return inputs[..., ::-1] * 255.0 - tf.constant(_MEAN, tf.float32)
