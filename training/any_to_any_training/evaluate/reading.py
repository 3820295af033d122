"""Image -> text on held-out combinations, through the understanding encoder and through the image ids."""
from collections import defaultdict

import numpy as np
import torch
from torch import Tensor

from ..data.captions import QUESTIONS
from ..data.compose import compose, to_tensor_range
from ..data.scene import Scene
from ..decoder.config import MARK_CAPACITY, MARKS
from ..decoder.image_encoder import ImageEncoder
from ..decoder.layout import Segment, image_ids, picture_embeddings, text
from ..decoder.model import Decoder
from ..decoder.sample import answer
from ..decoder.sequence import OPEN_MARKS, order
from ..decoder.tasks import World
from .drawing import scenes_of
from .score import answer_is_exact, names_objects

READING = ("colour", "two", "count", "style")  # measures whose scenes are read


def describe(decoder: Decoder, encoder: ImageEncoder, world: World, scenes: list[Scene], language: str, through: str) -> list[str]:
    if through == "embeddings":
        return describe_pictures(decoder, encoder, world, np.stack([compose(scene, world.atlas) for scene in scenes]), language)
    ids = np.stack([world.table.ids(scene).reshape(-1)[order(*world.table.grid)] for scene in scenes])
    body = decoder.embed(torch.from_numpy(ids) + MARK_CAPACITY + decoder.port_config.text)
    return describe_bodies(decoder, world, body, image_ids(*world.table.grid), language)


@torch.no_grad()
def describe_pictures(decoder: Decoder, encoder: ImageEncoder, world: World, pixels: np.ndarray, language: str) -> list[str]:
    """uint8 [N, side, side, 3] -> N descriptions"""
    return describe_bodies(decoder, world, encoder(torch.from_numpy(to_tensor_range(pixels))), picture_embeddings(pixels.shape[-2]), language)


@torch.no_grad()
def describe_bodies(decoder: Decoder, world: World, body: Tensor, segment: Segment, language: str) -> list[str]:
    """[N, positions of the segment, width] -> N descriptions. English is read without a question, Korean with one; after
    ids the question follows the picture."""
    mark = {name: decoder.embed(torch.tensor([[i] for i in [MARKS.index(name)] * len(body)])) for name in MARKS}
    question = list(world.words(QUESTIONS["ko"][0])) if language == "ko" else None
    asked, asked_layout = [], ()
    if question:
        words = decoder.embed(torch.tensor([[MARK_CAPACITY + i for i in question]] * len(body)))
        asked, asked_layout = [mark["<txt>"], words, mark["</txt>"]], (text(len(question)),)
    picture = [mark[MARKS[OPEN_MARKS[2][0]]], body, mark[MARKS[OPEN_MARKS[2][1]]]]
    middle, layout = (asked + picture, (*asked_layout, segment)) if segment.embedded else (picture + asked, (segment, *asked_layout))
    prefix = torch.cat([mark["<s>"], *middle, mark["<txt>"]], dim=1)
    return [world.encoding.decode(ids) for ids in answer(decoder, prefix, layout)]


def score_reading(decoder: Decoder, encoder: ImageEncoder, world: World, language: str, through: str, count: int, seed: int) -> dict[str, list[int]]:
    """{"exact", "object", "exact.colour", ...: [hits, n]} over equal shares of the held-out kinds."""
    out = defaultdict(lambda: [0, 0])
    for measure in READING:
        scenes = scenes_of(measure, count // len(READING), seed)
        for scene, words in zip(scenes, describe(decoder, encoder, world, scenes, language, through)):
            exact, named = answer_is_exact(words, scene, language), names_objects(words, scene, language)
            for key, hit in (("exact", exact), ("object", named), (f"exact.{measure}", exact)):
                out[key][0] += hit
                out[key][1] += 1
    return dict(out)
