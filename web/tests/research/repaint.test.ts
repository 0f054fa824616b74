import { describe, expect, it } from 'vitest';
import type { Repaint, RepaintRow } from '../../src/lib/api/types';
import { rowOf, vanishedBefore } from '../../src/lib/features/research/repaint.svelte';

const row = (stage: RepaintRow['stage'], published: number, withdrawn: number): RepaintRow => ({
  level: 0, kind: 'B1', stage, published, withdrawn, open: 0, survival: 1 - withdrawn / published, delay_median: 9, delay_p90: 20
});
const measured: Repaint = { bars: 1000, first_ts: 0, last_ts: 9, measured_at: 1, rows: [row('shown', 100, 45), row('settled', 57, 2)] };

describe('the repaint meter', () => {
  it('counts those that vanished before their line was fixed, not those that vanished later', () => {
    expect(vanishedBefore(measured, 0, 'B1')).toBe(43);
  });

  it('finds nothing where nothing was measured', () => {
    expect(rowOf(null, 0, 'B1', 'shown')).toBeNull();
    expect(rowOf(measured, 1, 'B1', 'shown')).toBeNull();
    expect(vanishedBefore(null, 0, 'B1')).toBe(0);
  });
});
