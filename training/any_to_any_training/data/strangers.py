"""Things that have no name: halves of two sprites in any tone. Told to be two of a kind, or not, without being named.

Only so does a reader learn to compare two things by looking. Of a concept whose pairs are held out it else learns that
there are never two of it: whatever stands beside it, a description begins with "a"."""
from random import Random

import numpy as np

from .compose import Atlas, blank, paste
from .concepts import COLOUR_KO, CONCEPTS, DRAWN, NUMBERS
from .scene import SIDE, SMALL, Scene, placements, random_colour
from .treatments import any_treatment


def stranger(atlas: Atlas, random: Random) -> np.ndarray:
    """Straight-alpha RGBA, uint8 [32 scale, 32 scale, 4]."""
    style = random.choice(DRAWN)
    one, other = (atlas.sprite(style, concept, SMALL) for concept in random.sample(range(len(CONCEPTS)), 2))
    sprite = one.copy()
    middle = slice(len(one) // 2)
    half = (middle, slice(None)) if random.random() < 0.5 else (slice(None), middle)
    sprite[half] = other[half]
    return any_treatment(random)(sprite) if random.random() < 0.6 else sprite


def two_strangers(atlas: Atlas, language: str, random: Random) -> tuple[np.ndarray, str]:
    """-> uint8 RGB [64 scale, 64 scale, 3], and how its canonical description begins"""
    alike, colour = random.random() < 0.5, random_colour(random)
    first = stranger(atlas, random)
    second = first if alike else stranger(atlas, random)
    canvas = blank(colour, SIDE * atlas.scale)
    for sprite, (_, _, x, y) in zip((first, second), placements(Scene("pair", (0, 1), DRAWN[0], colour, size=SMALL))):
        paste(canvas, sprite, atlas.scale * x, atlas.scale * y)
    if language == "en":
        return canvas, NUMBERS[2][0] if alike else "a"
    return canvas, f"{COLOUR_KO[colour]} 배경에" if alike else f"{COLOUR_KO[colour]} 배경,"
