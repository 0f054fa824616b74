import { describe, expect, it } from 'vitest';
import { example, firstChoice, headOf, missing } from '../../src/lib/features/sources/columns';

const preview = {
  names: ['k', '时间', '收(元)'],
  guess: { ts: '时间', close: '收(元)', open: '不在' },
  sample: [['x', '2024-06-19', '10.5']]
};

describe('the columns of a file', () => {
  it('start with what was guessed and is there', () => {
    expect(firstChoice(preview)).toEqual({ ts: '时间', close: '收(元)' });
  });

  it('are complete without a volume', () => {
    expect(missing(firstChoice(preview))).toEqual(['open', 'high', 'low']);
    expect(missing({ ts: 'a', open: 'b', high: 'c', low: 'd', close: 'e' })).toEqual([]);
  });

  it('show what the first row holds', () => {
    expect(example(preview, '收(元)')).toBe('10.5');
    expect(example(preview, 'nowhere')).toBe('');
    expect(example(preview, undefined)).toBe('');
  });

  it('are read from the head of a text, and of a binary file only when it is small', () => {
    expect(headOf(new File(['a'.repeat(200_000)], 'bars.csv'))?.size).toBe(65_536);
    expect(headOf(new File(['a'.repeat(10)], 'bars.parquet'))?.size).toBe(10);
    expect(headOf(new File(['a'.repeat(1_100_000)], 'bars.parquet'))).toBeNull();
  });
});
