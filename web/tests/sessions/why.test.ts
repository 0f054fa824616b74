import { describe, expect, it } from 'vitest';
import { whyOf } from '../../src/lib/features/sessions/why';

const words = (code: string, message: string) => ({ strategy_failed: '策略自己出错了。', replay_ended: '回放已经结束。' })[code] ?? (message || code);

describe('why a session is not running', () => {
  it('is its code in words and the line of the file', () => expect(whyOf('strategy_failed: mine.py, line 3: NameError: x', words)).toBe('策略自己出错了。 mine.py, line 3: NameError: x'));
  it('is the words alone of a code without more', () => expect(whyOf('replay_ended', words)).toBe('回放已经结束。'));
  it('is what happened where the code has no words', () => expect(whyOf('odd_code: It broke.', words)).toBe('It broke.'));
  it('is a sentence as it was written before', () => expect(whyOf('The strategy failed.', words)).toBe('The strategy failed.'));
});
