"""Tasks with sound: one clip becomes an example of one task. `heard` is the encoder's embeddings, `ids` the codec's.

    speak         <s><txt>[voice: ]words</txt><aud>ids</aud></s>
    hear          <s><aud>heard</aud><txt>words</txt></s>
    draw-heard    <s><aud>heard</aud><img>ids</img></s>            speech or sound
    say-picture   <s><img>embeddings</img>[<txt>voice or question</txt>]<aud>ids</aud></s>
    repeat        <s><aud>heard</aud><txt>voice</txt><aud>ids</aud></s>
    play          <s><txt>the sound of a dog</txt><aud>ids</aud></s>
    play-picture  <s><img>embeddings</img><txt>what does it sound like?</txt><aud>ids</aud></s>"""
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Callable

import numpy as np

from ..data.captions import QUESTIONS, article
from ..data.compose import compose
from ..data.concepts import CONCEPTS, STYLES
from ..data.scene import BIG, Scene
from ..data.splits import held_out
from ..sound.clips import Clips, scene_of
from ..sound.encoder import STRIDE
from ..sound.voices import DEFAULT, VOICES
from ..sound.disturb import disturb
from .sequence import Example, Part, heard_part, image_part, picture_part, sound_part, text_part
from .tasks import PROMPT_WEIGHT, World

SOUND_QUESTIONS = ("what does it sound like?", "어떤 소리가 나?")
CONCEPT_AT = {concept.id: index for index, concept in enumerate(CONCEPTS)}


def sound_words(concept: int, language: str) -> str:
    name = CONCEPTS[concept]
    return f"the sound of {article(name.en, name)}" if language == "en" else f"{name.ko} 소리"


@dataclass
class Hearing:
    """The clips that tasks draw from; voices that the decoder does not learn to speak are still listened to."""

    clips: Clips
    speaking: tuple[str, ...]  # voices to generate
    english: float = 0.5  # share of English in what is spoken
    english_heard: float = 0.5  # and in what is heard
    heard: dict[str, list[dict]] = field(init=False)  # by language: speech of every training voice
    spoken: dict[str, list[dict]] = field(init=False)  # speech by voice, of the voices to generate
    twice: list[tuple[dict, dict]] = field(init=False)  # the same words in two voices, the second to generate
    sounds: dict[int, list[dict]] = field(init=False)  # by concept

    def __post_init__(self):
        self.heard = {language: self.clips.select(kind="speech", split="train", language=language) for language in ("en", "ko")}
        self.spoken, by_text, self.sounds = defaultdict(list), defaultdict(list), defaultdict(list)
        for entry in sum(self.heard.values(), []):
            by_text[entry["text"]].append(entry)
            if entry["voice"] in self.speaking:
                self.spoken[entry["voice"]].append(entry)
        self.twice = [(a, b) for own in by_text.values() for a in own for b in own if a is not b and b["voice"] in self.speaking]
        for entry in self.clips.select(kind="sound", split="train"):
            self.sounds[CONCEPT_AT[entry["sound"]]].append(entry)

    def speech(self, random: Random) -> dict:
        """A clip to generate; the default voices come most often."""
        voices = list(self.spoken)
        share = {"en": self.english, "ko": 1 - self.english}
        weights = [share[VOICES[voice].language] * (2.0 if voice in DEFAULT.values() else 1.0) for voice in voices]
        return random.choice(self.spoken[random.choices(voices, weights)[0]])

    def listened(self, random: Random) -> dict:
        """A clip to hear."""
        return random.choice(self.heard["en" if random.random() < self.english_heard else "ko"])

    def sound(self, random: Random) -> tuple[int, dict]:
        concept = random.choice(list(self.sounds))
        return concept, random.choice(self.sounds[concept])

    def samples(self, entry: dict, random: Random) -> np.ndarray:
        """Disturbed, in an even number of embeddings, so that fewer lengths occur."""
        samples = disturb(self.clips.samples(entry), np.random.default_rng(random.getrandbits(32)))
        return np.pad(samples, (0, -len(samples) % (2 * STRIDE)))


def spoken_part(hearing: Hearing, entry: dict) -> Part:
    return sound_part(hearing.clips.ids(entry), 1.0, hearing.clips.phones(entry))


def speak(world: World, hearing: Hearing, random: Random) -> Example:
    entry = hearing.speech(random)
    default = entry["voice"] in DEFAULT.values()
    prefix = "" if default and random.random() < 0.7 else f"{VOICES[entry['voice']].wording}: "
    return text_part(world.words(prefix + entry["text"]), PROMPT_WEIGHT), spoken_part(hearing, entry)


def hear(world: World, hearing: Hearing, random: Random) -> Example:
    if random.random() < 0.12:
        concept, entry = hearing.sound(random)
        return heard_part(hearing.samples(entry, random), STRIDE), text_part(world.words(sound_words(concept, "en")), 1.0)
    entry = hearing.listened(random)
    return heard_part(hearing.samples(entry, random), STRIDE), text_part(world.words(entry["text"]), 1.0)


def draw_heard(world: World, hearing: Hearing, random: Random) -> Example:
    if random.random() < 0.2:
        concept, entry = hearing.sound(random)
        scene = Scene("single", (concept,), "noto", "white", size=BIG)
    else:
        entry = hearing.listened(random)
        scene = scene_of(entry)
    return heard_part(hearing.samples(entry, random), STRIDE), image_part(world.table.ids(scene), 1.0)


def say_picture(world: World, hearing: Hearing, random: Random) -> Example:
    entry = hearing.speech(random)
    scene = replace(scene_of(entry), style=random.choice(STYLES))
    if held_out(scene):
        scene = scene_of(entry)
    if entry["language"] == "ko":
        asked = [QUESTIONS["ko"][0]] if entry["voice"] == DEFAULT["ko"] else None
    else:
        asked = [VOICES[entry["voice"]].wording] if entry["voice"] != DEFAULT["en"] else [] if random.random() < 0.7 else [QUESTIONS["en"][0]]
    if asked is None:  # no prompt asks for that voice in Korean
        return say_picture(world, hearing, random)
    question = [text_part(world.words(words), PROMPT_WEIGHT) for words in asked]
    return picture_part(compose(scene, world.atlas)), *question, spoken_part(hearing, entry)


def repeat(world: World, hearing: Hearing, random: Random) -> Example:
    said, target = random.choice(hearing.twice)
    wording = text_part(world.words(VOICES[target["voice"]].wording), PROMPT_WEIGHT)
    return heard_part(hearing.samples(said, random), STRIDE), wording, spoken_part(hearing, target)


def play(world: World, hearing: Hearing, random: Random) -> Example:
    concept, entry = hearing.sound(random)
    return text_part(world.words(sound_words(concept, random.choice(["en", "ko"]))), PROMPT_WEIGHT), spoken_part(hearing, entry)


def play_picture(world: World, hearing: Hearing, random: Random) -> Example:
    concept, entry = hearing.sound(random)
    scene = Scene("single", (concept,), random.choice(STYLES), "white", size=BIG)
    if held_out(scene):
        scene = replace(scene, style="noto")
    question = text_part(world.words(random.choice(SOUND_QUESTIONS)), PROMPT_WEIGHT)
    return picture_part(compose(scene, world.atlas)), question, spoken_part(hearing, entry)


def sound_tasks(world: World, hearing: Hearing) -> dict[str, Callable[[Random], Example]]:
    makers = {"speak": speak, "hear": hear, "draw-heard": draw_heard, "say-picture": say_picture, "repeat": repeat, "play": play, "play-picture": play_picture}
    return {name: partial(maker, world, hearing) for name, maker in makers.items()}
