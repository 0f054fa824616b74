import { describe, expect, it } from 'vitest';
import { stepsOf } from '../../src/lib/features/sources/reach';

const told = (code: string) => stepsOf(code)?.map(({ step, state }) => `${step} ${state}`);

describe('a test that failed', () => {
  it('tells DNS, TLS, a block and a key apart by the step it ended at', () => {
    expect(told('dns_failed')?.slice(0, 2)).toEqual(['name failed', 'connection open']);
    expect(told('tls_failed')?.slice(0, 4)).toEqual(['name passed', 'connection passed', 'encryption failed', 'admission open']);
    expect(told('blocked')?.slice(2, 5)).toEqual(['encryption passed', 'admission failed', 'key open']);
    expect(told('key_refused')?.slice(3)).toEqual(['admission passed', 'key failed', 'answer open']);
  });

  it('shows the proxy only where the way ends there', () => {
    expect(told('proxy_login_refused')?.[0]).toBe('proxy failed');
    expect(told('timed_out')).not.toContain('proxy open');
  });

  it('says nothing of the way when it is not about the way', () => {
    expect(stepsOf('folder_unreachable')).toBeNull();
    expect(stepsOf('no_series')).toBeNull();
  });
});
