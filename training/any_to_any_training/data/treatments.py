"""Styles that follow from another one: what they make of a drawing can be told for concepts never seen in them.

Each takes and gives straight-alpha RGBA, uint8 [..., 4], pixel by pixel, so that every size is treated alike."""
from typing import Callable

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601


def toned(sprite: np.ndarray, dark: tuple[int, int, int], light: tuple[int, int, int]) -> np.ndarray:
    """Brightness as a colour between two."""
    share = (sprite[..., :3].astype(np.float32) @ LUMA)[..., None] / 255
    low, high = np.float32(dark), np.float32(light)
    return recoloured(sprite, low + (high - low) * share)


def recoloured(sprite: np.ndarray, colours: np.ndarray) -> np.ndarray:
    out = sprite.copy()
    out[..., :3] = np.rint(colours)
    return out


TREATMENTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "gray": lambda sprite: toned(sprite, (0, 0, 0), (255, 255, 255)),
    "gold": lambda sprite: toned(sprite, (90, 8, 8), (255, 214, 80)),
    "pastel": lambda sprite: recoloured(sprite, 0.45 * sprite[..., :3] + 0.55 * 255),
    "silhouette": lambda sprite: recoloured(sprite, np.float32((46, 44, 64))),
}
