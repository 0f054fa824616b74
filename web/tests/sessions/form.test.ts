import { describe, expect, it } from 'vitest';
import type { ParamSpec } from '../../src/lib/api/types';
import { checkDraft, draftOf } from '../../src/lib/features/sessions/form';

const spec = (part: Partial<ParamSpec>): ParamSpec => ({ name: 'x', type: 'int', default: 20, low: 2, high: 400, step: 1, choices: null, label: { zh: '周期', en: 'Period' }, ...part });
const specs = [
  spec({ name: 'period' }),
  spec({ name: 'width', type: 'float', default: 2.5, low: 0.5, high: 5, step: 0.1 }),
  spec({ name: 'short', type: 'bool', default: false }),
  spec({ name: 'config', type: 'choice', default: 'CN-STRICT-1', choices: ['CN-STRICT-1', 'CN-LOOSE-1'], low: null, high: null }),
  spec({ name: 'levels', type: 'text', default: 'own', low: null, high: null, pattern: 'own(,(4h|1d))*' })
];

describe('a form from a strategy’s parameters', () => {
  it('starts with the defaults, or with given values', () => {
    expect(draftOf(specs)).toEqual({ period: '20', width: '2.5', short: 'false', config: 'CN-STRICT-1', levels: 'own' });
    expect(draftOf(specs, { period: 55 }).period).toBe('55');
  });

  it('gives typed values; fractions travel as text', () => {
    expect(checkDraft(specs, draftOf(specs))).toEqual({
      values: { period: 20, width: '2.5', short: false, config: 'CN-STRICT-1', levels: 'own' },
      problems: {}
    });
  });

  it.each([
    ['', 'required'],
    ['1.5', 'notWhole'],
    ['1', 'tooLow'],
    ['401', 'tooHigh'],
    ['0x10', 'notNumber'],
    ['1_000', 'notNumber'],
    ['1e400', 'notNumber'],
    ['NaN', 'notNumber'],
    ['Infinity', 'notNumber']
  ])('refuses %j for a whole number: %s', (text, problem) => {
    const checked = checkDraft(specs, { ...draftOf(specs), period: text });
    expect(checked.problems).toEqual({ period: problem });
    expect(checked.values).not.toHaveProperty('period');
  });

  it('holds choices and patterns to what is offered', () => {
    expect(checkDraft(specs, { ...draftOf(specs), config: 'NOPE' }).problems).toEqual({ config: 'notOffered' });
    expect(checkDraft(specs, { ...draftOf(specs), levels: 'own,1m' }).problems).toEqual({ levels: 'notOffered' });
    expect(checkDraft(specs, { ...draftOf(specs), levels: 'own,4h,1d' }).problems).toEqual({});
  });

  it('takes a bound of zero seriously', () => {
    const zero = [spec({ name: 'fee', type: 'float', default: 0, low: 0, high: 0 })];
    expect(checkDraft(zero, { fee: '-0.1' }).problems).toEqual({ fee: 'tooLow' });
    expect(checkDraft(zero, { fee: '0.1' }).problems).toEqual({ fee: 'tooHigh' });
  });
});
