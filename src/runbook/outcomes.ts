/** How a run can end, as exit code, outcome and meaning: for the README; the commands choose among them. */
export const OUTCOMES: readonly {
  readonly exitCode: number
  readonly outcomes: readonly string[]
  readonly when?: string
  readonly meaning: string
}[] = [
  {
    exitCode: 0,
    outcomes: ['deployed', 'nothing-to-do', 'planned', 'verified'],
    meaning: 'As asked.',
  },
  { exitCode: 0, outcomes: ['rolled-back'], when: 'command `rollback`', meaning: 'As asked.' },
  { exitCode: 1, outcomes: ['refused'], when: 'by a gate', meaning: 'Nothing was changed.' },
  {
    exitCode: 1,
    outcomes: ['failed'],
    meaning:
      'The failed migration left nothing behind; earlier ones of the run may stay and are listed.',
  },
  {
    exitCode: 1,
    outcomes: ['rolled-back'],
    when: 'a deploy',
    meaning: 'It failed and undid what the policy says; the catalog is proven to be as before.',
  },
  {
    exitCode: 2,
    outcomes: ['refused'],
    when: 'usage, configuration, SQL that can’t be planned',
    meaning: 'Nothing was changed.',
  },
  {
    exitCode: 3,
    outcomes: ['needs-attention'],
    meaning:
      'A person has to look: undoing failed, the catalog differs, committed row changes are kept, a statement’s fate can’t be known, or `stop` left something.',
  },
  {
    exitCode: 130,
    outcomes: ['cancelled'],
    meaning: 'Stopped on request; the report says what was undone.',
  },
]

/** Outputs of the action. */
export const OUTPUTS = {
  outcome: 'How the run ended: see the table of outcomes.',
  applied: 'JSON array of the versions that this run applied.',
  pending: 'JSON array of the versions that are still pending.',
  report: 'Path of the JSON report.',
  summary: 'Path of the summary in Markdown.',
  'plan-digest': 'What `plan` saw: hand it to `deploy` as `plan-digest` once it is approved.',
  'backup-path': 'Path of the backup that this run made, to upload it; empty where it made none.',
  'backup-sha256': 'SHA-256 of that backup, in hex.',
} as const

export type OutputName = keyof typeof OUTPUTS
