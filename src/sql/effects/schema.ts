import { roleName } from '../tree/name.ts'
import { effect, type Family, globalRef } from './effect.ts'
import { resolveElements } from './resolve-names.ts'

export const schemas: Family = {
  /** Without a name the schema is called as its owner. */
  CreateSchemaStmt: (fields, effectsOf) => {
    const name = fields.schemaname ?? roleName(fields.authrole)
    const created = effect('create', globalRef('schema', name), {
      ifNotExists: fields.if_not_exists === true,
    })
    return [created, ...resolveElements((fields.schemaElts ?? []).flatMap(effectsOf), name)]
  },
}
