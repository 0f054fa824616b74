import { describe, expect, it } from 'vitest';
import { formOf } from '../../src/lib/features/backtests/conditions';
import { axesOf, pointsOf, questionOf, roundStep, type AxisDraft, type Question } from '../../src/lib/features/optimisation/question';
import { placeOf, shade, spreadOf } from '../../src/lib/features/optimisation/shade';
import type { ParamSpec } from '../../src/lib/api/types';

const label = { zh: 'x', en: 'x' };
const SPECS: ParamSpec[] = [
  { name: 'fast', type: 'int', default: 50, low: 1, high: 500, step: 1, label },
  { name: 'width', type: 'float', default: 2, low: 0.1, high: 10, label },
  { name: 'side', type: 'choice', default: 'a', choices: ['a', 'b'], label },
  { name: 'levels', type: 'text', default: '30m', pattern: '[0-9a-z]+', label }
];

function question(changes: Partial<Question> = {}): Question {
  const params = { fast: '50', width: '2', side: 'a', levels: '30m' };
  const run = { ...formOf('trend/golden_cross', {}, params), instruments: ['X'], timeframe: '1d' };
  return { run, axes: axesOf(SPECS), method: 'bayes', metric: 'sharpe', conditions: [], trials: '100', minutes: '', heldOut: '30', seed: '0', ...changes };
}

describe('a search is asked for', () => {
  it('from half to double of what a number usually is, in round steps', () => {
    const axes = axesOf(SPECS);
    expect(axes.fast).toEqual({ searched: true, low: '25', high: '100', step: '5' });
    expect(axes.width).toEqual({ searched: true, low: '1', high: '4', step: '0.2' });
    expect(axes.side?.searched).toBe(false);
    expect(axes.levels?.searched).toBe(false);
    expect([roundStep(0, 10, true), roundStep(7, 15, true), roundStep(1000, 15, false)]).toEqual([1, 1, 100]);
  });

  it('as numbers for what varies and values for what stays', () => {
    const { body, problems } = questionOf(question({ conditions: [{ left: 'max_drawdown', op: '<=', right: '0.2' }, { left: 'fast', op: '<', right: 'slow' }], minutes: '5' }), SPECS);
    expect(problems).toMatchObject({ axes: {}, conditions: [] });
    expect(body).toMatchObject({
      ranges: { fast: { low: 25, high: 100, step: 5 }, width: { low: 1, high: 4, step: 0.2 } },
      params: { side: 'a', levels: '30m' },
      constraints: [{ left: 'max_drawdown', op: '<=', right: 0.2 }, { left: 'fast', op: '<', right: 'slow' }],
      seconds: 300,
      held_out: 0.3
    });
  });

  it('over every option of a choice', () => {
    const axes = { ...axesOf(SPECS), side: { searched: true, low: '', high: '', step: '' } };
    expect(questionOf(question({ axes }), SPECS).body?.ranges).toMatchObject({ side: { values: ['a', 'b'] } });
    expect(pointsOf(SPECS, axes)).toBe(16 * 16 * 2);
  });

  it.each([
    [{ low: '0' }, 'below its bound'],
    [{ high: '10' }, 'ends before it begins'],
    [{ step: '1.5' }, 'broken steps of whole numbers'],
    [{ step: '99' }, 'a step wider than the range'],
    [{ low: 'x' }, 'no number']
  ] as [Partial<AxisDraft>, string][])('not with %j: %s', (change, _why) => {
    const axes = axesOf(SPECS);
    const { body, problems } = questionOf(question({ axes: { ...axes, fast: { ...axes.fast!, ...change } } }), SPECS);
    expect([body, problems.axes]).toEqual([null, { fast: true }]);
  });

  it.each([
    [{ trials: '0' }, { trials: true }],
    [{ minutes: '0' }, { minutes: true }],
    [{ heldOut: '70' }, { heldOut: true }],
    [{ seed: '-1' }, { seed: true }],
    [{ conditions: [{ left: 'trades', op: '<', right: '1 or 2' }] }, { conditions: [0] }]
  ] as [Partial<Question>, object][])('not with %j', (changes, expected) => {
    const { body, problems } = questionOf(question(changes), SPECS);
    expect(body).toBeNull();
    expect(problems).toMatchObject(expected);
  });

  it('not when nothing varies, and without steps it has no end', () => {
    const still = Object.fromEntries(Object.entries(axesOf(SPECS)).map(([name, axis]) => [name, { ...axis, searched: false }]));
    expect(questionOf(question({ axes: still }), SPECS).problems.nothing).toBe(true);
    expect(pointsOf(SPECS, { ...axesOf(SPECS), width: { searched: true, low: '1', high: '2', step: '' } })).toBeNull();
  });
});

describe('the map', () => {
  it('is brightest at its best, whichever way that lies', () => {
    const cells = [[1, null], [3, 2]];
    expect(spreadOf(cells, true)).toEqual({ worst: 1, best: 3 });
    const down = spreadOf(cells, false)!;
    expect([shade(3, down), shade(1, down), shade(2, down)]).toEqual([10, 88, 49]);
    expect(spreadOf([[null]], true)).toBeNull();
    expect(shade(5, { worst: 5, best: 5 })).toBe(49);
  });

  it('frames the cell of a value, its own or the nearest part', () => {
    expect(placeOf('b', ['a', 'b'])).toBe(1);
    expect(placeOf(7, [5, 10, 15])).toBe(0);
    expect(placeOf(8, [5, 10, 15])).toBe(1);
  });
});
