/**
 * Picture: patches → pixels, one at a time and in any order. The latest revision of a place wins; what is older is
 * dropped. Patches of an upscaled picture enlarge it. The result equals joining all patches at once.
 */
import type { ImageContent, ImageDelta } from '@any-to-any/core';
import { AnyToAnyError } from '@any-to-any/core/wire';

/** A place of the picture and the newest patch that lies there. */
export interface Cell {
  readonly patch: ImageDelta;
  /** Patches that came for this place so far. */
  readonly count: number;
}

export interface Picture extends ImageContent {
  /** Plain memory, as canvases want it. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** In the order in which the places first appeared; what others cover wholly is gone. */
  readonly cells: readonly Cell[];
}

/** `false`: the patch was stale. `grown`: the picture has a new size, so all of it has changed. */
export type Added = false | 'painted' | 'grown';

export class PictureBuilder implements Picture {
  readonly modality = 'image';
  width = 0;
  height = 0;
  data = new Uint8Array(0);
  /** Per pixel, what is painted there: its revision, and the width of its picture. */
  #revisions = new Uint32Array(0);
  #widths = new Uint32Array(0);
  readonly #cells = new Map<string, Cell>();
  /** Patches that may show again when the picture grows. */
  #kept: ImageDelta[] = [];

  get cells(): readonly Cell[] {
    return [...this.#cells.values()];
  }

  /** Throws CONTENT_INVALID for a patch that does not fit the picture. */
  add(patch: ImageDelta): Added {
    this.#check(patch);
    const grown = patch.width > this.width;
    if (grown) this.#grow(patch.width, patch.height);
    const painted = this.#paint(patch);
    if (painted) {
      this.#kept.push(patch);
      this.#note(patch);
    }
    return grown ? 'grown' : painted && 'painted';
  }

  #grow(width: number, height: number): void {
    Object.assign(this, { width, height, data: new Uint8Array(width * height * 4).fill(255) });
    this.#revisions = new Uint32Array(width * height);
    this.#widths = new Uint32Array(width * height);
    for (const patch of this.#kept) this.#paint(patch);
  }

  /** True if any pixel shows it. */
  #paint(patch: ImageDelta): boolean {
    const { rectangle, data, revision } = patch;
    const scale = this.width / patch.width;
    const left = Math.round(rectangle.x * scale);
    const right = Math.round((rectangle.x + rectangle.width) * scale);
    const bottom = Math.round((rectangle.y + rectangle.height) * scale);
    let shown = false;
    for (let y = Math.round(rectangle.y * scale); y < bottom; y++) {
      const row = Math.min(rectangle.height - 1, Math.floor((y + 0.5) / scale) - rectangle.y);
      for (let x = left; x < right; x++) {
        const at = y * this.width + x;
        const older = this.#revisions[at]! - revision || this.#widths[at]! - patch.width;
        if (this.#widths[at] !== 0 && older > 0) continue;
        this.#revisions[at] = revision;
        this.#widths[at] = patch.width;
        const column = Math.min(rectangle.width - 1, Math.floor((x + 0.5) / scale) - rectangle.x);
        const from = (row * rectangle.width + column) * 4;
        for (let channel = 0; channel < 4; channel++) this.data[at * 4 + channel] = data[from + channel]!;
        shown = true;
      }
    }
    return shown;
  }

  #note(patch: ImageDelta): void {
    const { x, y, width, height } = patch.rectangle;
    const key = [x / patch.width, y / patch.height, width / patch.width, height / patch.height].join();
    const before = this.#cells.get(key);
    this.#cells.set(key, { patch, count: (before?.count ?? 0) + 1 });
    for (const [other, cell] of this.#cells) {
      if (other !== key && meet(cell.patch, patch) && !this.#shows(cell.patch)) this.#cells.delete(other);
    }
    // What is covered can never show again.
    const shown = new Set([...this.#cells.values()].map((cell) => cell.patch));
    this.#kept = this.#kept.filter((one) => shown.has(one));
  }

  /** True if any pixel may show it: where patches of one revision overlap, all of them may. */
  #shows({ rectangle, width, revision }: ImageDelta): boolean {
    const scale = this.width / width;
    const right = Math.round((rectangle.x + rectangle.width) * scale);
    const bottom = Math.round((rectangle.y + rectangle.height) * scale);
    for (let y = Math.round(rectangle.y * scale); y < bottom; y++) {
      for (let x = Math.round(rectangle.x * scale); x < right; x++) {
        const at = y * this.width + x;
        if (this.#revisions[at] === revision && this.#widths[at] === width) return true;
      }
    }
    return false;
  }

  #check({ width, height, rectangle, data, revision }: ImageDelta): void {
    const { x, y, width: across, height: down } = rectangle;
    const whole = [width, height, x, y, across, down, revision].every(Number.isSafeInteger);
    const inside = x >= 0 && y >= 0 && across > 0 && down > 0 && x + across <= width && y + down <= height;
    const same = this.width === 0 || width * this.height === height * this.width;
    if (whole && inside && same && revision >= 0 && data.length === across * down * 4) return;
    throw new AnyToAnyError(
      'CONTENT_INVALID',
      `A patch of ${across} × ${down} at (${x}, ${y}) with ${data.length} bytes does not lie in a picture of ` +
        `${width} × ${height}${same ? '' : `, beside ${this.width} × ${this.height}`}.`,
      { rectangle },
    );
  }
}

/** Whether two patches share any part of the picture, each at its own size. */
function meet(a: ImageDelta, b: ImageDelta): boolean {
  const apart = (side: 'x' | 'y', length: 'width' | 'height'): boolean =>
    (a.rectangle[side] + a.rectangle[length]) * b[length] <= b.rectangle[side] * a[length] ||
    (b.rectangle[side] + b.rectangle[length]) * a[length] <= a.rectangle[side] * b[length];
  return !apart('x', 'width') && !apart('y', 'height');
}
