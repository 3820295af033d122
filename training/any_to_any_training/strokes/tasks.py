"""What the port learns from: a line drawing and its name become an example of one task.

    draw    <s><txt>name</txt><str>ids</str></s>
    name    <s>[<txt>question</txt>]<str>embeddings</str><txt>description</txt></s>

Names come in English and Korean, drawings from three of the four artists. What a name asks for is the drawing of noto;
a small one is half as large. Held out: the fourth artist; for some names each of the small drawing, the Korean request
and the Korean description."""
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import tiktoken

from ..data.captions import LANGUAGES, QUESTIONS, article, canonical
from ..data.compose import Atlas
from ..data.concepts import CONCEPTS
from ..data.scene import BIG, Scene
from ..data.splits import bucket
from ..decoder.config import PortConfig
from ..decoder.layout import Segment
from ..decoder.sequence import Example, Part, text_part
from .encoder import COUNT, even
from .ids import decode, drawn, encode, sketched
from .trace import Polygon, Traced, drawing

DRAWER, SEEN, UNSEEN = "noto", ("noto", "flat", "3d"), "twemoji"  # artists
SMALL = 0.5  # of the usual size


@dataclass
class Drawings:
    encoding: tiktoken.Encoding
    traced: dict[str, list[list[Traced]]]  # by artist and concept
    modality: int  # mix-in index of the strokes

    def __post_init__(self):
        self.words = lru_cache(maxsize=10_000)(self.encoding.encode)
        self.truth = lru_cache(maxsize=None)(self.ask)

    def ask(self, concept: int, small: bool = False) -> list[Polygon]:
        lines = drawn(self.traced[DRAWER][concept])
        return [(line - 0.5) * SMALL + 0.5 for line in lines] if small else lines


def trace(atlas: Atlas, encoding: tiktoken.Encoding, ports: PortConfig) -> Drawings:
    traced = {style: [drawing(atlas.sprite(style, concept, BIG)) for concept in range(len(CONCEPTS))] for style in (*SEEN, UNSEEN)}
    return Drawings(encoding, traced, ports.modalities - 1)


def held_out(concept: int) -> str | None:
    """Of every name: what of it is asked only in the test, if anything; 20 % each."""
    return ("small", "draw in Korean", "name in Korean", None, None)[bucket("strokes", CONCEPTS[concept].id, of=5)]


def request(concept: int, small: bool, language: str, random: Random) -> str:
    """request(red apple, True, "en", ..) = "a small red apple", or "draw a small red apple" and the like."""
    it = CONCEPTS[concept]
    if language == "ko":
        words = f"작은 {it.ko}" if small else it.ko
        return random.choice([words, words, f"{words} 그려 줘", f"{words} 그림"])
    name = f"small {it.en}" if small else it.en
    words = article(name, it)
    return random.choice([words, words, name, f"draw {words}", f"a picture of {words}"])


def description(concept: int, language: str) -> str:
    """What the model says of a picture: the paper is white."""
    return canonical(Scene("single", (concept,), DRAWER, "white"), language)


def draw(drawings: Drawings, random: Random) -> Example:
    concept = random.randrange(len(CONCEPTS))
    small = held_out(concept) != "small" and random.random() < 0.25
    language = "en" if held_out(concept) == "draw in Korean" else random.choice(LANGUAGES)
    return asked(drawings, request(concept, small, language, random)), made(drawings, encode(drawings.truth(concept, small)))


def asked(drawings: Drawings, words: str) -> Part:
    return text_part(drawings.words(words), 0.0)


def made(drawings: Drawings, ids: list[int]) -> Part:
    return Part(Segment(drawings.modality, len(ids)), 1.0, tuple(ids))


def seen(drawings: Drawings, lines: list[Polygon]) -> Part:
    """As if it had been handed in: its points on the grid."""
    return Part(Segment(drawings.modality, COUNT, embedded=True), 0.0, (), even(decode(encode(lines))))


def name(drawings: Drawings, random: Random) -> Example:
    concept = random.randrange(len(CONCEPTS))
    lines = sketched(drawings.traced[random.choice(SEEN)][concept], random)
    language = random.choice((None, "en") if held_out(concept) == "name in Korean" else (None, *LANGUAGES))
    return naming(drawings, concept, lines, language, random)


def naming(drawings: Drawings, concept: int, lines: list[Polygon], language: str | None, random: Random) -> Example:
    """Without a question the answer is English, as for pictures."""
    question = [] if language is None else [asked(drawings, random.choice(QUESTIONS[language][:2]))]
    return *question, seen(drawings, lines), text_part(drawings.words(description(concept, language or "en")), 1.0)
