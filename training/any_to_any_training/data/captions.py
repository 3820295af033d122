"""Words for a scene, English and Korean: prompts in several wordings, one canonical description, questions, edits.

The canonical description is what the model answers, so that its slots can be scored exactly; it names the object,
colour, count and relation (the left or upper object first), never the style."""
from random import Random

from .concepts import COLOUR_KO, CONCEPTS, NUMBERS, STYLE_WORDS, TREATED, Concept
from .scene import SMALL, Scene

LANGUAGES = ("en", "ko")
QUESTIONS = {
    "en": ["what is this?", "describe the picture", "what do you see?", "describe this image"],
    "ko": ["이게 뭐야?", "그림을 설명해 줘", "뭐가 보여?", "이 그림을 설명해 줘"],
}


def article(words: str, concept: Concept) -> str:
    """article("small apple", apple) = "a small apple"; grapes and popcorn take none."""
    if not concept.article:
        return words
    return f"{'an' if words[0] in 'aeio' or words.startswith('umbrella') else 'a'} {words}"


def ends_in_consonant(word: str) -> bool:
    """Whether the last Hangul syllable has a final consonant: 곰 True, 개 False."""
    code = ord(word[-1]) - 0xAC00
    return 0 <= code < 11172 and code % 28 != 0


def colour_noun(colour: str) -> str:
    """colour_noun("red") = 빨간색"""
    return {"pink": "분홍색", "gray": "회색"}.get(colour, f"{COLOUR_KO[colour]}색")


def canonical(scene: Scene, language: str) -> str:
    names = [CONCEPTS[o] for o in scene.objects]
    small = scene.kind == "single" and scene.size == SMALL
    if language == "en":
        colour = f"on {'an' if scene.colour[0] in 'aeio' else 'a'} {scene.colour} background"
        if scene.kind == "pair":
            relation = "above" if scene.vertical else "to the left of"
            return f"{article(names[0].en, names[0])} {relation} {article(names[1].en, names[1])} {colour}"
        if scene.kind == "count":
            return f"{NUMBERS[scene.count][0]} {names[0].plural} {colour}"
        return f"{article(('small ' if small else '') + names[0].en, names[0])} {colour}"
    colour = f"{COLOUR_KO[scene.colour]} 배경"
    if scene.kind == "pair":
        return f"{colour}, {names[1].ko} {'위' if scene.vertical else '왼쪽'}에 있는 {names[0].ko}"
    if scene.kind == "count":
        return f"{colour}에 있는 {names[0].ko} {NUMBERS[scene.count][1]} {names[0].counter}"
    return f"{colour}에 있는 {'작은 ' if small else ''}{names[0].ko}"


def tinted(colour: str) -> tuple[str, str]:
    """What a tint is called, English and Korean."""
    return f"{colour}-tinted", f"{COLOUR_KO[colour]} 색조"


def washed(colour: str) -> tuple[str, str]:
    """What a wash is called."""
    return f"{colour}-washed", f"{COLOUR_KO[colour]} 물빛"


def prompt(scene: Scene, language: str, random: Random, styled: bool | None = None, style: tuple[str, str] | None = None) -> str:
    """One of several wordings that all mean this scene. A white background is mostly left unsaid; the style is
    said in about a third of them (`styled` decides it for evaluation), and always where it is a treatment, since nobody
    who asks for an apple means a golden one. `style`: its words, where it is none of the scene's own."""
    styled = scene.style in TREATED or random.random() < 0.35 if styled is None else styled
    colour = None if scene.colour == "white" and random.random() < 0.7 else scene.colour
    words = (english if language == "en" else korean)(scene, random, styled, colour, style or STYLE_WORDS[scene.style])
    return dress(words, language, random) if random.random() < 0.25 else words


def dress(words: str, language: str, random: Random) -> str:
    """The same request as people type it: a capital, a full stop, "draw ..."."""
    if language == "ko":
        return random.choice([f"{words} 그려 줘", f"{words} 그림", f"{words}."])
    return random.choice([words[0].upper() + words[1:], words[0].upper() + words[1:] + ".", f"draw {words}", f"Draw {words}", f"a picture of {words}"])


def english(scene: Scene, random: Random, styled: bool, colour: str | None, words_of_style: tuple[str, str]) -> str:
    names = [CONCEPTS[o] for o in scene.objects]
    style = words_of_style[0]
    before, after = "", ""
    if styled and scene.kind == "single" and random.random() < 0.6:
        before = f"{style} "
    elif styled:
        after = f", {style} style"
    background = "" if colour is None else random.choice([f" on {'an' if colour[0] in 'aeio' else 'a'} {colour} background"] * 3 + [f", {colour} background", f" on {colour}"])
    if scene.kind == "pair":
        a, b = (article(n.en, n) for n in names)
        if scene.vertical:
            words = random.choice([f"{a} above {b}", f"{names[0].en} above {names[1].en}", f"{b} below {a}"])
        else:
            words = random.choice([f"{a} to the left of {b}", f"{names[0].en} left of {names[1].en}", f"{b} to the right of {a}", f"{a} and {b}"])
    elif scene.kind == "count":
        words = f"{NUMBERS[scene.count][0]} {names[0].plural}"
    else:
        size = random.choice(["small ", "little "]) if scene.size == SMALL else ("big " if random.random() < 0.08 else "")
        name = f"{size}{before}{names[0].en}"
        words = random.choice([article(name, names[0])] * 2 + [name])
    return words + background + after


def korean(scene: Scene, random: Random, styled: bool, colour: str | None, words_of_style: tuple[str, str]) -> str:
    names = [CONCEPTS[o].ko for o in scene.objects]
    style = words_of_style[1]
    before, after = "", ""
    if styled and scene.kind == "single" and random.random() < 0.6:
        before = f"{style} "
    elif styled:
        after = f", {style} 스타일"
    first, last = "", ""
    if colour is not None:
        said = f"{COLOUR_KO[colour]} 배경"
        in_front = [f"{said}에 있는 ", f"{said}의 "] if scene.kind == "single" else [f"{said}에 ", f"{said}, "]
        first, last = random.choice([(wording, "") for wording in in_front] + [("", f", {said}")])
    if scene.kind == "pair":
        a, b = names
        if scene.vertical:
            words = random.choice([f"{b} 위에 있는 {a}", f"{b} 위에 {a}", f"{a} 아래에 있는 {b}"])
        else:
            both = f"{a}{'과' if ends_in_consonant(a) else '와'} {b}"
            words = random.choice([f"{b} 왼쪽에 있는 {a}", f"{b} 왼쪽에 {a}", f"{a} 오른쪽에 있는 {b}", both])
    elif scene.kind == "count":
        words = f"{names[0]} {NUMBERS[scene.count][1]} {CONCEPTS[scene.objects[0]].counter}"
    else:
        size = "작은 " if scene.size == SMALL else ("큰 " if random.random() < 0.08 else "")
        words = f"{size}{before}{names[0]}"
    return first + words + last + after


def edit(target: Scene, what: str, language: str, random: Random) -> str:
    """The instruction that turns some other scene into `target`; what = "colour" or "style"."""
    if what == "colour":
        if language == "en":
            return random.choice([f"make the background {target.colour}", f"change the background to {target.colour}"])
        noun = colour_noun(target.colour)
        return random.choice([f"배경을 {noun}으로 바꿔 줘", f"배경을 {noun}으로 해 줘"])
    en, ko = STYLE_WORDS[target.style]
    if language == "en":
        return random.choice([f"make it {en} style", f"change the style to {en}"])
    return random.choice([f"{ko} 스타일로 바꿔 줘", f"{ko} 스타일로 해 줘"])
