// Parameters between their form and the platform, which takes numbers as numbers.
import type { ParamSpec } from '$lib/api/types';

export function asNumbers(specs: ParamSpec[], values: Record<string, unknown>): Record<string, unknown> {
  const fraction = new Set(specs.filter((spec) => spec.type === 'float').map((spec) => spec.name));
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fraction.has(name) ? Number(value) : value]));
}

/** Whether two sets of parameters say the same, whatever their order. */
export const same = (one: Record<string, unknown>, other: Record<string, unknown>): boolean =>
  [...new Set([...Object.keys(one), ...Object.keys(other)])].every((name) => one[name] === other[name]);
