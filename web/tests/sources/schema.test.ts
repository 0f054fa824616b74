import { describe, expect, it } from 'vitest';
import { configOf, fieldsOf } from '../../src/lib/features/sources/schema';

const schema = {
  type: 'object',
  $defs: { Mode: { enum: ['fast', 'exact'], default: 'fast' } },
  properties: {
    folder: { type: 'string', title: { zh: '文件夹', en: 'Folder' }, description: { zh: '留空表示全部。', en: 'Empty means all.' } },
    depth: { type: 'integer', default: 3, title: 'Depth' },
    ratio: { anyOf: [{ type: 'number' }, { type: 'null' }], default: null },
    deep: { type: 'boolean', default: true },
    mode: { $ref: '#/$defs/Mode' },
    symbols: { type: 'array', items: { type: 'string' } }
  },
  required: ['folder']
};

describe('a form from a data source’s schema', () => {
  const fields = fieldsOf(schema);

  it('knows each setting’s kind, label and start value', () => {
    expect(fields.map((field) => [field.name, field.kind, field.initial])).toEqual([
      ['folder', 'text', ''],
      ['depth', 'integer', '3'],
      ['ratio', 'number', ''],
      ['deep', 'boolean', 'true'],
      ['mode', 'choice', 'fast'],
      ['symbols', 'list', '']
    ]);
    expect(fields[0]?.label).toEqual({ zh: '文件夹', en: 'Folder' });
    expect(fields[4]?.choices).toEqual(['fast', 'exact']);
  });

  it('starts from what is stored when a source is edited', () => {
    expect(fieldsOf(schema, { folder: 'bars', symbols: ['A', 'B'] }).map((field) => field.initial)).toContain('A, B');
  });

  it('builds the settings, leaving empty optional ones out', () => {
    expect(configOf(fields, { folder: ' bars ', depth: '4', ratio: '', deep: 'false', mode: 'exact', symbols: 'A, B,' })).toEqual({
      config: { folder: 'bars', depth: 4, deep: false, mode: 'exact', symbols: ['A', 'B'] },
      problems: {}
    });
  });

  it('names what is wrong', () => {
    expect(configOf(fields, { folder: '', depth: '1.5', ratio: 'x', deep: 'true', mode: 'fast' }).problems).toEqual({
      folder: 'required',
      depth: 'notWhole',
      ratio: 'notNumber'
    });
  });

  it('draws nothing from what is not a schema', () => {
    for (const odd of [null, 'x', {}, { properties: [] }]) expect(fieldsOf(odd)).toEqual([]);
  });
});
