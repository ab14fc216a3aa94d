import { objectsByReference } from '../../observe/object-lookup.ts'
import type { Fingerprint, FingerprintObject } from '../../observe/types.ts'
import { netExpectations } from '../../plan/expectations.ts'
import { maybeSame } from '../../plan/object-key.ts'
import type { PlannedMigration } from '../../plan/types.ts'
import type { ObjectRef } from '../../sql/types.ts'

type LookUp = (ref: ObjectRef) => FingerprintObject | null | undefined

/**
 * What was there before a migration, from the picture of before its run and what the migrations that this run had applied before it made of
 * that: such an object was there, but how exactly isn't known, so it is neither dropped nor made again. undefined where there is no picture.
 */
export function objectsBefore(
  picture: Fingerprint | null,
  earlier: readonly PlannedMigration[],
  searchPath: readonly string[],
): LookUp {
  const found = objectsByReference(picture, searchPath)
  const changed = netExpectations(
    earlier.flatMap(({ steps }) =>
      steps
        .filter(({ rollsBack }) => rollsBack !== true)
        .flatMap(({ statements }) => statements.map(({ statement }) => statement)),
    ),
  )
  return (ref) => {
    const before = found(ref)
    if (before === undefined) return undefined
    const change = changed.find(({ object }) => maybeSame(ref, object))
    if (change === undefined) return before
    return change.state === 'absent' ? null : presentOnly(ref, before)
  }
}

/** There, its definition unknown. */
function presentOnly(ref: ObjectRef, before: FingerprintObject | null): FingerprintObject {
  const { kind, schema, name, table } = ref
  return {
    key: before?.key ?? `${kind} ${name}`,
    kind,
    schema: schema ?? before?.schema ?? null,
    name: name ?? '',
    ...(table === undefined ? {} : { table: table.name }),
    attributes: {},
  }
}
