"""Quantisation-aware fine-tuning and TFLite export for srgan-edge."""

__version__ = "0.1.0"
