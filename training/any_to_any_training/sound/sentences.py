"""What is said: names and short descriptions of scenes. A white background is left unsaid, as in a prompt."""
from random import Random

from ..data.captions import article, canonical
from ..data.concepts import CONCEPTS
from ..data.scene import BIG, SMALL, Scene
from ..data.splits import held_out

KINDS = {"single": 0.62, "pair": 0.2, "count": 0.18}
UNSAID = (" on a white background", "하얀 배경에 있는 ", "하얀 배경, ", "흰 배경에 있는 ", "흰 배경, ")


def spoken(scene: Scene, language: str) -> str:
    words = canonical(scene, language)
    if scene.colour == "white":
        for part in UNSAID:
            words = words.replace(part, "")
    return words


def name_scene(concept: int) -> Scene:
    return Scene("single", (concept,), "noto", "white")


def random_spoken_scene(random: Random) -> Scene:
    """Centred, in the default style; half on white, since names are asked for most."""
    from ..data.scene import random_scene

    scene = random_scene(random, KINDS)
    colour = "white" if random.random() < (0.5 if scene.kind == "single" else 0.7) else scene.colour
    place = dict(size=BIG, x=8, y=8) if scene.kind == "single" else dict(size=SMALL)
    return Scene(scene.kind, scene.objects, "noto", colour, scene.count, scene.vertical, **place)


def sentences(random: Random, count: int, unseen: bool) -> list[Scene]:
    """`count` different scenes; `unseen`: combinations that training never meets, each held out for one reason."""
    found: dict[Scene, None] = {}
    while len(found) < count:
        scene = random_spoken_scene(random)
        if (len(held_out(scene)) == 1) if unseen else not held_out(scene):
            found[scene] = None
    return list(found)


def bare_name(concept: int, language: str) -> str:
    return article(CONCEPTS[concept].en, CONCEPTS[concept]) if language == "en" else CONCEPTS[concept].ko
