import { catalogName } from '../expression/read.ts'
import { writtenExpression } from '../expression.ts'
import { listedName } from '../tree/name.ts'
import { fieldsOf, membersOf } from '../tree/node.ts'
import { typeWords } from '../tree/type-name.ts'
import type { Constraint, TreeNode } from '../tree/types.ts'
import type { ColumnDefinition, Effect, QualifiedName } from '../types.ts'
import { constraintEffects } from './column.ts'
import { effect, type Family, memberRef, objectRef } from './effect.ts'
import { referencesIn } from './references.ts'

export const domains: Family = {
  CreateDomainStmt: (fields) => {
    const name = listedName(fields.domainname)
    const constraints = membersOf(fields.constraints, 'Constraint')
    const value = constraints.find(({ contype }) => contype === 'CONSTR_DEFAULT')
    const collation = fields.collClause?.collname
    const column: ColumnDefinition = {
      type: typeWords(fields.typeName),
      notNull: constraints.some(({ contype }) => contype === 'CONSTR_NOTNULL'),
      default: value?.raw_expr === undefined ? null : writtenExpression(value.raw_expr),
      identity: null,
      generated: null,
      collation: collation === undefined ? null : catalogName(collation),
    }
    const uses = referencesIn([{ typeName: fields.typeName }, value?.raw_expr])
    const created = effect('create', objectRef('domain', name), {
      column,
      ...(uses.length === 0 ? {} : { uses }),
    })
    return [created, ...constraints.flatMap((each) => domainConstraint(each, name, true))]
  },

  AlterDomainStmt: (fields) => {
    const name = listedName(fields.typeName)
    const constraint = memberRef('constraint', name, fields.name ?? '')
    const cascade = fields.behavior === 'DROP_CASCADE' ? { cascade: true } : {}
    switch (fields.subtype) {
      case 'T':
        return [defaultChange(name, fields.def)]
      case 'N':
        return [altered(name, 'DROP NOT NULL', { notNull: false })]
      case 'O':
        return [altered(name, 'SET NOT NULL', { notNull: true })]
      case 'C':
        return domainConstraint(fieldsOf(fields.def, 'Constraint') ?? {}, name, false)
      case 'X':
        return [effect('drop', constraint, { ifExists: fields.missing_ok === true, ...cascade })]
      default:
        return [effect('validate', constraint)]
    }
  },
}

/** A domain's NOT NULL without a name is told by the domain itself: only 17 and later have a constraint for it. */
function domainConstraint(
  fields: Constraint,
  domain: QualifiedName,
  creating: boolean,
): readonly Effect[] {
  if (fields.contype !== 'CONSTR_NOTNULL') return constraintEffects(fields, domain, { creating })
  const made = fields.conname === undefined ? [] : constraintEffects(fields, domain, { creating })
  return creating ? made : [altered(domain, 'SET NOT NULL', { notNull: true }), ...made]
}

function altered(domain: QualifiedName, change: string, column: Partial<ColumnDefinition>): Effect {
  return effect('alter', objectRef('domain', domain), { change, column })
}

function defaultChange(domain: QualifiedName, value: TreeNode | undefined): Effect {
  return value === undefined
    ? altered(domain, 'DROP DEFAULT', { default: null })
    : altered(domain, 'SET DEFAULT', { default: writtenExpression(value) })
}
