import { optionOf } from '../tree/option.ts'
import { textOf } from '../tree/value.ts'
import { effect, type Family, globalRef } from './effect.ts'
import { objectOf } from './object.ts'

export const extensions: Family = {
  CreateExtensionStmt: (fields) => {
    const schema = optionOf(fields.options, 'schema')
    const version = optionOf(fields.options, 'new_version')
    return [
      effect('create', globalRef('extension', fields.extname), {
        ifNotExists: fields.if_not_exists === true,
        ...(version === undefined ? {} : { to: textOf(version.arg) ?? '' }),
        ...(schema === undefined ? {} : { uses: [globalRef('schema', textOf(schema.arg) ?? '')] }),
        ...(optionOf(fields.options, 'cascade') === undefined ? {} : { cascade: true }),
      }),
    ]
  },
  AlterExtensionStmt: (fields) => {
    const version = optionOf(fields.options, 'new_version')
    return [
      effect('alter', globalRef('extension', fields.extname), {
        change: 'UPDATE',
        ...(version === undefined ? {} : { to: textOf(version.arg) ?? '' }),
      }),
    ]
  },
  AlterExtensionContentsStmt: (fields) => [
    effect('alter', globalRef('extension', fields.extname), {
      change: fields.action === 1 ? 'ADD' : 'DROP',
      uses: [objectOf(fields.objtype, fields.object)],
    }),
  ],
}
