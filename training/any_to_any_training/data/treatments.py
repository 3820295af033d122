"""Styles that follow from another one: what they make of a drawing can be told for concepts never seen in them.

Each takes and gives straight-alpha RGBA, uint8 [..., 4], pixel by pixel, so that every size is treated alike."""
from random import Random
from typing import Callable

import numpy as np

Treatment = Callable[[np.ndarray], np.ndarray]
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


TREATMENTS: dict[str, Treatment] = {
    "gray": lambda sprite: toned(sprite, (0, 0, 0), (255, 255, 255)),
    "gold": lambda sprite: toned(sprite, (90, 8, 8), (255, 214, 80)),
    "pastel": lambda sprite: recoloured(sprite, 0.45 * sprite[..., :3] + 0.55 * 255),
    "silhouette": lambda sprite: recoloured(sprite, np.float32((46, 44, 64))),
}


def tint(colour: tuple[int, int, int], random: Random) -> Treatment:
    """Between a dark and a light shade of a colour; which shades, differs a little every time."""
    base, deep, pale = np.float32(colour), random.uniform(0.15, 0.45), random.uniform(0.45, 0.85)
    dark, light = base * deep, base + (255 - base) * pale
    return lambda sprite: toned(sprite, dark, light)


def wash(colour: tuple[int, int, int], random: Random) -> Treatment:
    """Under a veil of a light shade of a colour."""
    base, pale, share = np.float32(colour), random.uniform(0.3, 0.9), random.uniform(0.35, 0.65)
    veil = share * (base + (255 - base) * pale)
    return lambda sprite: recoloured(sprite, (1 - share) * sprite[..., :3] + veil)


def any_treatment(random: Random) -> Treatment:
    """Some other tone, a veil, or one flat colour: what a reader should see through, named or not."""
    dark, light = (tuple(random.randint(*span) for _ in range(3)) for span in ((0, 110), (150, 255)))
    kind = random.random()
    if kind < 0.2:
        share = random.uniform(0.3, 0.65)
        return lambda sprite: recoloured(sprite, (1 - share) * sprite[..., :3] + share * np.float32(light))
    if kind < 0.4:
        light = dark
    share = 1.0 if random.random() < 0.6 else random.random()
    return lambda sprite: recoloured(sprite, (1 - share) * sprite[..., :3] + share * toned(sprite, dark, light)[..., :3])
