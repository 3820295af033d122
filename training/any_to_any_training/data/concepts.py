"""The vocabulary of the emoji world: concepts, colours and styles with their English and Korean words."""
import json
from dataclasses import dataclass
from pathlib import Path

CONCEPTS_FILE = Path(__file__).resolve().parents[2] / "data" / "concepts.json"


@dataclass(frozen=True)
class Concept:
    id: str
    codepoint: str
    en: str
    plural: str
    article: str  # "a", "an" or "" (grapes, popcorn)
    ko: str
    counter: str  # 마리 for animals, 개 for things


CONCEPTS = [Concept(**row) for row in json.loads(CONCEPTS_FILE.read_text(encoding="utf-8"))]

DRAWN = ["noto", "flat", "twemoji", "3d"]  # by their artists
TREATED = ["gray", "gold", "pastel", "silhouette"]  # the noto drawing as `treatments` changes it
STYLES = [*DRAWN, *TREATED]
STYLE_WORDS = {"noto": ("emoji", "이모지"), "flat": ("flat", "평면"), "twemoji": ("cartoon", "만화"), "3d": ("3d", "입체"),
               "gray": ("black and white", "흑백"), "gold": ("golden", "황금"), "pastel": ("pastel", "파스텔"), "silhouette": ("silhouette", "실루엣")}

COLOURS = {  # flat RGB backgrounds
    "red": (226, 72, 77), "blue": (62, 118, 222), "green": (62, 166, 92), "yellow": (250, 216, 82),
    "orange": (245, 144, 50), "purple": (138, 88, 200), "pink": (250, 172, 202), "black": (24, 24, 28),
    "white": (255, 255, 255), "gray": (150, 150, 156),
}
COLOUR_NAMES = list(COLOURS)
COLOUR_KO = {"red": "빨간", "blue": "파란", "green": "초록", "yellow": "노란", "orange": "주황", "purple": "보라",
             "pink": "분홍", "black": "검은", "white": "흰", "gray": "회색"}
TINTS = ["red", "blue", "green", "yellow", "orange", "purple", "pink"]  # a drawing in shades of one colour: "a blue-tinted cat"
NUMBERS = {1: ("one", "한"), 2: ("two", "두"), 3: ("three", "세"), 4: ("four", "네")}
