"""Text -> image on held-out combinations, judged beside the true renders of the same scenes (the ceiling)."""
from random import Random

from ..data.captions import prompt
from ..data.compose import compose
from ..data.scene import Scene, random_scene
from ..data.splits import held_out, held_out_scene
from ..decoder.model import Decoder
from ..decoder.preview import draw_prompts
from ..decoder.sample import Choice
from ..decoder.tasks import World
from ..pictures import to_uint8
from ..tokenizer.model import ImageTokenizer
from .judge import Judge
from .score import picture_is_right

MEASURES = {  # measure -> kind of scene, reasons for which it is held out (none: a seen tuple, white background)
    "single": ("single", ()),
    "colour": ("single", ("colour",)),
    "two": ("pair", ("pair",)),
    "relation": ("pair", ("pair", "order")),
    "count": ("count", ("count",)),
    "style": ("single", ("style",)),
}


def scenes_of(measure: str, count: int, seed: int) -> list[Scene]:
    random = Random(f"{measure} {seed}")
    kind, reasons = MEASURES[measure]
    scenes = []
    while len(scenes) < count:
        scene = held_out_scene(random, {kind: 1.0}, random.choice(reasons)) if reasons else random_scene(random, {kind: 1.0})
        if reasons or (scene.colour == "white" and not held_out(scene)):
            scenes.append(scene)
    return scenes


def score_drawing(measure: str, language: str, decoder: Decoder, tokenizer: ImageTokenizer, world: World, judge: Judge, count: int, choice: Choice, seed: int):
    """-> hits, hits of the true renders, pictures, prompts"""
    scenes, random = scenes_of(measure, count, seed), Random(seed)
    prompts = [prompt(scene, language, random, styled=measure == "style") for scene in scenes]
    pictures = to_uint8(draw_prompts(decoder, tokenizer, world, prompts, choice, seed).numpy())
    hits = [picture_is_right(judge.look(picture), scene, measure) for picture, scene in zip(pictures, scenes)]
    ceiling = [picture_is_right(judge.look(compose(scene, world.atlas)), scene, measure) for scene in scenes]
    return sum(hits), sum(ceiling), pictures, prompts, hits
