"""A small decoder, trained from scratch for a number of steps on drawing and reading, and its held-out cross-entropy."""
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Callable

import numpy as np
import torch
from torch import Tensor, nn

from ..data import text_bpe
from ..data.captions import LANGUAGES, canonical, prompt
from ..data.compose import Atlas, compose
from ..data.scene import Scene
from ..decoder.config import MARKS
from ..decoder.ids import IdTable
from ..decoder.likeness import FRESH, likeness_of
from ..decoder.loss import losses
from ..decoder.optimiser import Optimiser
from ..decoder.sequence import IGNORED, Batch, Example, Part, collate, image_part, order, picture_part, text_part
from ..decoder.tasks import PROMPT_WEIGHT, Feed, World, ask, mixing
from ..decoder.train import Models, build
from ..evaluate.drawing import scenes_of
from ..schedule import rate
from ..tokenizer.restore import load_tokenizer

HELD_OUT = ("colour", "two", "count", "style")  # equal shares of the combinations that training never shows


def load_world(run: Path, train: dict) -> tuple[World, int]:
    """The world, and how many image ids it has."""
    atlas, tokenizer = Atlas(run / "sprites"), load_tokenizer(run)
    return World(atlas, IdTable(tokenizer, atlas), text_bpe.load(run / "text.tiktoken"), train["kinds"], train["promptDropout"], train["treated"]), tokenizer.config.codes


def row_by_row(part: Part) -> Part:
    """A picture's ids in plain raster order."""
    if part.segment.grid is None or part.segment.embedded:
        return part
    ids = np.empty(len(part.ids), np.int64)
    ids[order(*part.segment.grid)] = part.ids
    return replace(part, segment=replace(part.segment, block=1), ids=tuple(ids.tolist()))


def makers(world: World, train: dict) -> dict[str, Callable[[Scene, Random], Example]]:
    def draw(scene: Scene, random: Random) -> Example:
        words = prompt(scene, random.choice(LANGUAGES), random)
        return ordered(text_part(world.words(words), PROMPT_WEIGHT), image_part(world.table.ids(scene), 1.0))

    def read(scene: Scene, random: Random) -> Example:
        question, language = ask(world, random, wordings=1)
        by_embeddings = [picture_part(compose(scene, world.atlas))] if train["reading"] in ("embeddings", "both") else []
        by_ids = [image_part(world.table.ids(scene), PROMPT_WEIGHT)] if train["reading"] in ("ids", "both") else []
        return ordered(*question, *by_embeddings, *by_ids, text_part(world.words(canonical(scene, language)), 1.0))

    def ordered(*parts: Part) -> Example:
        return tuple(map(row_by_row, parts)) if train["raster"] else parts

    return {"draw": draw, "read": read}


class Vocabulary:
    """Image ids join in random order, one after another; those that have not yet are neither read nor asked nor scored."""

    def __init__(self, count: int, seed: int, head: nn.Module):
        self.rank, self.active = torch.from_numpy(np.random.default_rng(seed).permutation(count)), 0
        head.register_forward_hook(lambda _, __, logits: self.scored(logits))

    def scored(self, logits: Tensor) -> Tensor:
        return logits.masked_fill(torch.cat([self.rank >= self.active, torch.tensor([False])]), -1e9)

    def hide(self, batch: Batch, offset: int) -> None:
        """In place."""
        count = len(self.rank)
        image = (batch.ids >= offset) & (batch.ids < offset + count)
        batch.ids[image & (self.rank[(batch.ids - offset).clamp(0, count - 1)] >= self.active)] = MARKS.index("<pad>")
        if "image" in batch.asked:
            targets = batch.asked["image"][1]
            targets[(targets >= 0) & (self.rank[targets.clamp(0, count - 1)] >= self.active)] = IGNORED


def train_decoder(config: dict, world: World, codes: int, warmed: Path, steps: int, seed: int) -> tuple[Models, float]:
    """`codes`: how many image ids there are. -> the trained models, seconds of the processor"""
    train = config["train"]
    torch.manual_seed(seed)
    models = build(config, codes, 0)
    if train["warm"]:
        models.encoders["image"].load_state_dict(torch.load(warmed, map_location="cpu"))
    own = makers(world, train)
    feed = Feed({name: lambda random, make=make: make(world.scene(random), random) for name, make in own.items()}, Random(seed))
    likeness = likeness_of(models.decoder, world.table.tokenizer.codebook.weight) if train["likeness"] else None
    if likeness is not None:
        likeness.begin(FRESH)
    noise, ports, optimiser = np.random.default_rng(seed), models.decoder.port_config, Optimiser(models, train, likeness=likeness)
    vocabulary = Vocabulary(codes, seed, models.decoder.ports["image"].head) if train["activated"] else None
    began = time.process_time()
    for step in range(steps):
        task = mixing(train["mix"], noise)
        blank = noise.uniform(0.3, 1.0) if task == "draw" and noise.random() < train["blankBatches"] else 0.0
        batch = collate(feed.next(task, train["batch"]), ports, train["idNoise"], blank, noise)
        if vocabulary is not None:
            vocabulary.active = max(1, round(codes * min(1.0, step / (train["activated"] * steps))))
            vocabulary.hide(batch, ports.offsets["image"])
        with torch.autocast("cpu", torch.bfloat16, enabled=train["bf16"]):
            loss, _ = losses(models.decoder, models.encoders, batch)
        loss.backward()
        nn.utils.clip_grad_norm_(models.parameters(), 1.0)
        optimiser.step(rate(step, steps, 1.0))
    return models.eval(), time.process_time() - began


@torch.no_grad()
def held_out_entropies(models: Models, world: World, train: dict, count: int) -> dict[str, list[float]]:
    """Nats an id: `draw` of image ids after a prompt, `read` of text ids after a picture; one number an example."""
    out = {}
    for name, make in makers(world, train).items():
        random, head = Random(7), {"draw": "image", "read": "text"}[name]
        scenes = [scene for measure in HELD_OUT for scene in scenes_of(measure, count // len(HELD_OUT), 2024)]
        batches = [collate([make(scene, random)], models.decoder.port_config, 0.0, 0.0, np.random.default_rng(0)) for scene in scenes]
        out[name] = [losses(models.decoder, models.encoders, batch)[1][head] for batch in batches]
    return out
