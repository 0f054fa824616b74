// Exact sums of decimal texts: what is left of a ticket must not be 0.30000000000000004.

const PLAIN = /^-?\d+(\.\d+)?$/;

/** Commas and spaces off; null unless it is a plain decimal. */
export function decimal(text: string): string | null {
  const clean = text.replace(/[,\s]/g, '').replace(/^\./, '0.').replace(/\.$/, '');
  return PLAIN.test(clean) ? clean : null;
}

function scaled(text: string, places: number): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const size = BigInt(whole + fraction.padEnd(places, '0'));
  return text.startsWith('-') ? -size : size;
}

const placesOf = (text: string): number => text.split('.')[1]?.length ?? 0;

/** a − b as a plain decimal text without needless zeros. Both must be plain decimals. */
export function minus(a: string, b: string): string {
  const places = Math.max(placesOf(a), placesOf(b));
  const rest = scaled(a, places) - scaled(b, places);
  const digits = String(rest < 0n ? -rest : rest).padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places).replace(/0+$/, '');
  return `${rest < 0n ? '-' : ''}${whole}${fraction ? `.${fraction}` : ''}`;
}

/** −1, 0 or 1, like a sort wants it. */
export function compare(a: string, b: string): number {
  const places = Math.max(placesOf(a), placesOf(b));
  const rest = scaled(a, places) - scaled(b, places);
  return rest < 0n ? -1 : rest > 0n ? 1 : 0;
}
