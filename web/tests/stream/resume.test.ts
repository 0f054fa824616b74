import { describe, expect, it } from 'vitest';
import { backoff, Resume } from '../../src/lib/stream/resume';

describe('a stream that was cut off', () => {
  it('takes each numbered frame once', () => {
    const resume = new Resume();
    resume.welcome(10, false);
    expect([11, 12, 12, 11, 13].map((seq) => resume.accept(seq))).toEqual([true, true, false, false, true]);
    expect(resume.seq).toBe(13);
  });

  it('goes on counting when the platform resumes it', () => {
    const resume = new Resume();
    resume.welcome(3, false);
    resume.accept(4);
    resume.welcome(9, true);
    expect(resume.seq).toBe(4);
    expect([5, 6, 9].map((seq) => resume.accept(seq))).toEqual([true, true, true]);
  });

  it('starts from the platform’s number when it is not resumed, even a lower one after a restart', () => {
    const resume = new Resume();
    resume.welcome(57, false);
    resume.welcome(0, false);
    expect(resume.accept(1)).toBe(true);
  });

  it('lets frames without a number pass', () => {
    const resume = new Resume();
    expect(resume.accept(null)).toBe(true);
    expect(resume.seq).toBeNull();
  });

  it('waits longer each time, within a bound and spread by luck', () => {
    const waits = [0, 1, 2, 3, 4, 5, 20].map((attempt) => backoff(attempt, 0.5));
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    expect(backoff(0, 0)).toBeLessThan(backoff(0, 0.99));
  });
});
