// Where the way to a source ends: the code of a failed test says which step did not work, so those before it did.

export const STEPS = ['name', 'connection', 'encryption', 'admission', 'key', 'answer'] as const;
export type Step = (typeof STEPS)[number] | 'proxy';
export type StepState = { step: Step; state: 'passed' | 'failed' | 'open' };

const FAILED_AT: Record<string, Step> = {
  proxy_unreachable: 'proxy',
  proxy_refused: 'proxy',
  proxy_login_refused: 'proxy',
  bad_proxy: 'proxy',
  dns_failed: 'name',
  connection_refused: 'connection',
  connection_failed: 'connection',
  timed_out: 'connection',
  tls_failed: 'encryption',
  blocked: 'admission',
  key_refused: 'key',
  source_failing: 'answer',
  library_failed: 'answer'
};

/** The steps of a test that failed with this code; null when the code is not about the way there. */
export function stepsOf(code: string): StepState[] | null {
  const failed = FAILED_AT[code];
  if (!failed) return null;
  const steps: Step[] = failed === 'proxy' ? ['proxy', ...STEPS] : [...STEPS];
  const at = steps.indexOf(failed);
  return steps.map((step, place) => ({ step, state: place < at ? 'passed' : place === at ? 'failed' : 'open' }));
}
