"""A scene as plain facts, and where its sprites stand.

Places and sizes are for a canvas of 64 x 64; one twice as large (`Atlas.scale`) has everything twice as large. Everything
stands on multiples of 8, the patch of the image tokenizer, so a sprite always gives the same ids. Counts above four do not
fit: the canvas holds four cells of 32."""
from dataclasses import dataclass
from random import Random

from .concepts import COLOUR_NAMES, CONCEPTS, DRAWN, TREATED

SIDE, BIG, SMALL = 64, 48, 32
TREATED_SHARE = 0.32  # of scenes, where nothing else is said


@dataclass(frozen=True)
class Scene:
    kind: str  # "single", "pair" or "count"
    objects: tuple[int, ...]  # concept indices; a pair names the left (or upper) one first
    style: str
    colour: str
    count: int = 1
    vertical: bool = False  # pair: first above second instead of left of it
    size: int = BIG  # single only; the other kinds use SMALL
    x: int = 8
    y: int = 8


def placements(scene: Scene) -> list[tuple[int, int, int, int]]:
    """[(concept, size, x, y)]"""
    if scene.kind == "single":
        return [(scene.objects[0], scene.size, scene.x, scene.y)]
    if scene.kind == "pair":
        first, second = ((16, 0), (16, 32)) if scene.vertical else ((0, 16), (32, 16))
        return [(scene.objects[0], SMALL, *first), (scene.objects[1], SMALL, *second)]
    cells = [(0, 16), (32, 16)] if scene.count == 2 else [(0, 0), (32, 0), (0, 32), (32, 32)]
    return [(scene.objects[0], SMALL, x, y) for x, y in cells[: scene.count]]


def random_style(random: Random, treated: float) -> str:
    """The first drawn style comes as often as the other three and a little more: the treatments follow from it."""
    share, drawn = random.random(), 1 - treated
    return "noto" if share < 9 / 17 * drawn else random.choice(DRAWN[1:]) if share < drawn else random.choice(TREATED)


def random_colour(random: Random) -> str:
    return "white" if random.random() < 0.2 else random.choice(COLOUR_NAMES)


def random_scene(random: Random, kinds: dict[str, float], treated: float = TREATED_SHARE) -> Scene:
    kind = random.choices(list(kinds), list(kinds.values()))[0]
    style, colour = random_style(random, treated), random_colour(random)
    first = random.randrange(len(CONCEPTS))
    if kind == "pair":
        second = random.randrange(len(CONCEPTS) - 1)
        second += second >= first
        return Scene("pair", (first, second), style, colour, vertical=random.random() < 0.5, size=SMALL)
    if kind == "count":
        return Scene("count", (first,), style, colour, count=random.randint(2, 4), size=SMALL)
    size = SMALL if random.random() < 0.25 else BIG
    centre = (SIDE - size) // 2
    x = y = centre
    if random.random() < (0.15 if size == BIG else 0.3):
        x, y = (8 * random.randint(0, (SIDE - size) // 8) for _ in range(2))
    return Scene("single", (first,), style, colour, size=size, x=x, y=y)
