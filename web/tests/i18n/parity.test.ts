import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { en, zh } from '../../src/lib/i18n/index.svelte';

type Tree = { [key: string]: unknown };
/** Names that only one language needs: English keeps B1 and the platform's own English reasons. */
/** Their argument is a truth value or is folded into the sentence. */
const HAS_OWN_WORDS = /(pointIs|lineLimit|lineStop)$/;
const ONE_SIDED = ['chan.names', 'sessions.reasons', 'sources.kinds', 'backtests.reasons'];

function leaves(tree: Tree, path = ''): [string, unknown][] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const here = path ? `${path}.${key}` : key;
    if (ONE_SIDED.includes(here)) return [];
    return typeof value === 'object' && value !== null ? leaves(value as Tree, here) : [[here, value] as [string, unknown]];
  });
}

describe('the words of the page', () => {
  const chinese = new Map(leaves(zh));
  const english = new Map(leaves(en));

  it('exist in both languages, key by key', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort());
  });

  it('are never empty and of the same kind', () => {
    for (const [key, value] of chinese) {
      expect(typeof english.get(key), key).toBe(typeof value);
      if (typeof value === 'string') {
        expect(value.trim(), key).not.toBe('');
        expect((english.get(key) as string).trim(), key).not.toBe('');
      }
    }
  });

  it('say the same numbers and names in both languages', () => {
    for (const [key, value] of chinese) {
      if (typeof value !== 'function') continue;
      const args = Array.from({ length: value.length }, (_, i) => `7919${i}`);
      const said = [value, english.get(key) as (...args: string[]) => string].map((say) => (say as (...args: string[]) => string)(...args));
      if (HAS_OWN_WORDS.test(key)) continue;
      const [chineseArgs, englishArgs] = said.map((text) => args.filter((arg) => text.includes(arg)));
      expect(englishArgs, key).toEqual(chineseArgs);
      // Words of one kind share a shape: some of a kind need none of its arguments.
      if (!/^explain\.(segmentEnds|pairs)\./.test(key)) expect(chineseArgs, key).not.toEqual([]);
    }
  });

  it('keep to the voice: no exclamation marks, no capitals for style, no apology', () => {
    for (const value of [...chinese.values(), ...english.values()]) {
      if (typeof value !== 'string') continue;
      expect(value).not.toMatch(/[!！]|sorry|oops|抱歉|对不起/i);
    }
  });

  it('are the only texts: no component writes Chinese of its own', () => {
    const files = (folder: string): string[] =>
      readdirSync(folder).flatMap((name) => {
        const path = join(folder, name);
        return statSync(path).isDirectory() ? files(path) : [path];
      });
    const allowed = /中文|一买 一卖|笔|分型|买卖点|看盘/;
    for (const path of files('src').filter((name) => name.endsWith('.svelte'))) {
      const markup = readFileSync(path, 'utf8').replace(/<script[\s\S]*?<\/script>/g, '').replace(/<!--[\s\S]*?-->/g, '');
      for (const line of markup.split('\n')) if (/[\u4e00-\u9fff]/.test(line)) expect(line, path).toMatch(allowed);
    }
  });
});
