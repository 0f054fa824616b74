// The two strokes a divergence compares: the one that entered the pivot and the one that left it.
import type { Structure } from '$lib/api/types';
import type { Compared } from '$lib/chart/overlays/compare';
import type { MacdRow } from '$lib/chart/indicators/macd';

/** The pair behind the latest point that carries a ratio, or null when it cannot be named from the rows. */
export function comparedOf(structure: Structure): Compared {
  const point = [...structure.points].reverse().find((row) => row.ratio !== null);
  if (!point) return null;
  const leaving = structure.strokes.find((stroke) => stroke.n === point.stroke);
  if (!leaving) return null;
  const pivot = [...structure.pivots].reverse().find((row) => row.last_stroke < point.stroke + 1 && row.first_stroke <= point.stroke);
  const entering = pivot && structure.strokes.find((stroke) => stroke.n === pivot.first_stroke - 1);
  if (!entering || entering.direction !== leaving.direction) return null;
  return { entering, leaving };
}

export type Force = { area: number; peak: number };

/** Area and peak of the MACD bars on the stroke's own side of zero, between its two ends. */
export function forceOf(rows: MacdRow[], from: number, to: number, direction: 'up' | 'down'): Force {
  let area = 0;
  let peak = 0;
  for (let i = Math.max(0, from); i <= Math.min(rows.length - 1, to); i += 1) {
    const hist = rows[i]?.hist ?? 0;
    const own = direction === 'up' ? Math.max(0, hist) : Math.max(0, -hist);
    area += own;
    peak = Math.max(peak, own);
  }
  return { area, peak };
}
