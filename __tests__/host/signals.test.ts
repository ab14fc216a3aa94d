import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { startScript } from './process.ts'

const WAIT = `
import { onCancel } from '@host/signals.js'
const idle = setInterval(() => {}, 1000)
const remove = onCancel(
  (signal) => console.log('first', signal),
  (signal) => { console.log('further', signal); clearInterval(idle); remove() },
)
console.log('ready')
`

describe('a request to stop', () => {
  test('is told once; the next is told as insisting', async () => {
    const { child, ended, printed } = startScript(WAIT)
    await printed('ready')
    child.kill('SIGINT')
    await printed('first SIGINT')
    child.kill('SIGTERM')
    await printed('further SIGTERM')
    const { stdout, code } = await ended
    expect(stdout.match(/first/g)).toHaveLength(1)
    expect(code).toBe(0)
  })

  test('ends the process as usual once nobody listens any more', async () => {
    const { child, ended, printed } = startScript(`
      import { onCancel } from '@host/signals.js'
      onCancel(() => {}, () => {})()
      setInterval(() => {}, 1000)
      console.log('ready')
    `)
    await printed('ready')
    child.kill('SIGTERM')
    expect((await ended).code).toBeNull()
  })
})

describe('the password in a flag', () => {
  const flag = '--database-url=postgres://app:s3cret@db/app'

  async function argumentsSeen(script: string): Promise<string> {
    const { child, ended, printed } = startScript(script, {}, [flag])
    await printed('ready')
    const seen = execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(child.pid)], {
      encoding: 'utf8',
    })
    const line =
      process.platform === 'linux' ? readFileSync(`/proc/${child.pid}/cmdline`, 'latin1') : ''
    child.kill()
    await ended
    return seen + line
  }

  test('is not shown by ps once the arguments are hidden', async () => {
    const wait = `console.log('ready'); setInterval(() => {}, 1000)`
    expect(await argumentsSeen(wait)).toContain('s3cret')
    const hidden = await argumentsSeen(`import '@host/hidden-arguments.js'; ${wait}`)
    expect(hidden).toContain('pg-airlock')
    expect(hidden).not.toContain('s3cret')
  })
})
