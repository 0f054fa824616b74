// The words and number formats the canvas writes; the page keeps them in the reader's language.

export const lettering = {
  volume: 'Volume',
  missing: (count: number): string => `${count} missing`,
  exDate: 'XD',
  priceDecimals: 2,
  chinese: false,
  /** How a point is written: "B1" or 一买. */
  point: (kind: string): string => kind
};

export type Lettering = typeof lettering;

export function letter(part: Partial<Lettering>): void {
  Object.assign(lettering, part);
}
