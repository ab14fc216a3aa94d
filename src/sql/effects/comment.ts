import { effect, type Family } from './effect.ts'
import { objectOf } from './object.ts'

export const comments: Family = {
  CommentStmt: (fields) => [
    effect('comment', objectOf(fields.objtype, fields.object), {
      ...(fields.comment === undefined ? { change: 'IS NULL' } : { to: fields.comment }),
    }),
  ],
  SecLabelStmt: (fields) => [
    effect('alter', objectOf(fields.objtype, fields.object), {
      change: 'SECURITY LABEL',
      to: fields.label ?? '',
    }),
  ],
}
