// Turns the JSON schema of a data source's settings into fields; nested objects and arrays of objects are not settings.
import type { Both } from '$lib/api/types';

export type SettingField = {
  name: string;
  label: Both | string;
  hint: Both | string | null;
  kind: 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'list';
  required: boolean;
  secret: boolean;
  choices: string[];
  initial: string;
};
export type SettingProblem = 'required' | 'notNumber' | 'notWhole';

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `anyOf: [X, null]` is an optional X; `$ref` points into `$defs`. */
function resolve(node: Node, root: Node): Node {
  const ref = node.$ref;
  if (typeof ref === 'string' && isNode(root.$defs)) {
    const target = root.$defs[ref.split('/').at(-1) ?? ''];
    if (isNode(target)) return { ...target, ...node, $ref: undefined };
  }
  const any = node.anyOf;
  if (Array.isArray(any)) {
    const first = any.find((option) => isNode(option) && option.type !== 'null');
    if (isNode(first)) return { ...resolve(first, root), ...node, anyOf: undefined };
  }
  return node;
}

function kindOf(node: Node): SettingField['kind'] {
  if (Array.isArray(node.enum)) return 'choice';
  switch (node.type) {
    case 'boolean':
      return 'boolean';
    case 'integer':
      return 'integer';
    case 'number':
      return 'number';
    case 'array':
      return 'list';
    default:
      return 'text';
  }
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

export function fieldsOf(schema: unknown, config: Record<string, unknown> = {}): SettingField[] {
  if (!isNode(schema) || !isNode(schema.properties)) return [];
  const required = new Set(Array.isArray(schema.required) ? schema.required.map(String) : []);
  return Object.entries(schema.properties)
    .filter((entry): entry is [string, Node] => isNode(entry[1]))
    .map(([name, raw]) => {
      const node = resolve(raw, schema);
      const label = isNode(node.title) ? (node.title as Both) : typeof node.title === 'string' ? node.title : name;
      const hint = isNode(node.description) ? (node.description as Both) : typeof node.description === 'string' ? node.description : null;
      return {
        name,
        label,
        hint,
        kind: kindOf(node),
        required: required.has(name),
        secret: node.secret === true,
        choices: Array.isArray(node.enum) ? node.enum.map(String) : [],
        initial: textOf(config[name] ?? node.default ?? (node.type === 'boolean' ? false : ''))
      };
    });
}

export function configOf(fields: SettingField[], draft: Record<string, string>): { config: Record<string, unknown>; problems: Record<string, SettingProblem> } {
  const config: Record<string, unknown> = {};
  const problems: Record<string, SettingProblem> = {};
  for (const field of fields) {
    const text = (draft[field.name] ?? '').trim();
    if (field.kind === 'boolean') {
      config[field.name] = text === 'true';
      continue;
    }
    if (text === '') {
      if (field.required) problems[field.name] = 'required';
      continue;
    }
    if (field.kind === 'number' || field.kind === 'integer') {
      const number = Number(text);
      if (!Number.isFinite(number)) problems[field.name] = 'notNumber';
      else if (field.kind === 'integer' && !Number.isSafeInteger(number)) problems[field.name] = 'notWhole';
      else config[field.name] = number;
    } else if (field.kind === 'list') {
      config[field.name] = text.split(/[,\n]/).map((part) => part.trim()).filter(Boolean);
    } else config[field.name] = text;
  }
  return { config, problems };
}
