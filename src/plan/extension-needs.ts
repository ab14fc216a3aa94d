import type { Place } from '../report/refusal.ts'
import type { Effect, QualifiedName, Statement } from '../sql/types.ts'
import { effectPath, type NameContext } from './effect-path.ts'
import { extensionGiving, type GivenKind } from './known-extensions.ts'
import { Ours } from './privileges/ours.ts'
import type { PlannedMigration } from './types.ts'

/** A name that is used and must come from somewhere: the server, an extension, somebody's own CREATE. */
export interface UsedName extends QualifiedName {
  readonly kind: GivenKind
  /** The extension that is known to bring it; null for none. */
  readonly extension: string | null
  /** The plan itself creates that extension before. */
  readonly created: boolean
  /** Extensions that the plan creates before with CASCADE, which brings what they require. */
  readonly cascaded: readonly string[]
  /** Behind a condition or a handler that may skip it. */
  readonly guarded: boolean
  readonly searchPath: readonly string[]
  readonly statement: string
  readonly where: Place
}

export interface CreatedExtension {
  readonly name: string
  /** As written; null: the default. */
  readonly version: string | null
  readonly cascade: boolean
  /** Behind a condition or a handler that may skip it. */
  readonly guarded: boolean
  readonly where: Place
}

export interface ExtensionNeeds {
  /** Each name once, without what earlier statements of the plan create. */
  readonly used: readonly UsedName[]
  readonly created: readonly CreatedExtension[]
}

/** Operator classes, access methods, types and functions that the plan uses and doesn't make, and the extensions that it creates. */
export function extensionNeeds(
  pending: readonly Pick<PlannedMigration, 'steps'>[],
  context: NameContext,
): ExtensionNeeds {
  const ours = new Ours()
  const used = new Map<string, UsedName>()
  const created: CreatedExtension[] = []
  for (const { statement } of pending.flatMap(({ steps }) =>
    steps.flatMap((step) => step.statements),
  )) {
    for (const effect of statement.effects) {
      const path = effectPath(effect, context)
      for (const { kind, ...name } of namesIn(effect)) {
        const object =
          kind === 'operator class' || kind === 'access method' ? null : { kind, ...name }
        if (object !== null && ours.has(object, path) !== null) continue
        const key = JSON.stringify([kind, name.schema, name.name])
        // What is certain counts for more than what may be skipped.
        if (used.get(key)?.guarded === false || (used.has(key) && effect.guarded)) continue
        const extension = extensionGiving(kind, name)
        used.set(key, {
          kind,
          ...name,
          extension,
          created: created.some((each) => each.name === extension),
          cascaded: created.filter(({ cascade }) => cascade).map((each) => each.name),
          guarded: effect.guarded,
          searchPath: path,
          statement: statement.kind,
          where: statement.where,
        })
      }
      created.push(...creation(effect, statement))
      ours.follow(effect, path)
    }
  }
  return { used: [...used.values()], created }
}

function creation(
  { op, object, to, cascade = false, guarded }: Effect,
  { where }: Statement,
): CreatedExtension[] {
  if (op !== 'create' || object.kind !== 'extension') return []
  return [{ name: object.name ?? '', version: to ?? null, cascade, guarded, where }]
}

function namesIn({
  op,
  object,
  index,
  constraint,
  trigger,
  uses = [],
}: Effect): (QualifiedName & { readonly kind: GivenKind })[] {
  if (op === 'drop' || op === 'comment') return []
  const keys = [
    ...(index?.keys ?? []),
    ...(constraint?.exclusion?.elements.map(({ key }) => key) ?? []),
  ]
  const methods = [index?.method, constraint?.exclusion?.method].filter(
    (each) => each !== undefined,
  )
  const called = op === 'unknown' && object.kind === 'function' ? [object] : []
  return [
    ...keys.flatMap(({ opclass }) =>
      opclass === null ? [] : [{ kind: 'operator class' as const, ...parts(opclass) }],
    ),
    ...methods.map((name) => ({ kind: 'access method' as const, schema: null, name })),
    ...[...uses, ...called].flatMap(({ kind, schema, name }) =>
      name !== null && (kind === 'type' || kind === 'function') ? [{ kind, schema, name }] : [],
    ),
    ...(trigger === undefined ? [] : [{ kind: 'function' as const, ...trigger.function }]),
  ]
}

/** `public.gin_trgm_ops (siglen='32')` → its schema and name. */
function parts(opclass: string): QualifiedName {
  const written = [...opclass.matchAll(/"((?:[^"]|"")*)"|([^."(\s]+)|(\(.*)/gs)].flatMap(
    ([, quoted, plain, options]) =>
      options === undefined ? [quoted?.replaceAll('""', '"') ?? plain ?? ''] : [],
  )
  return { schema: written.at(-2) ?? null, name: written.at(-1) ?? '' }
}
