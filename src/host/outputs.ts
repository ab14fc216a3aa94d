import { loadToolkit } from './toolkit.ts'

/** What the action hands on to later steps; paths are absent where nothing was written. */
export interface Outputs {
  readonly outcome: string
  /** Versions. */
  readonly applied: readonly string[]
  readonly pending: readonly string[]
  readonly report: string | undefined
  readonly summary: string | undefined
  readonly backupPath: string | undefined
  readonly backupSha256: string | undefined
}

/** Sets the outputs of the step; does nothing where no runner collects them. */
export async function writeOutputs(
  outputs: Outputs,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<void> {
  // Without that file @actions/core would print the outputs as commands of the old form.
  if (!env.GITHUB_OUTPUT) return
  const { setOutput } = await loadToolkit()
  setOutput('outcome', outputs.outcome)
  setOutput('applied', JSON.stringify(outputs.applied))
  setOutput('pending', JSON.stringify(outputs.pending))
  setOutput('report', outputs.report ?? '')
  setOutput('summary', outputs.summary ?? '')
  setOutput('backup-path', outputs.backupPath ?? '')
  setOutput('backup-sha256', outputs.backupSha256 ?? '')
}
