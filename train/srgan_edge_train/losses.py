"""What training minimises. Every loss is one float32.

Pictures are float32 (n, h, w, 3) in 0..1, features float (n, h, w, c), logits float32 of any shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from srgan_edge.quality import LUMA_WEIGHTS
from srgan_edge_train.keras import tf


def pixel_loss(sr: Any, hr: Any, distance: str = "l1", luma: float = 0.0) -> Any:
    """Mean absolute difference ("l1"), or squared ("l2": Ledig et al. 2017, eq. 4).

    Args:
        sr: generated pictures.
        hr: the originals.
        distance: `l1` or `l2`.
        luma: the share of the loss that is the luma's, of which PSNR-Y is made, from 0 to 1; the
            rest is the colours', each by itself.
    """
    measure = tf.abs if distance == "l1" else tf.square
    difference = sr - hr
    loss = tf.reduce_mean(measure(difference))
    if luma:
        of_luma = tf.reduce_mean(measure(tf.tensordot(difference, tf.constant(LUMA_WEIGHTS), 1)))
        loss = (1.0 - luma) * loss + luma * of_luma
    return loss


def grid_loss(sr: Any, hr: Any, scale: int) -> Any:
    """What a picture has of a pattern of `scale` x `scale` pixels that the original has not.

    The mean over a patch of each of the pixels that come from one LR pixel, against the original's
    (L1). An adversarial loss likes such a pattern, because it looks like texture.
    """
    return tf.reduce_mean(tf.abs(_phases(sr - hr, scale)))


def _phases(pictures: Any, scale: int) -> Any:
    """(n, s*h, s*w, 3) -> (n, s, s, 3), without the mean over all."""
    count, height, width, _ = tf.unstack(tf.shape(pictures))
    parts = (count, height // scale, scale, width // scale, scale, 3)
    means = tf.reduce_mean(tf.reshape(pictures, parts), axis=(1, 3))
    return means - tf.reduce_mean(means, axis=(1, 2), keepdims=True)


def halved(pictures: Any) -> Any:
    """(n, h, w, 3) -> (n, h // 2, w // 2, 3), by means of four pixels."""
    return tf.nn.avg_pool2d(pictures, 2, 2, "VALID")


def content_loss(
    sr: Sequence[Any], hr: Sequence[Any], weights: Sequence[float], distance: str
) -> Any:
    """Weighted sum over feature maps of their distance (Ledig et al. 2017, eq. 5).

    Args:
        sr: feature maps of the generated picture, a layer each.
        hr: those of the original.
        weights: one a layer.
        distance: `l2`, the paper's mean squared difference; `l1`, the mean absolute one; or
            `directions`, the squared difference of the features at each place as a unit vector
            (Zhang et al. 2018, eq. 1, every channel weighing the same), from 0 to 4.
    """
    measure = _DISTANCES[distance]
    maps = zip(sr, hr, weights, strict=True)
    return tf.add_n([w * measure(_float32(a), _float32(b)) for a, b, w in maps])


def _between_directions(one: Any, other: Any) -> Any:
    units = (tf.math.l2_normalize(features, axis=-1, epsilon=1e-10) for features in (one, other))
    return tf.reduce_mean(tf.reduce_sum(tf.math.squared_difference(*units), axis=-1))


_DISTANCES = {
    "l1": lambda one, other: tf.reduce_mean(tf.abs(one - other)),
    "l2": lambda one, other: tf.reduce_mean(tf.square(one - other)),
    "directions": _between_directions,
}


@dataclass(frozen=True)
class AdversarialLoss:
    """A game of two: logits of originals and of generated pictures in, each side's loss out.

    The generator's takes a function that gives the originals' logits: not every game needs them.
    """

    discriminator: Callable[[Any, Any], Any]
    generator: Callable[[Callable[[], Any], Any], Any]


def originals_loss(logits: Any) -> Any:
    """Binary cross-entropy of calling these originals: -log sigmoid(logits)."""
    return tf.reduce_mean(tf.math.softplus(-logits))


def generated_loss(logits: Any) -> Any:
    """Binary cross-entropy of calling these generated: -log(1 - sigmoid(logits))."""
    return tf.reduce_mean(tf.math.softplus(logits))


def _standard_discriminator(real: Any, fake: Any) -> Any:
    return (originals_loss(real) + generated_loss(fake)) / 2.0


def _standard_generator(_: Callable[[], Any], fake: Any) -> Any:
    """Non-saturating: be called an original (Ledig et al. 2017, eq. 6)."""
    return originals_loss(fake)


def _relativistic_discriminator(real: Any, fake: Any) -> Any:
    """Jolicoeur-Martineau 2018, eq. 13 with a sigmoid: more real than the average other."""
    real_loss = originals_loss(real - tf.reduce_mean(fake))
    return (real_loss + generated_loss(fake - tf.reduce_mean(real))) / 2.0


def _relativistic_generator(real: Callable[[], Any], fake: Any) -> Any:
    return _relativistic_discriminator(fake, real())


ADVERSARIAL = {
    "standard": AdversarialLoss(_standard_discriminator, _standard_generator),
    "relativistic": AdversarialLoss(_relativistic_discriminator, _relativistic_generator),
}


def accuracy(real: Any, fake: Any) -> Any:
    """Share of logits on the right side of zero, originals and generated weighing the same."""
    right = (tf.reduce_mean(tf.cast(real > 0, tf.float32)), _share_below(fake))
    return (right[0] + right[1]) / 2.0


def _share_below(logits: Any) -> Any:
    return tf.reduce_mean(tf.cast(logits <= 0, tf.float32))


def _float32(values: Any) -> Any:
    return tf.cast(values, tf.float32)
