// Outputs of deleted sources must not run: build/ is made anew each time.
import { rmSync } from 'node:fs'

rmSync(new URL('../build', import.meta.url), { recursive: true, force: true })
