"""A scene as a little drawing program in the manner of SVG, so that text is more than captions.

    scene_code(one small apple) == '<svg fill="red"><apple x="16" y="16" size="32"/></svg>'"""
import re

from .concepts import COLOUR_NAMES, CONCEPTS, STYLES
from .scene import Scene, placements

ELEMENT = re.compile(r'<([\w-]+) x="(\d+)" y="(\d+)" size="(\d+)"/>')
WHOLE = re.compile(r'<svg fill="(\w+)"(?: class="(\w+)")?>((?:<[^<>]+/>)+)</svg>')
CONCEPT_OF = {concept.en.replace(" ", "-"): index for index, concept in enumerate(CONCEPTS)}


def scene_code(scene: Scene) -> str:
    elements = "".join(f'<{CONCEPTS[concept].en.replace(" ", "-")} x="{x}" y="{y}" size="{size}"/>' for concept, size, x, y in placements(scene))
    style = "" if scene.style == "noto" else f' class="{scene.style}"'
    return f'<svg fill="{scene.colour}"{style}>{elements}</svg>'


def read_code(code: str) -> tuple[str, str, list[tuple[int, int, int, int]]] | None:
    """-> background, style, [(concept, size, x, y)]; None where it is no such program."""
    whole = WHOLE.fullmatch(code)
    if whole is None or whole[1] not in COLOUR_NAMES or (whole[2] or "noto") not in STYLES:
        return None
    found = list(ELEMENT.finditer(whole[3]))
    if "".join(match[0] for match in found) != whole[3] or any(match[1] not in CONCEPT_OF for match in found):
        return None
    return whole[1], whole[2] or "noto", [(CONCEPT_OF[m[1]], int(m[4]), int(m[2]), int(m[3])) for m in found]
