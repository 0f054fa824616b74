import { describe, expect, it } from 'vitest';
import type { Strategy } from '../../src/lib/api/types';
import { grouped, rangeOf } from '../../src/lib/features/strategies/grouped';

/** Of a strategy only what the groups are made of. */
const strategy = (key: string): Strategy => {
  const category = key.split('/')[0] ?? '';
  const label = { zh: key, en: key };
  return { key, category, category_label: { zh: category, en: category }, label, summary: label, params: [] } as unknown as Strategy;
};

describe('the catalogue', () => {
  it('keeps the order of the platform within and between kinds', () => {
    const kinds = grouped(['chan/a', 'trend/a', 'chan/b'].map(strategy));
    expect(kinds.map((kind) => [kind.key, kind.strategies.map((one) => one.key)])).toEqual([
      ['chan', ['chan/a', 'chan/b']],
      ['trend', ['trend/a']]
    ]);
  });

  it('tells a parameter’s range in words', () => {
    const spec = { name: 'x', type: 'int', default: 1, label: { zh: '', en: '' } } as Strategy['params'][number];
    expect(rangeOf({ ...spec, low: 2, high: 500 })).toBe('2 – 500');
    expect(rangeOf({ ...spec, low: 0 })).toBe('≥ 0');
    expect(rangeOf({ ...spec, choices: ['a', 'b'] })).toBe('a / b');
    expect(rangeOf(spec)).toBe('—');
  });
});
