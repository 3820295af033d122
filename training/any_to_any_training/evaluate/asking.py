"""Answers about one fact of a picture, and scenes written as code, on held-out combinations."""
from collections import defaultdict
from random import Random

import torch

from ..data.compose import compose
from ..data.questions import ask_about, kinds_of
from ..data.scene import Scene, placements
from ..data.scene_code import read_code
from ..decoder.sample import answer
from ..decoder.tasks import CODE_QUESTION, World
from ..decoder.train import Models
from .drawing import scenes_of
from .prompts import Prompt

MEASURES = ("colour", "two", "count")  # whose scenes are asked about


@torch.no_grad()
def reply(models: Models, world: World, asked: str, scene: Scene, limit: int) -> str:
    prompt = Prompt.begin(models, 1).words([list(world.words(asked))]).pictures(compose(scene, world.atlas)[None])
    return world.encoding.decode(answer(models.decoder, *prompt.ask(1), limit)[0])


def score_questions(models: Models, world: World, language: str, count: int, seed: int) -> dict[str, list[int]]:
    """{"all", "colour", "count", "where", "what": [hits, n]}"""
    random, out = Random(seed), defaultdict(lambda: [0, 0])
    for measure in MEASURES:
        for scene in scenes_of(measure, count // len(MEASURES), seed):
            kind = random.choice(kinds_of(scene))
            asked, right = ask_about(scene, kind, language, random)
            hit = reply(models, world, asked, scene, 16) == right
            for key in ("all", kind):
                out[key][0] += hit
                out[key][1] += 1
    return dict(out)


def score_code(models: Models, world: World, count: int, seed: int) -> dict[str, list[int]]:
    """{"valid": programs that can be drawn, "exact": those that draw this very scene}"""
    out = {"valid": [0, 0], "exact": [0, 0]}
    for measure in ("colour", "two"):
        for scene in scenes_of(measure, count // 2, seed):
            found = read_code(reply(models, world, CODE_QUESTION, scene, 120))
            for key, hit in (("valid", found is not None), ("exact", found == (scene.colour, scene.style, placements(scene)))):
                out[key][0] += hit
                out[key][1] += 1
    return out
