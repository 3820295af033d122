"""What the decoder is trained on: one scene becomes an example of one task.

    image      <s><txt>prompt</txt><img>ids</img></s>
    text       <s>[<txt>question</txt>]<img>embeddings</img><txt>description</txt></s>
    mixed      <s>[<txt>prompt</txt>]<img>ids</img>[<txt>question</txt>]<txt>description</txt></s>
    edit       <s><img>embeddings</img><txt>instruction</txt><img>ids</img></s>
    translate  <s><txt>English</txt><txt>Korean</txt></s>
    question   <s><txt>question</txt><img>embeddings or ids</img><txt>one fact</txt></s>
    code       <s><txt>prompt</txt><txt>scene code</txt></s>, <s><txt>question</txt><img>embeddings</img><txt>scene code</txt></s>
               or <s><txt>scene code</txt><img>ids</img></s>

Tasks with sound are in `sound_tasks`."""
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from random import Random
from typing import Callable

import numpy as np
import tiktoken

from ..data.captions import LANGUAGES, QUESTIONS, canonical, edit, prompt, tinted, washed
from ..data.compose import Atlas, compose
from ..data.concepts import COLOUR_NAMES, COLOURS, DRAWN, STYLES, TINTS, TREATED
from ..data.questions import ask_about, kinds_of
from ..data.scene import TREATED_SHARE, Scene
from ..data.scene_code import scene_code
from ..data.splits import held_out, training_scene
from ..data.strangers import two_strangers
from ..data.treatments import any_treatment, tint, wash
from .ids import IdTable
from .sequence import Example, image_part, key, picture_part, text_part

PROMPT_WEIGHT = 0.1  # of words that the user writes, not the model
TINTED_SHARE = 0.2  # of prompts
TONED_EDITS = 0.05  # of new backgrounds: with more, edits forget the colours they were given
TONED_SHARE = 0.4  # of pictures that are read
STRANGERS_SHARE = 0.3  # of descriptions
QUESTION_KINDS = {"single": 0.25, "pair": 0.45, "count": 0.3}
CODE_QUESTION = "write it as svg"


@dataclass
class World:
    atlas: Atlas
    table: IdTable
    encoding: tiktoken.Encoding
    kinds: dict[str, float]
    dropout: float  # of prompts, for guidance
    treated: float = TREATED_SHARE  # of scenes: how often a treatment is drawn

    def __post_init__(self):
        self.words = lru_cache(maxsize=200_000)(self.encoding.encode)

    def scene(self, random: Random) -> Scene:
        return training_scene(random, self.kinds, self.treated)


def image(world: World, random: Random) -> Example:
    if random.random() < TINTED_SHARE:
        return tinted_image(world, random)
    scene = world.scene(random)
    words = "" if random.random() < world.dropout else prompt(scene, random.choice(LANGUAGES), random)
    return text_part(world.words(words), PROMPT_WEIGHT), image_part(world.table.ids(scene), 1.0)


def tinted_image(world: World, random: Random) -> Example:
    """In shades of a colour, or under a veil of it, of every concept: that a tone may be any concept's is learnt from these."""
    scene, colour = replace(world.scene(random), style=DRAWN[0]), random.choice(TINTS)
    called, made = random.choice([(tinted, tint), (washed, wash)])
    words = prompt(scene, random.choice(LANGUAGES), random, styled=True, style=called(colour))
    ids = world.table.read(compose(scene, world.atlas, treatment=made(COLOURS[colour], random)))
    return text_part(world.words(words), PROMPT_WEIGHT), image_part(ids, 1.0)


def ask(world: World, random: Random, wordings: int = 4) -> tuple[list, str]:
    """A question and the language of its answer; without a question the answer is English."""
    if random.random() < 0.35:
        return [], "en"
    language = random.choice(LANGUAGES)
    return [text_part(world.words(random.choice(QUESTIONS[language][:wordings])), PROMPT_WEIGHT)], language


def look(scene: Scene, atlas: Atlas, random: Random) -> np.ndarray:
    """What the reader gets to see: often out of place, often in colours of no style. Instead of a treatment it mostly
    gets any other: a concept that is never shown in gold would else be what no golden thing is taken for."""
    jitter = (random.randint(-2, 2), random.randint(-2, 2)) if random.random() < 0.25 else (0, 0)
    return compose(as_drawn(scene), atlas, jitter, any_treatment(random)) if is_toned(scene, random) else compose(scene, atlas, jitter)


def is_toned(scene: Scene, random: Random) -> bool:
    return random.random() < (0.75 if scene.style in TREATED else TONED_SHARE)


def as_drawn(scene: Scene) -> Scene:
    """What a treatment starts from."""
    return replace(scene, style=DRAWN[0]) if scene.style in TREATED else scene


def ids_to_read(scene: Scene, world: World, random: Random) -> np.ndarray:
    """As `look`, in place, through the ids that draw."""
    if scene.style not in TREATED or not is_toned(scene, random):
        return world.table.ids(scene)
    return world.table.read(compose(as_drawn(scene), world.atlas, treatment=any_treatment(random)))


def text(world: World, random: Random) -> Example:
    question, language = ask(world, random)
    if random.random() < STRANGERS_SHARE:
        picture, beginning = two_strangers(world.atlas, language, random)
        return *question, picture_part(picture), text_part(world.words(beginning), 1.0, closed=False)
    scene = training_scene(random, world.kinds)
    return *question, picture_part(look(scene, world.atlas, random)), text_part(world.words(canonical(scene, language)), 1.0)


def mixed(world: World, random: Random) -> Example:
    scene = world.scene(random)
    question, language = ask(world, random, wordings=1)  # fewer layouts: fuller batches
    answer = text_part(world.words(canonical(scene, language)), 1.0)
    if random.random() < 0.5:  # no prompt: the answer can only be read off the ids
        return image_part(ids_to_read(scene, world, random), PROMPT_WEIGHT), *question, answer
    words = prompt(scene, random.choice(LANGUAGES), random)
    return text_part(world.words(words), PROMPT_WEIGHT), image_part(world.table.ids(scene), 1.0), *question, answer


def change(scene: Scene, random: Random) -> tuple[Scene, str]:
    """Another training scene that differs in its colour or its style."""
    while True:
        what = random.choice(["colour", "style"])
        target = replace(scene, colour=random.choice(COLOUR_NAMES)) if what == "colour" else replace(scene, style=random.choice(STYLES))
        if target != scene and not held_out(target):
            return target, what


def edit_task(world: World, random: Random) -> Example:
    """Of a scene in a tone of no style, too: what is drawn can then only be told from what is seen."""
    scene = world.scene(random)
    target, what = change(scene, random)
    words = edit(target, what, random.choice(LANGUAGES), random)
    if what == "colour" and random.random() < TONED_EDITS:
        tone = any_treatment(random)
        before, after = (compose(as_drawn(each), world.atlas, treatment=tone) for each in (scene, target))
        return picture_part(before), text_part(world.words(words), PROMPT_WEIGHT), image_part(world.table.read(after), 1.0)
    return picture_part(compose(scene, world.atlas)), text_part(world.words(words), PROMPT_WEIGHT), image_part(world.table.ids(target), 1.0)


def translate(world: World, random: Random) -> Example:
    scene = training_scene(random, world.kinds)
    return text_part(world.words(canonical(scene, "en")), PROMPT_WEIGHT), text_part(world.words(canonical(scene, "ko")), 1.0)


def question_task(world: World, random: Random) -> Example:
    """Of a picture that was given or, as often as not, one that the model could have drawn."""
    scene = training_scene(random, QUESTION_KINDS)
    asked, right = ask_about(scene, random.choice(kinds_of(scene)), random.choice(LANGUAGES), random)
    seen = picture_part(look(scene, world.atlas, random)) if random.random() < 0.6 else image_part(ids_to_read(scene, world, random), PROMPT_WEIGHT)
    return text_part(world.words(asked), PROMPT_WEIGHT), seen, text_part(world.words(right), 1.0)


def code_task(world: World, random: Random) -> Example:
    """Scenes of one or two things; a program of four is long."""
    while (scene := world.scene(random)).count > 2:
        pass
    code, form = world.words(scene_code(scene)), random.random()
    if form < 0.3:
        return text_part(world.words(prompt(scene, random.choice(LANGUAGES), random, styled=True)), PROMPT_WEIGHT), text_part(code, 1.0)
    if form < 0.6:
        return text_part(world.words(CODE_QUESTION), PROMPT_WEIGHT), picture_part(compose(scene, world.atlas)), text_part(code, 1.0)
    return text_part(code, PROMPT_WEIGHT), image_part(world.table.ids(scene), 1.0)


def picture_tasks(world: World) -> dict[str, Callable[[Random], Example]]:
    makers = {"image": image, "text": text, "mixed": mixed, "edit": edit_task, "translate": translate, "question": question_task, "code": code_task}
    return {name: partial(maker, world) for name, maker in makers.items()}


class Feed:
    """Batches of one task whose examples share a layout: examples wait until enough of their kind have come.

    A rare layout goes out as a smaller batch once it has waited for `patience` batches' worth of examples; else
    long descriptions of pictures would hardly ever be trained on."""

    def __init__(self, tasks: dict[str, Callable[[Random], Example]], random: Random, patience: int = 120):
        self.tasks, self.random, self.patience = tasks, random, patience
        self.waiting: dict[str, dict[tuple, list[Example]]] = defaultdict(dict)  # groups in the order they began
        self.began: dict[tuple, int] = {}
        self.drawn: dict[str, int] = defaultdict(int)

    def next(self, task: str, size: int) -> list[Example]:
        groups = self.waiting[task]
        while True:
            oldest = next(iter(groups), None)
            if oldest is not None and self.drawn[task] - self.began[task, oldest] > self.patience * size:
                return groups.pop(oldest)
            example = self.tasks[task](self.random)
            self.drawn[task] += 1
            name = key(example)
            if name not in groups:
                groups[name], self.began[task, name] = [], self.drawn[task]
            groups[name].append(example)
            if len(groups[name]) >= size:
                return groups.pop(name)


def mixing(weights: dict[str, float], random: np.random.Generator) -> str:
    names = list(weights)
    share = np.array([weights[name] for name in names], float)
    return names[random.choice(len(names), p=share / share.sum())]
