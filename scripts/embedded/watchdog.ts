import { spawn } from 'node:child_process'

/**
 * Runs in a process of its own, in its own session, so that neither Ctrl-C nor `kill -9` of the parent reaches it. When the pipe to
 * the parent closes, for whatever reason, the server is ended and its folder removed.
 */
const program = `
const { readFileSync, rmSync } = require('node:fs')
const folder = process.argv[1]
const postmaster = () => {
  try { return Number(readFileSync(folder + '/data/postmaster.pid', 'utf8').split('\\n')[0]) } catch { return 0 }
}
const signal = (pid, name) => { try { process.kill(pid, name); return true } catch { return false } }
const pause = () => new Promise((resolve) => setTimeout(resolve, 50))
let released = false
process.stdin.on('data', () => { released = true })
process.stdin.on('error', () => {})
process.stdin.on('close', async () => {
  if (released) return
  // initdb or the start itself may still be under way.
  for (let round = 0; round < 100; round++) {
    const pid = postmaster()
    if (pid > 0) signal(pid, round < 60 ? 'SIGQUIT' : 'SIGKILL')
    else {
      try { rmSync(folder, { recursive: true, force: true }); return } catch {}
    }
    await pause()
  }
})
process.stdin.resume()
`

/** Watches over a server's folder until released (the server was stopped in the ordinary way). */
export function watch(folder: string): { release(): void } {
  const child = spawn(process.execPath, ['-e', program, folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    windowsHide: true,
    cwd: '/',
    env: {},
  })
  child.unref()
  const { stdin } = child
  // A socket underneath: it must not keep the parent alive.
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  stdin.on('error', () => {})
  return {
    release() {
      stdin.end('released')
    },
  }
}
