import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { runScript } from './process.ts'

const RUNNER = { GITHUB_ACTIONS: 'true' }

describe('inputs', () => {
  test('are read under their kebab-case names; empty ones are absent', async () => {
    const { stdout } = await runScript(
      `import { readInputs } from '@host/inputs.js'
       console.log(JSON.stringify(await readInputs(['lock-timeout', 'to', 'role'])))`,
      { 'INPUT_LOCK-TIMEOUT': ' 3s ', INPUT_TO: '' },
    )
    expect(JSON.parse(stdout)).toEqual({ 'lock-timeout': '3s' })
  })
})

describe('secrets', () => {
  const script = `import { maskSecrets } from '@host/inputs.js'
    await maskSecrets(['one%two', 'three']); await maskSecrets(['three', '', 'a\\nb'])`

  test('are masked once each under the runner', async () => {
    const { stdout } = await runScript(script, RUNNER)
    expect(stdout.trim().split(/\r?\n/)).toEqual([
      '::add-mask::one%25two',
      '::add-mask::three',
      '::add-mask::a%0Ab',
      '::add-mask::a',
      '::add-mask::b',
    ])
  })

  test('are not printed anywhere else, where masking would show them', async () => {
    expect((await runScript(script)).stdout).toBe('')
  })
})

describe('outputs', () => {
  const script = `import { writeOutputs } from '@host/outputs.js'
    await writeOutputs({ outcome: 'deployed', applied: ['1', '2'], pending: [], report: '/r', summary: undefined,
      planDigest: 'd1', backupPath: '/b.dump', backupSha256: undefined })`

  test('are written to the file of the step', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'outputs-')), 'output')
    writeFileSync(file, '')
    const { stdout } = await runScript(script, { ...RUNNER, GITHUB_OUTPUT: file })
    expect(stdout).toBe('')
    const written = Object.fromEntries(
      [...readFileSync(file, 'utf8').matchAll(/^([\w-]+)<<(\S+)\r?\n(.*)\r?\n\2$/gm)].map(
        ([, name, , value]) => [name, value],
      ),
    )
    expect(written).toEqual({
      outcome: 'deployed',
      applied: '["1","2"]',
      pending: '[]',
      report: '/r',
      summary: '',
      'plan-digest': 'd1',
      'backup-path': '/b.dump',
      'backup-sha256': '',
    })
  })

  test('are not printed where no runner collects them', async () => {
    expect((await runScript(script)).stdout).toBe('')
  })
})

describe('annotations', () => {
  test('point at file, line and column from the root of the repository, in one line', async () => {
    const { stdout } = await runScript(
      `import { annotate } from '@host/annotations.js'
       await annotate([{ severity: 'error', title: 'a:b,c', message: 'one\\n::error::two 100%',
         where: { file: 'migrations/1_ü.sql', line: 3, column: 7 } }])`,
      { ...RUNNER, GITHUB_WORKSPACE: process.cwd() },
    )
    expect(stdout.trim().split('\n')).toHaveLength(1)
    expect(stdout).toContain('title=a%3Ab%2Cc')
    expect(stdout).toMatch(/file=[^,]*migrations\/1_ü\.sql,line=3,/)
    expect(stdout).toContain('col=7')
    expect(stdout).toContain('::one%0A::error::two 100%25')
  })

  test('are at most ten of a severity, each of at most 4096 characters', async () => {
    const { stdout } = await runScript(
      `import { annotate } from '@host/annotations.js'
       const message = 'x' + '😀'.repeat(3000)
       await annotate(Array.from({ length: 12 }, () => ({ severity: 'error', title: 't', message })))
       await annotate(Array.from({ length: 10 }, () => ({ severity: 'warning', title: 't', message: 'w' })))`,
      RUNNER,
    )
    const errors = stdout.split('\n').filter((line) => line.startsWith('::error'))
    expect(errors).toHaveLength(10)
    expect(errors.at(-1)).toContain('3 more are in the job summary')
    const message = errors[0]?.split('::').at(-1)?.trim() ?? ''
    expect(message.length).toBeLessThanOrEqual(4096)
    expect(encodeURIComponent(message)).toContain('x%F0') // throws for half a surrogate pair
    expect(stdout.split('\n').filter((line) => line.startsWith('::warning'))).toHaveLength(10)
  })

  test('are silent elsewhere', async () => {
    const { stdout } = await runScript(
      `import { annotate } from '@host/annotations.js'
       await annotate([{ severity: 'error', title: 't', message: 'm' }])`,
    )
    expect(stdout).toBe('')
  })
})
