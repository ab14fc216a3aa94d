import { Refusal } from '../../report/refusal.ts'

/** A smoke test that can't be run as it is written. */
export function refuseTest(name: string, what: string, why: string, fix: string): Refusal {
  return new Refusal({ what: `Smoke test "${name}": ${what}.`, why, fix })
}
