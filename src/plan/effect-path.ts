import type { Effect, QualifiedName } from '../sql/types.ts'

/** How names without a schema are found, as far as the server has told. */
export interface NameContext {
  /** Schemas that unqualified names are looked up in, under `role`: "$user" is resolved already, and every one is there. */
  readonly searchPath: readonly string[]
  /** The role that the migrations run as. */
  readonly role: string
}

/** The schemas that an effect's names are looked up in: the file's own SET search_path counts for what comes after it. */
export function effectPath(
  { searchPath }: Pick<Effect, 'searchPath'>,
  { searchPath: before, role }: NameContext,
): readonly string[] {
  return searchPath?.map((each) => (each === '$user' ? role : each)) ?? before
}

/** The schemas that a name may be found in, first things first. */
export function schemasOf(
  { schema }: QualifiedName,
  effect: Pick<Effect, 'searchPath'>,
  context: NameContext,
): readonly string[] {
  return schema === null ? effectPath(effect, context) : [schema]
}

/** The schema that an unqualified name is created in; null: there is none. A "$user" of the file's own need not be there. */
export function creationSchema(effect: Effect, context: NameContext): string | null {
  const path = effectPath(effect, context)
  const skips = effect.searchPath?.[0] === '$user' && !context.searchPath.includes(context.role)
  return (skips ? path.find((each) => each !== context.role) : undefined) ?? path[0] ?? null
}
