// Finds a row when every word typed begins, or lies inside, one of its names.
export function matches(text: string, names: (string | null | undefined)[]): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const inside = names.filter((name): name is string => Boolean(name)).map((name) => name.toLowerCase());
  return words.every((word) => inside.some((name) => name.includes(word) || name.replace(/[^a-z0-9\u4e00-\u9fff]/g, '').includes(word)));
}
