import { isRunner } from './environment.ts'
import { loadToolkit } from './toolkit.ts'

/** The action's inputs by name, as the runner hands them over; an input that isn't given is absent. */
export async function readInputs(
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const { getInput } = await loadToolkit()
  const given: Record<string, string> = {}
  for (const name of names) {
    const value = getInput(name)
    if (value !== '') given[name] = value
  }
  return given
}

const masked = new Set<string>()

/**
 * Has the runner mask these in everything that the job prints from now on. Once each, and only under the runner: the
 * command that masks prints what it masks. Each line of a text of several lines is masked, as logs are masked by line.
 */
export async function maskSecrets(secrets: readonly string[]): Promise<void> {
  if (!isRunner()) return
  const { setSecret } = await loadToolkit()
  for (const secret of secrets) {
    for (const part of [secret, ...secret.split(/[\r\n]+/)]) {
      if (part.trim() === '' || masked.has(part)) continue
      masked.add(part)
      setSecret(part)
    }
  }
}
