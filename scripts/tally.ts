import { readFileSync } from 'node:fs'
import { argv } from 'node:process'

/** What we read of jest's JSON result. */
interface Results {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  /** Test files that did not even load. */
  readonly numRuntimeErrorTestSuites: number
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

const majors = [14, 15, 16, 17, 18]

/**
 * The end of a CI run: one line a major with the tests that passed on it, then `N passed, N failed`, with `, N skipped` where there are
 * any. Steps of the run that failed before the tests count as failed, and so does a major on which nothing passed.
 */
export function tally(results: Results | null, failedSteps: number): string[] {
  const passed = (results?.testResults ?? [])
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed')
  const counts = majors.map(
    (major) => passed.filter(({ fullName }) => majorsIn(fullName).includes(major)).length,
  )
  const lines = majors.map((major, index) => {
    const count = counts[index] ?? 0
    return `PostgreSQL ${major}: ${count === 0 ? 'missing, no test passed' : `${count} passed`}`
  })
  const missing = counts.filter((count) => count === 0).length
  const failed =
    (results?.numFailedTests ?? 0) +
    (results?.numRuntimeErrorTestSuites ?? 0) +
    failedSteps +
    missing
  const skipped = (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0)
  const total = `${results?.numPassedTests ?? 0} passed, ${failed} failed`
  return [...lines, skipped > 0 ? `${total}, ${skipped} skipped` : total]
}

function majorsIn(name: string): number[] {
  return [...name.matchAll(/\bPostgreSQL (\d+)\b/g)].map(([, major]) => Number(major))
}

/** `node build/scripts/tally.js RESULTS FAILED_STEPS EXIT_CODE_OF_TESTS`: exit code 0 if nothing failed. */
function main(): void {
  const [file = '', failedSteps = '0', testsExitCode = '0'] = argv.slice(2)
  const results = readResults(file)
  if (results === null) console.log('The tests wrote no result.')
  const told = (results?.numFailedTests ?? 0) + (results?.numRuntimeErrorTestSuites ?? 0)
  // A failing build, set-up or tear-down is in no test's result.
  const untold = results === null || (testsExitCode !== '0' && told === 0) ? 1 : 0
  const lines = tally(results, Number(failedSteps) + untold)
  console.log(lines.join('\n'))
  process.exitCode = / 0 failed/.test(lines.at(-1) ?? '') ? 0 : 1
}

function readResults(file: string): Results | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Results
  } catch {
    return null
  }
}

if (import.meta.filename === argv[1]) main()
