// The catalogue by kind, in the order in which the platform names the kinds.
import type { Strategy } from '$lib/api/types';

export type Kind = { key: string; label: Strategy['category_label']; strategies: Strategy[] };

export function grouped(items: Strategy[]): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const item of items) {
    const kind = kinds.get(item.category) ?? { key: item.category, label: item.category_label, strategies: [] };
    kind.strategies.push(item);
    kinds.set(item.category, kind);
  }
  return [...kinds.values()];
}

/** The range of a parameter in words: "2 – 500", its choices, or nothing. */
export function rangeOf(spec: Strategy['params'][number]): string {
  if (spec.choices) return spec.choices.join(' / ');
  if (typeof spec.low === 'number' && typeof spec.high === 'number') return `${spec.low} – ${spec.high}`;
  if (typeof spec.low === 'number') return `≥ ${spec.low}`;
  return typeof spec.high === 'number' ? `≤ ${spec.high}` : '—';
}
