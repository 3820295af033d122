// librsvg drops a clipPath whose <use> points at another <use>; some noto icons are drawn that way.
// Puts the shape itself into each clipPath:  <clipPath><use href="#b"/></clipPath>  ->  <clipPath><path .../></clipPath>
const USE = /<use\b[^>]*?(?:xlink:)?href="#([^"]+)"[^>]*?(?:\/>|><\/use>)/g;

export function resolveUseChains(body) {
  const element = (id) => body.match(new RegExp(`<(\\w+)\\b[^>]*\\bid="${escape(id)}"[^>]*?(?:/>|>[\\s\\S]*?</\\1>)`))?.[0];
  const shape = (id, depth = 0) => {
    const found = element(id);
    if (found === undefined || depth > 8) return undefined;
    const next = /^<use\b/.test(found) ? found.match(/href="#([^"]+)"/)?.[1] : undefined;
    return next === undefined ? found : shape(next, depth + 1);
  };
  return body.replace(/<clipPath\b[^>]*>[\s\S]*?<\/clipPath>/g, (clip) =>
    clip.replace(USE, (use, id) => shape(id)?.replace(/\sid="[^"]*"/, "") ?? use),
  );
}

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
