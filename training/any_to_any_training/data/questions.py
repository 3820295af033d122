"""Questions about one fact of a scene, and their short answers, English and Korean: how many, what colour, where, what."""
from random import Random

from .captions import article, colour_noun, ends_in_consonant
from .concepts import CONCEPTS, NUMBERS
from .scene import Scene

KINDS = ("colour", "count", "where", "what")
SIDES = {  # vertical -> of the first object, of the second
    "en": {False: ("to the left of", "to the right of"), True: ("above", "below")},
    "ko": {False: ("왼쪽", "오른쪽"), True: ("위", "아래")},
}


def kinds_of(scene: Scene) -> list[str]:
    """The questions that have one right answer here."""
    return ["colour", "where", "what"] if scene.kind == "pair" else ["colour", "count", "count"] if scene.kind == "count" else ["colour", "count"]


def ask_about(scene: Scene, kind: str, language: str, random: Random) -> tuple[str, str]:
    """-> what is asked, what is right"""
    first = random.random() < 0.5
    own, other = (CONCEPTS[o] for o in (scene.objects if first else scene.objects[::-1])) if scene.kind == "pair" else (CONCEPTS[scene.objects[0]],) * 2
    side = SIDES[language][scene.vertical][0 if first else 1]
    if language == "en":
        return {
            "colour": lambda: ("what colour is the background?", scene.colour),
            "count": lambda: (f"how many {own.plural} are there?", NUMBERS[scene.count][0]),
            "where": lambda: (f"where is the {own.en}?", f"{side} the {other.en}"),
            "what": lambda: (f"what is {side} the {other.en}?", article(own.en, own)),
        }[kind]()
    topic = "은" if ends_in_consonant(own.ko) else "는"
    return {
        "colour": lambda: ("배경은 무슨 색이야?", colour_noun(scene.colour)),
        "count": lambda: (f"{own.ko} 몇 {own.counter}야?", f"{NUMBERS[scene.count][1]} {own.counter}"),
        "where": lambda: (f"{own.ko}{topic} 어디에 있어?", f"{other.ko} {side}"),
        "what": lambda: (f"{other.ko} {side}에 뭐가 있어?", own.ko),
    }[kind]()
