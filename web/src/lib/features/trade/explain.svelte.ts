// What is being explained: what a person clicked, the platform's answer, and what the chart marks for it. While bars
// close, the answer follows the structure.
import { api, ask } from '$lib/api/transport';
import type { ChanPoint, Explained, ExplainedLine, Fractal, Segment, Structure } from '$lib/api/types';
import type { Picked, PickedLine } from '$lib/chart/overlays/picked';
import type { Pick } from './picks';
import { chan } from './structure.svelte';

export type Target =
  | { layer: 'point'; level: 0 | 1; row: ChanPoint }
  | { layer: 'segment'; level: 0 | 1; row: Segment }
  | { layer: 'pair'; first: Fractal | null; second: Fractal | null };

const SOON_MS = 300;

class Explain {
  target = $state.raw<Target | null>(null);
  told = $state.raw<Explained | null>(null);
  cause = $state<unknown>(null);
  reading = $state(false);
  /** What was explained no longer stands. */
  withdrawn = $state(false);
  /** Every click means a fractal until two are chosen. */
  asking = $derived(this.target?.layer === 'pair');
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Begins to ask why there is no stroke; the next two fractals clicked are its ends. */
  why(): void {
    this.#show({ layer: 'pair', first: null, second: null });
  }

  close(): void {
    this.#show(null);
  }

  pick(pick: Pick): void {
    if (pick.layer !== 'fractal') return this.#show(pick);
    const pair = this.target?.layer === 'pair' ? this.target : null;
    if (!pair?.first || pair.second || pair.first.ts === pick.row.ts) this.#show({ layer: 'pair', first: pick.row, second: null });
    else this.#show({ layer: 'pair', first: pair.first, second: pick.row });
  }

  #show(target: Target | null): void {
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.target = target;
    this.told = null;
    this.cause = null;
    this.withdrawn = false;
    this.reading = false;
    if (target) void this.#ask(target);
  }

  /** Looks for what is explained in a structure that has changed, and asks again when it is not the same any more. */
  follow(structure: Structure): void {
    const target = this.target;
    if (!target) return;
    if (target.layer === 'pair') {
      if (target.second) this.#soon(target);
      return;
    }
    const row = sameRow(structure, target);
    if (!row) {
      this.withdrawn = true;
      return;
    }
    this.withdrawn = false;
    if (JSON.stringify(row) === JSON.stringify(target.row)) return;
    const next = { ...target, row } as Target;
    this.target = next;
    this.#soon(next);
  }

  #soon(target: Target): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(target), SOON_MS);
  }

  async #ask(target: Target): Promise<void> {
    const series = chan.series;
    const what = questionOf(target);
    if (!series || !what) return;
    const turn = ++this.#turn;
    this.reading = true;
    try {
      const told = await ask(api.GET('/api/v1/chan/explain', { params: { query: { ...series, config: chan.config, ...what } } }));
      if (turn !== this.#turn) return;
      this.told = told;
      this.cause = null;
    } catch (cause) {
      if (turn === this.#turn) this.cause = cause;
    } finally {
      if (turn === this.#turn) this.reading = false;
    }
  }

  /** What the chart marks, as far as it is known. */
  picked = $derived(this.target ? pickedOf(this.target, this.told, chan.own) : null);
}

function questionOf(target: Target) {
  if (target.layer !== 'pair') return { layer: target.layer, level: target.level, n: target.row.n };
  if (!target.first || !target.second) return null;
  return { layer: target.layer, from_ts: target.first.ts, to_ts: target.second.ts };
}

/** The row that stands for the same thing now: numbers may shift, a point keeps its bar and kind, a segment its start. */
export function sameRow(structure: Structure, target: Exclude<Target, { layer: 'pair' }>): ChanPoint | Segment | null {
  if (target.layer === 'point') {
    const rows = target.level ? structure.segment_points : structure.points;
    return rows.find((row) => row.ts === target.row.ts && row.kind === target.row.kind) ?? null;
  }
  const rows = target.level ? structure.segments2 : structure.segments;
  return rows.find((row) => row.start_ts === target.row.start_ts && row.direction === target.row.direction) ?? null;
}

const toned = (line: ExplainedLine, tone: PickedLine['tone']): PickedLine => ({ ...line, tone });

export function pickedOf(target: Target, told: Explained | null, structure: Structure | null): Picked {
  if (target.layer === 'pair') {
    const rings = [target.first, target.second].filter((row) => row !== null);
    return { rings, lines: told?.layer === 'pair' && told.stroke ? [toned(told.stroke, 'plain')] : [], box: null };
  }
  if (target.layer === 'segment') {
    const rings = [{ ts: target.row.end_ts, price: target.row.end_price }];
    if (told?.layer !== 'segment' || !structure) return { rings, lines: [], box: null };
    const [rows, first] = told.level ? [structure.segments, structure.first.segments] : [structure.strokes, structure.first.strokes];
    const line = (n: number | null, tone: PickedLine['tone']) => {
      const row = n === null ? undefined : rows[n - first];
      return row ? [{ ...row, tone }] : [];
    };
    return { rings, lines: [...told.elements.flatMap((element) => element.lines.flatMap((n) => line(n, 'in'))), ...line(told.proof, 'out')], box: null };
  }
  const rings = [{ ts: target.row.ts, price: target.row.price }];
  if (told?.layer !== 'point') return { rings, lines: [], box: null };
  return { rings, lines: [...(told.compared ? [toned(told.compared, 'in')] : []), toned(told.line, 'out')], box: told.pivot };
}

export const explain = new Explain();
