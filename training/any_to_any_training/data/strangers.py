"""Things that have no name: halves of two sprites in any tone. Told to be two of a kind, or not, without being named.

Only so does a reader learn to compare two things by looking. Of a concept whose pairs are held out it else learns that
there are never two of it: whatever stands beside it, a description begins with "a"."""
from random import Random

import numpy as np

from .captions import article
from .compose import Atlas, blank, paste
from .concepts import COLOUR_KO, CONCEPTS, DRAWN, NUMBERS
from .scene import SIDE, SMALL, Scene, placements, random_colour
from .treatments import any_treatment

COUNTABLE = [index for index, concept in enumerate(CONCEPTS) if concept.article]


def stranger(atlas: Atlas, random: Random) -> tuple[np.ndarray, str]:
    """-> straight-alpha RGBA, uint8 [32 scale, 32 scale, 4], and the article of one of the two it is made of"""
    style = random.choice(DRAWN)
    first, second = random.choice(COUNTABLE), random.randrange(len(CONCEPTS))
    sprite = atlas.sprite(style, first, SMALL).copy()
    middle = slice(len(sprite) // 2)
    half = (middle, slice(None)) if random.random() < 0.5 else (slice(None), middle)
    sprite[half] = atlas.sprite(style, second, SMALL)[half]
    own = article(CONCEPTS[first].en, CONCEPTS[first]).split()[0]
    return (any_treatment(random)(sprite) if random.random() < 0.6 else sprite), own


def two_strangers(atlas: Atlas, language: str, random: Random) -> tuple[np.ndarray, str]:
    """-> uint8 RGB [64 scale, 64 scale, 3], and how its canonical description begins"""
    alike, colour = random.random() < 0.5, random_colour(random)
    first, own = stranger(atlas, random)
    second = first if alike else stranger(atlas, random)[0]
    canvas = blank(colour, SIDE * atlas.scale)
    for sprite, (_, _, x, y) in zip((first, second), placements(Scene("pair", (0, 1), DRAWN[0], colour, size=SMALL))):
        paste(canvas, sprite, atlas.scale * x, atlas.scale * y)
    if language == "en":
        return canvas, NUMBERS[2][0] if alike else own
    return canvas, f"{COLOUR_KO[colour]} 배경에" if alike else f"{COLOUR_KO[colour]} 배경,"
