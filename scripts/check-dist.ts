import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

// `npm run package` has just made dist/ anew: whatever git now sees as changed or new was not made from this source.
const status = execFileSync(
  'git',
  ['status', '--porcelain', '--untracked-files=all', '--', 'dist'],
  {
    cwd: join(import.meta.dirname, '../..'),
    encoding: 'utf8',
  },
)
// The second column tells the working tree from the index: what is staged already is right.
const stale = status.split('\n').filter((line) => line !== '' && line[1] !== ' ')
if (stale.length > 0) {
  console.error(`dist/ does not match the source:\n${stale.join('\n')}`)
  console.error('Run "npm run package" and commit dist/.')
  process.exitCode = 1
} else {
  console.log('dist/ matches the source.')
}
