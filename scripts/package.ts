import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What we use of ncc, which brings no types. */
type Bundle = (
  entry: string,
  options: {
    readonly cache: false
    readonly esm: true
    readonly minify: false
    readonly quiet: true
  },
) => Promise<{
  readonly code: string
  readonly assets: Readonly<Record<string, unknown>>
  readonly stats: { readonly compilation: { readonly modules: Iterable<BundledModule> } }
}>

interface BundledModule {
  readonly resource?: string
  /** The modules that were joined into this one. */
  readonly modules?: Iterable<BundledModule>
}

const require = createRequire(import.meta.url)
const bundle = require('@vercel/ncc') as Bundle
const root = join(import.meta.dirname, '../..')
const dist = join(root, 'dist')

/** Bundles what tsc made below build/: `dist/` is what GitHub runs and what npm installs. */
async function main(): Promise<void> {
  rmSync(dist, { recursive: true, force: true })
  mkdirSync(dist)
  const folders = [...(await writeDoor('main')), ...(await writeDoor('cli'))]
  for (const [name, file] of Object.entries(loadedLate)) {
    folders.push(...(await write(fileURLToPath(import.meta.resolve(name)), file, (code) => code)))
  }
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ type: 'module' })}\n`)
  writeFileSync(join(dist, 'licenses.txt'), licences(new Set(folders)))
  // ncc doesn't see that the parser loads it at run time.
  copyFileSync(require.resolve('libpg-query/wasm/libpg-query.wasm'), join(dist, 'libpg-query.wasm'))
  chmodSync(join(dist, 'libpg-query.wasm'), 0o644)
}

/** Half of all the code, loaded only by those who need it (a runner to talk to, a program to run): each in a file of its own. */
const loadedLate: Readonly<Record<string, string>> = {
  '@actions/core': 'toolkit.js',
  '@actions/exec': 'exec.js',
}

/** As the source has it, so that ncc leaves it alone. */
const lateImportOf = (name: string): string => `import(/* webpackIgnore: true */ '${name}')`

async function writeDoor(door: 'main' | 'cli'): Promise<string[]> {
  return write(join(root, 'build/src', `${door}.js`), `${door}.js`, (code) => {
    return Object.entries(loadedLate).reduce((linked, [name, file]) => {
      if (!linked.includes(lateImportOf(name))) throw new Error(`${door}.js doesn't import ${name}`)
      return linked.replaceAll(lateImportOf(name), `import('./${file}')`)
    }, code)
  })
}

/** Bundles one entry into one file; returns the folders of the packages in it. */
async function write(
  entry: string,
  name: string,
  finish: (code: string) => string,
): Promise<string[]> {
  // Not minified: that starts no faster and nobody could review it.
  const { code, assets, stats } = await bundle(entry, {
    cache: false,
    esm: true,
    minify: false,
    quiet: true,
  })
  const unexpected = Object.keys(assets).filter((name) => name !== 'package.json')
  if (unexpected.length > 0)
    throw new Error(`ncc made files that dist/ has no place for: ${unexpected.join(', ')}`)
  const file = join(dist, name)
  const isCommand = name === 'cli.js'
  const shebang = isCommand && !code.startsWith('#!') ? '#!/usr/bin/env node\n' : ''
  writeFileSync(file, shebang + finish(code))
  chmodSync(file, isCommand ? 0o755 : 0o644)
  return [...packageFolders(stats.compilation.modules)]
}

function* packageFolders(modules: Iterable<BundledModule>): Generator<string> {
  for (const module of modules) {
    if (module.modules !== undefined) yield* packageFolders(module.modules)
    if (module.resource?.includes(`${sep}node_modules${sep}`)) yield packageFolder(module.resource)
  }
}

/** The nearest folder with a package.json that has a name: some packages hold nameless ones in subfolders. */
function packageFolder(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    try {
      if (packageOf(folder).name !== undefined) return folder
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

interface Package {
  readonly name?: string
  readonly version?: string
  readonly license?: string
}

function packageOf(folder: string): Package {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Package
}

/** One text for both bundles: name, version, licence and its wording for every package in them. */
function licences(folders: ReadonlySet<string>): string {
  const entries = [...folders].map((folder) => {
    const { name = '', version = '', license = 'see below' } = packageOf(folder)
    const file = readdirSync(folder).find((each) => /^licen[cs]e(\.|$)/i.test(each))
    const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8')
    return `${name} ${version}\n${license}\n\n${text.replaceAll('\r\n', '\n').trim()}`.trim()
  })
  return `${[...new Set(entries)].toSorted().join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

await main()
