import type { Structure } from '../../src/lib/api/types';

/** A structure of 100 bars with nothing in it but what a test puts there. */
export const structureWith = (part: Partial<Structure>): Structure => ({
  timeframe: '30m',
  config: 'CN-STRICT-1',
  mode: 'none',
  as_of_ms: 0,
  first_ts: 0,
  bars: 100,
  first: { fractals: 0, strokes: 0, pivots: 0, points: 0, segments: 0, segment_pivots: 0, segment_points: 0, segments2: 0 },
  fractals: [],
  strokes: [],
  pivots: [],
  points: [],
  segments: [],
  segment_pivots: [],
  segment_points: [],
  segments2: [],
  state: null,
  levels: [],
  ...part
});
