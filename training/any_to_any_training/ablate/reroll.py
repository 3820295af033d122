"""A trained run going on by its own pictures: prompts are drawn again until the run's own reader says of a picture what
was asked for, and such pictures are learnt as if they were true. What the reader does not say, a style, nobody checks.

Scored by the judge, which has no part in it, on held-out prompts."""
import time
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import nn

from ..data.captions import LANGUAGES, canonical, prompt
from ..decoder.likeness import likeness_of
from ..decoder.loss import losses
from ..decoder.optimiser import Optimiser
from ..decoder.preview import draw_ids
from ..decoder.sample import Choice
from ..decoder.sequence import Example, collate, image_part, text_part
from ..decoder.tasks import PROMPT_WEIGHT, Feed, World, image, mixing, text
from ..decoder.train import Models
from ..evaluate.drawing import score_drawing
from ..evaluate.judge import Judge
from ..evaluate.reading import describe_pictures
from ..evaluate.run import load_models, load_world
from ..pictures import to_uint8
from ..schedule import rate
from ..tokenizer.model import ImageTokenizer

MIX = {"draw": 0.7, "read": 0.3}
CALM = 0.3  # of the rates a training begins with
ROLLS, PROMPTS = 2, 128
MEASURES = ("colour", "two", "count", "style")
CHOICE = Choice(temperature=0.6, top_k=100, guidance=1.5)


@dataclass
class Rerolled:
    """Examples that draw what the models drew themselves, and how many pictures were kept."""

    models: Models
    world: World
    tokenizer: ImageTokenizer
    waiting: deque[Example] = field(default_factory=deque)
    drawn: int = 0
    kept: int = 0

    @property
    def choice(self) -> Choice:
        """In one row where the decoder can: half the work."""
        return replace(CHOICE, distilled=bool(self.models.decoder.port_config.image_guide))

    def example(self, random: Random) -> Example:
        while not self.waiting:
            self.waiting.extend(self.confirmed(random))
        return self.waiting.popleft()

    def confirmed(self, random: Random) -> list[Example]:
        """Of fresh prompts, each drawn up to ROLLS times, the first picture that is read as it was asked for."""
        open_scenes = [self.world.scene(random) for _ in range(PROMPTS)]
        prompts = [prompt(scene, random.choice(LANGUAGES), random) for scene in open_scenes]
        left, out = list(range(PROMPTS)), []
        for _ in range(ROLLS):
            if not left:
                break
            ids = draw_ids(self.models.decoder, self.world, [prompts[i] for i in left], self.choice, random.randrange(2**31))
            with torch.no_grad():
                pictures = to_uint8(self.tokenizer.decode(ids).numpy())
            read = describe_pictures(self.models.decoder, self.models.encoders["image"], self.world, pictures, LANGUAGES[0])
            right = [words == canonical(open_scenes[i], LANGUAGES[0]) for i, words in zip(left, read)]
            self.drawn, self.kept = self.drawn + len(left), self.kept + sum(right)
            out += [(text_part(self.world.words(prompts[i]), PROMPT_WEIGHT), image_part(ids[at].numpy(), 1.0)) for at, i in enumerate(left) if right[at]]
            left = [i for at, i in enumerate(left) if not right[at]]
        return out


def go_on(models: Models, config: dict, world: World, tokenizer: ImageTokenizer, share: float, steps: int, seed: int) -> tuple[float, float]:
    """Trains in place; `share` of what is drawn is the models' own. -> seconds of the processor, share of pictures kept"""
    train, own = config["train"], Rerolled(models, world, tokenizer)
    torch.manual_seed(seed)
    tasks = {"draw": lambda random: own.example(random) if random.random() < share else image(world, random), "read": lambda random: text(world, random)}
    feed, noise = Feed(tasks, Random(seed)), np.random.default_rng(seed)
    optimiser = Optimiser(models, train, likeness=likeness_of(models.decoder, tokenizer.codebook.weight))
    began = time.process_time()
    for step in range(steps):
        batch = collate(feed.next(mixing(MIX, noise), train["batch"]), models.decoder.port_config, train["idNoise"], 0.0, noise)
        with torch.autocast("cpu", torch.bfloat16, enabled=train["bf16"]):
            loss, _ = losses(models.decoder, models.encoders, batch)
        loss.backward()
        nn.utils.clip_grad_norm_(models.parameters(), 1.0)
        optimiser.step(rate(step, steps, CALM))
    return time.process_time() - began, own.kept / max(1, own.drawn)


def judged(models: Models, world: World, tokenizer: ImageTokenizer, judge: Judge, count: int) -> list[float]:
    """1 where a held-out English prompt was drawn right, else 0; `count` of all measures together."""
    each = count // len(MEASURES)
    return [float(hit) for name in MEASURES for hit in score_drawing(name, LANGUAGES[0], models.decoder, tokenizer, world, judge, each, CHOICE, 2024)[4]]


def measure_reroll(share: float, run: Path, steps: int, seed: int, count: int) -> tuple[list[float], float, float]:
    """-> what the judge says of every picture, seconds of the processor, share of pictures kept"""
    models, state = load_models(run)
    world, tokenizer, judge = load_world(run, state["config"]["train"], {})
    seconds, kept = go_on(models.train(), state["config"], world, tokenizer, share, steps, seed)
    return judged(models.eval(), world, tokenizer, judge, count), seconds, kept
