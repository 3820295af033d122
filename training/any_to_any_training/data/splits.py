"""Which combinations training never sees, by a hash of the tuple (fixed: the same on every machine).

Every concept, colour, relation and count by itself is seen; only combinations are held out."""
import zlib
from random import Random

from .concepts import CONCEPTS, TREATED
from .scene import TREATED_SHARE, Scene, random_scene


def bucket(*parts: object, of: int) -> int:
    return zlib.crc32("|".join(map(str, parts)).encode()) % of


def colour_held_out(concept: int, colour: str) -> bool:
    """10 % of object x colour; white is the default background and stays in training."""
    return colour != "white" and bucket("colour", CONCEPTS[concept].id, colour, of=10) == 0


def style_held_out(concept: int, style: str) -> bool:
    """10 % of concept x treatment. How an artist draws a concept cannot be told from how others do, so those stay."""
    return style in TREATED and bucket("style", CONCEPTS[concept].id, style, of=10) == 0


def count_held_out(concept: int, count: int) -> bool:
    return count > 1 and bucket("count", CONCEPTS[concept].id, count, of=10) == 0


def pair_held_out(first: int, second: int) -> bool:
    return bucket("pair", *sorted((CONCEPTS[first].id, CONCEPTS[second].id)), of=10) == 0


def order_held_out(first: int, second: int) -> bool:
    """Some pairs are seen only as (second, first)."""
    return bucket("order", CONCEPTS[second].id, CONCEPTS[first].id, of=10) == 1


def held_out(scene: Scene) -> frozenset[str]:
    """The reasons why a scene is not for training; empty = training scene."""
    reasons = set()
    if any(colour_held_out(o, scene.colour) for o in scene.objects):
        reasons.add("colour")
    if any(style_held_out(o, scene.style) for o in scene.objects):
        reasons.add("style")
    if scene.kind == "count" and count_held_out(scene.objects[0], scene.count):
        reasons.add("count")
    if scene.kind == "pair" and pair_held_out(*scene.objects):
        reasons.add("pair")
    if scene.kind == "pair" and order_held_out(*scene.objects):
        reasons.add("order")
    return frozenset(reasons)


def training_scene(random: Random, kinds: dict[str, float], treated: float = TREATED_SHARE) -> Scene:
    while held_out(scene := random_scene(random, kinds, treated)):
        pass
    return scene


def held_out_scene(random: Random, kinds: dict[str, float], reason: str) -> Scene:
    """A scene held out for exactly one reason, so that a score measures one thing."""
    while held_out(scene := random_scene(random, kinds)) != {reason}:
        pass
    return scene
