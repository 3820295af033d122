// Emoji art -> RGBA sprites: one raw file (style, concept, then 48 px and 32 px pictures) and a JSON index.
// Reads ../data/concepts.json; the data room of the trainer reads what this writes.
//   node build.mjs OUTPUT_DIR [ART_DIR] [SCALES]
// ART_DIR holds node_modules with the packages of package.json. SCALES, such as 2,4, gives the same sprites for a
// canvas that many times larger: 96 and 64 px, then 192 and 128 px. The patch stage learns from those.
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { resolveUseChains } from "./resolve-use-chains.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const [outputDir = join(here, "../run/sprites"), artDir = here, scales = "1"] = process.argv.slice(2);
const require = createRequire(join(resolve(artDir), "package.json"));
const sharp = require("sharp");
const readPackage = (name, file) => JSON.parse(readFileSync(require.resolve(`${name}/${file}`), "utf8"));

const SIZES = [48, 32];
const SCALES = scales.split(",").map(Number);
if (!SCALES.every((scale) => Number.isInteger(scale) && scale > 0)) throw new Error(`SCALES are whole numbers, got ${scales}`);
const MARGIN = 1; // transparent border in px at scale 1, so that neighbouring sprites never touch
const RENDER = 384; // drawn large, then shrunk with Lanczos: no jagged edges

/** Codepoint file names differ in their variation selector; try both. */
function iconPicker(name) {
  const chars = readPackage(name, "chars.json");
  const { icons, width, height } = readPackage(name, "icons.json");
  return (codepoint) => {
    const icon = chars[codepoint] ?? chars[`${codepoint}-fe0f`];
    if (icon === undefined) throw new Error(`${name} has no ${codepoint}`);
    const { body, width: w = width ?? 16, height: h = height ?? w } = icons[icon];
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${RENDER}" height="${RENDER}" viewBox="0 0 ${w} ${h}">${resolveUseChains(body)}</svg>`;
    return Buffer.from(svg);
  };
}

function webpPicker(name) {
  const folder = join(dirname(require.resolve(`${name}/package.json`)), "assets");
  return (codepoint) => {
    for (const file of [codepoint, `${codepoint}-fe0f`]) {
      try {
        return readFileSync(join(folder, `${file}.webp`));
      } catch {}
    }
    throw new Error(`${name} has no ${codepoint}`);
  };
}

const styles = {
  noto: iconPicker("@iconify-json/noto"),
  flat: iconPicker("@iconify-json/fluent-emoji-flat"),
  twemoji: iconPicker("@iconify-json/twemoji"),
  "3d": webpPicker("@lobehub/fluent-emoji-3d"),
};

/** The art trimmed to its own box, then fitted and centred: every concept fills its sprite. */
async function raster(source, base, scale) {
  const margin = scale * MARGIN;
  const inner = scale * base - 2 * margin;
  const trimmed = await sharp(source).ensureAlpha().trim({ background: "#00000000", threshold: 4 }).png().toBuffer();
  return sharp(trimmed)
    .resize(inner, inner, { fit: "contain", kernel: "lanczos3", background: "#00000000" })
    .extend({ top: margin, bottom: margin, left: margin, right: margin, background: "#00000000" })
    .raw()
    .toBuffer();
}

const concepts = JSON.parse(readFileSync(join(here, "../data/concepts.json"), "utf8"));
const chunks = [];
for (const [style, pick] of Object.entries(styles)) {
  for (const { codepoint } of concepts) {
    const source = pick(codepoint);
    for (const scale of SCALES) for (const size of SIZES) chunks.push(await raster(source, size, scale));
  }
  console.log(`${style}: ${concepts.length} concepts`);
}
mkdirSync(outputDir, { recursive: true });
writeFileSync(join(outputDir, "sprites.rgba"), Buffer.concat(chunks));
const sizes = SCALES.flatMap((scale) => SIZES.map((size) => scale * size));
const index = { sizes, styles: Object.keys(styles), concepts: concepts.map(({ id }) => id) };
writeFileSync(join(outputDir, "sprites.json"), `${JSON.stringify(index)}\n`);
