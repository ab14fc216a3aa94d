import { expect, test } from '@jest/globals'
import { runProgram } from '../../src/commands/program.ts'
import { openLog } from '../../src/host/log.ts'
import { withDatabase } from '../support/database.ts'
import { workspaceOf } from '../support/workspace.ts'

/** Nothing listens there: whoever connects first is found out. */
const nowhere = 'postgresql://me@127.0.0.1:1/app'

/** Exit code and everything printed, through the door that both programs use. */
async function run(
  command: string,
  yaml: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly printed: string }> {
  const workspace = workspaceOf({
    'airlock.yml': yaml,
    'migrations/1_bread.sql': 'create table bread (id int);',
  })
  let printed = ''
  const log = openLog({ write: (text) => (printed += text) }, {})
  const given = {
    command,
    config: `${workspace.folder}/airlock.yml`,
    migrations: `${workspace.folder}/migrations`,
  }
  try {
    const code = await runProgram({ given, env, log, isAction: false, warnings: [] })
    return { code, printed }
  } finally {
    workspace.dispose()
  }
}

const drillOf = (url: string) =>
  `backup:\n  command:\n    run: "true"\n    path: x\n    drill: { url: "${url}" }\n`
const replicaOf = (url: string) => `preflight:\n  replica-url: "${url}"\n`

test.each([
  ['backup.drill.url', drillOf],
  ['preflight.replica-url', replicaOf],
])(
  'a deployment with a malformed %s is refused by its name before anything connects',
  async (name, yaml) => {
    const url = 'postgresql://h:s3cret@h/d?nonsense=1'
    const env = { DATABASE_URL: nowhere, OTHER_URL: url }
    const { code, printed } = await run('deploy', yaml(`\${OTHER_URL}`), env)
    expect(code).toBe(2)
    expect(printed).toContain(`${name} has an unknown parameter "nonsense"`)
    expect(printed).not.toContain('127.0.0.1')
    expect(printed).not.toContain('s3cret')
  },
)

test('a plan needs no secret of a drill that only a deployment makes', async () => {
  await withDatabase({}, async ({ url }) => {
    const yaml = drillOf(`\${DRILL_URL}`)
    const { code, printed } = await run('plan', yaml, { DATABASE_URL: url })
    expect([code, printed]).toEqual([0, expect.stringContaining('Backup')])
    const deployed = await run('deploy', yaml, { DATABASE_URL: nowhere })
    expect([deployed.code, deployed.printed]).toEqual([2, expect.stringContaining('DRILL_URL')])
  })
})
