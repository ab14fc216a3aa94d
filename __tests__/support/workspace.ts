import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { project } from './program.ts'

/** A folder like a user's repository. */
export interface Workspace {
  readonly folder: string
  write(path: string, text: string): void
  remove(path: string): void
  dispose(): void
}

/** A repository with these files (paths relative to its root). */
export function workspaceOf(files: Readonly<Record<string, string>>): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-workspace-'))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  for (const [path, text] of Object.entries(files)) write(path, text)
  return {
    folder,
    write,
    remove: (path) => rmSync(join(folder, path)),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A copy of the example: the recipe application's migrations, without airlock.yml. */
export function recipeWorkspace(): Workspace {
  const workspace = workspaceOf({})
  cpSync(join(project, 'migrations'), join(workspace.folder, 'migrations'), { recursive: true })
  return workspace
}
