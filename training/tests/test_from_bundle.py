"""Quantised matrices of a bundle come back as what they stand for."""
import numpy as np

from any_to_any_training.from_bundle import whole


def test_bytes_by_hand():
    bytes8 = np.full((1, 1, 32), 128, np.uint8)
    bytes8[0, 0, :2] = 0, 255
    assert whole(bytes8)[0, 0, :3].tolist() == [-128, 127, 0]


def test_half_bytes_by_hand():
    bytes4 = np.full((1, 1, 16), 0x88, np.uint8)
    bytes4[0, 0, 0] = 0xF0  # the lower half comes first
    assert whole(bytes4)[0, 0, :4].tolist() == [-8, 7, 0, 0]
