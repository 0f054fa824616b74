// Tags that would cover each other: the weightier keeps its place, the others move outwards shelf by shelf or become dots.
export type Tag = {
  x: number;
  /** Where the tag would begin, nearest to its price, and which way it grows: 1 down, −1 up. */
  y: number;
  away: 1 | -1;
  width: number;
  weight: number;
};

export const TAG_HEIGHT = 16;
const SHELVES = 3;
const GAP = 2;
/** Tags are looked up by stripes of this width. */
const STRIPE = 64;

type Box = { left: number; right: number; top: number; bottom: number };

/** Top edge of each tag between `ceiling` and `floor`, or null for one that has to shrink to a dot; in the order of the tags. */
export function shelve(tags: readonly Tag[], floor: number, ceiling = 0): (number | null)[] {
  const stripes = new Map<number, Box[]>();
  const tops: (number | null)[] = tags.map(() => null);
  const order = tags.map((_, place) => place).sort((a, b) => (tags[b]?.weight ?? 0) - (tags[a]?.weight ?? 0) || b - a);
  for (const place of order) {
    const tag = tags[place] as Tag;
    for (let shelf = 0; shelf < SHELVES; shelf += 1) {
      const near = tag.y + tag.away * shelf * (TAG_HEIGHT + GAP);
      const top = tag.away === 1 ? near : near - TAG_HEIGHT;
      if (top < ceiling || top + TAG_HEIGHT > floor) break;
      const box = { left: tag.x - tag.width / 2 - GAP, right: tag.x + tag.width / 2 + GAP, top, bottom: top + TAG_HEIGHT };
      if (!free(stripes, box)) continue;
      take(stripes, box);
      tops[place] = top;
      break;
    }
  }
  return tops;
}

function* stripesOf(box: Box): Generator<number> {
  for (let stripe = Math.floor(box.left / STRIPE); stripe <= Math.floor(box.right / STRIPE); stripe += 1) yield stripe;
}

function free(stripes: Map<number, Box[]>, box: Box): boolean {
  for (const stripe of stripesOf(box)) {
    for (const other of stripes.get(stripe) ?? []) {
      if (box.left < other.right && box.right > other.left && box.top < other.bottom && box.bottom > other.top) return false;
    }
  }
  return true;
}

function take(stripes: Map<number, Box[]>, box: Box): void {
  for (const stripe of stripesOf(box)) stripes.set(stripe, [...(stripes.get(stripe) ?? []), box]);
}
