/** The end of the page: kept in sight while it grows, unless the reader has gone up to read. */

/** Pixels from the end that still count as being there. */
const near = 80;

export interface End {
  /** Goes there, whatever was read. */
  go(): void;
}

/** `growing`: what the page gets longer by. */
export function stayAtEnd(...growing: readonly Element[]): End {
  const page = document.documentElement;
  let there = true;
  let last = scrollY;
  const go = (): void => {
    there = true;
    scrollTo(0, page.scrollHeight);
  };
  addEventListener('scroll', () => {
    // Going up is what readers do; being further from the end may also mean that the page has grown meanwhile.
    const up = scrollY < last;
    last = scrollY;
    if (page.scrollHeight - innerHeight - scrollY < near) there = true;
    else if (up) there = false;
  });
  const watcher = new ResizeObserver(() => {
    if (there) go();
  });
  for (const one of growing) watcher.observe(one);
  return { go };
}
