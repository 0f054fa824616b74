// A form from a strategy's parameter list: text in the fields, typed values out, one error code per bad field.
import type { ParamSpec } from '$lib/api/types';

export type Draft = Record<string, string>;
export type FieldProblem = 'required' | 'notNumber' | 'notWhole' | 'tooLow' | 'tooHigh' | 'notOffered';
export type Checked = { values: Record<string, unknown>; problems: Record<string, FieldProblem> };

export function draftOf(specs: ParamSpec[], values: Record<string, unknown> = {}): Draft {
  return Object.fromEntries(
    specs.map((spec) => {
      const value = values[spec.name] ?? spec.default;
      return [spec.name, value === null || value === undefined ? '' : String(value)];
    })
  );
}

function checkNumber(spec: ParamSpec, text: string): number | FieldProblem {
  // Number() also takes hex, binary and blanks; a parameter is written in plain decimal.
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return 'notNumber';
  const number = Number(text);
  if (!Number.isFinite(number)) return 'notNumber';
  if (spec.type === 'int' && !Number.isSafeInteger(number)) return 'notWhole';
  if (typeof spec.low === 'number' && number < spec.low) return 'tooLow';
  if (typeof spec.high === 'number' && number > spec.high) return 'tooHigh';
  return number;
}

export function checkDraft(specs: ParamSpec[], draft: Draft): Checked {
  const checked: Checked = { values: {}, problems: {} };
  for (const spec of specs) {
    const text = (draft[spec.name] ?? '').trim();
    if (spec.type === 'bool') {
      checked.values[spec.name] = text === 'true';
    } else if (text === '') {
      checked.problems[spec.name] = 'required';
    } else if (spec.type === 'int' || spec.type === 'float') {
      const answer = checkNumber(spec, text);
      // A fraction travels as text: the platform reads decimals exactly and refuses binary ones.
      if (typeof answer === 'number') checked.values[spec.name] = spec.type === 'int' ? answer : String(answer);
      else checked.problems[spec.name] = answer;
    } else if (spec.type === 'choice' && spec.choices && !spec.choices.map(String).includes(text)) {
      checked.problems[spec.name] = 'notOffered';
    } else if (spec.pattern && !new RegExp(`^(?:${spec.pattern})$`).test(text)) {
      checked.problems[spec.name] = 'notOffered';
    } else checked.values[spec.name] = text;
  }
  return checked;
}
