// A bar file before it is brought in: which of its columns are ours, as the platform guesses and a person confirms.
import { api, ask } from '$lib/api/transport';

export const OURS = ['ts', 'open', 'high', 'low', 'close', 'volume'] as const;
export type Ours = (typeof OURS)[number];
export type Preview = { names: string[]; guess: Record<string, string>; sample: string[][] };
export type Choice = Partial<Record<Ours, string>>;

/** The beginning of a CSV says it all; a binary file has its names at the end and goes as a whole, if it is small. */
const HEAD = 64 * 1024;
const MOST = 1000 * 1024;

export function headOf(file: File): File | null {
  if (/\.(csv|txt)$/i.test(file.name)) return new File([file.slice(0, HEAD)], file.name);
  return file.size <= MOST ? file : null;
}

export async function lookAt(file: File): Promise<Preview | null> {
  const head = headOf(file);
  if (!head) return null;
  return ask(
    api.POST('/api/v1/market/columns', {
      body: { file: head.name },
      bodySerializer: () => {
        const form = new FormData();
        form.set('file', head);
        return form;
      }
    })
  );
}

/** The choice as it starts: what was guessed and is really there. */
export function firstChoice(preview: Preview): Choice {
  const known = new Set(preview.names);
  return Object.fromEntries(OURS.filter((ours) => known.has(preview.guess[ours] ?? '')).map((ours) => [ours, preview.guess[ours]]));
}

/** Columns still missing; the volume may be. */
export function missing(choice: Choice): Ours[] {
  return OURS.filter((ours) => ours !== 'volume' && !choice[ours]);
}

/** What the first row holds in a column, to be seen beside its name. */
export function example(preview: Preview, name: string | undefined): string {
  const at = name === undefined ? -1 : preview.names.indexOf(name);
  return at < 0 ? '' : (preview.sample[0]?.[at] ?? '');
}
