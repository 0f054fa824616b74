import { describe, expect, it } from 'vitest';
import { draftOfLimits, limitsOfDraft } from '../../src/lib/features/risk/limits';

const empty = draftOfLimits({});

describe('a person’s own limits', () => {
  it('are percent on the page and fractions on the wire', () => {
    const draft = draftOfLimits({ max_orders_per_minute: 5, max_single_order_pct: '0.1', price_band_pct: '0.07' });
    expect(draft).toMatchObject({ max_orders_per_minute: '5', max_single_order_pct: '10', price_band_pct: '7' });
    expect(limitsOfDraft(draft)).toMatchObject({ wrong: [], limits: { max_orders_per_minute: 5, max_single_order_pct: '0.1', price_band_pct: '0.07' } });
  });

  it('are null where nothing is written', () => {
    expect(Object.values(limitsOfDraft(empty).limits)).toEqual([null, null, null, null, null]);
  });

  it.each(['0', '-1', '101', 'x', '1e2', '1_0'])('refuse %j as a share', (text) => {
    expect(limitsOfDraft({ ...empty, max_single_order_pct: text }).wrong).toEqual(['max_single_order_pct']);
  });

  it.each(['0', '2.5', 'x', '-3'])('refuse %j as a count', (text) => {
    expect(limitsOfDraft({ ...empty, max_orders_per_day: text }).wrong).toEqual(['max_orders_per_day']);
  });
});
