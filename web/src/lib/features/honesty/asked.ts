// What a passport is asked for besides a backtest's conditions: the values that were tried, and how often.
import type { ParamSpec } from '$lib/api/types';

export const MOST = 400;
const MOST_VALUES = 50;

/** "10, 20，30" as the values of a parameter, [] when empty; null when one does not fit. */
export function valuesOf(spec: ParamSpec, text: string): number[] | null {
  const words = text.split(/[,，\s]+/).filter(Boolean);
  const fits = (word: string) => {
    if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(word)) return false;
    const number = Number(word);
    return (spec.type !== 'int' || Number.isInteger(number)) && !(typeof spec.low === 'number' && number < spec.low) && !(typeof spec.high === 'number' && number > spec.high);
  };
  if (words.length > MOST_VALUES || !words.every(fits)) return null;
  return [...new Set(words.map(Number))].sort((a, b) => a - b);
}

export const numeric = (specs: ParamSpec[]): ParamSpec[] => specs.filter((spec) => spec.type === 'int' || spec.type === 'float');

/** The ranges of all parameters that have values; null when a text does not fit, with the names of those. */
export function rangesOf(specs: ParamSpec[], texts: Record<string, string>): { ranges: Record<string, number[]>; wrong: string[] } {
  const ranges: Record<string, number[]> = {};
  const wrong: string[] = [];
  for (const spec of numeric(specs)) {
    const values = valuesOf(spec, texts[spec.name] ?? '');
    if (values === null) wrong.push(spec.name);
    else if (values.length) ranges[spec.name] = values;
  }
  return { ranges, wrong };
}

export const combinations = (ranges: Record<string, unknown[]>): number => Object.values(ranges).reduce((count, values) => count * values.length, 1);
