import type { Effect, ObjectKind, ObjectRef } from '../../sql/types.ts'
import {
  itself,
  onDatabase,
  onTable,
  onUsed,
  owner,
  ownerOf,
  superuser,
  underived,
  type Want,
} from './need.ts'

export interface Creating {
  /** 'CREATE INDEX'. */
  readonly statement: string
  readonly serverMajor: number
  /** The schema that an unqualified name is created in; null: the search path is empty. */
  readonly schema: string | null
}

/** What creating (or replacing) an object takes. */
export function creationWants(effect: Effect, creating: Creating): readonly Want[] {
  const { object, temporary } = effect
  if (temporary === true) return object.table === undefined ? [onDatabase('TEMPORARY')] : []
  return [...own(effect, creating), ...used(effect)]
}

/** A table that is made, or left alone because it is there (IF NOT EXISTS): nothing is added to one that is somebody else's. */
function belongsToCreation({ object }: Effect, { statement }: Creating): boolean {
  return object.table !== undefined && /^CREATE (FOREIGN )?TABLE/.test(statement)
}

function own(effect: Effect, creating: Creating): readonly Want[] {
  const { object } = effect
  const { statement, serverMajor } = creating
  const table = ownerOf(object, statement)
  const tableOwner = belongsToCreation(effect, creating) ? [] : [owner(table)]
  const references = effect.constraint?.references
  switch (object.kind) {
    case 'schema':
      return [onDatabase('CREATE')]
    case 'column':
    case 'policy':
    case 'rule':
    case 'enum value':
      return tableOwner
    case 'constraint': {
      const target: ObjectRef | null = references ? { kind: 'table', ...references.table } : null
      return [
        ...tableOwner,
        ...(makesIndex(effect) && tableOwner.length > 0 ? [inSchemaOf(table)] : []),
        ...(target === null ? [] : [onTable(target, 'REFERENCES')]),
      ]
    }
    case 'index': {
      const indexed: ObjectRef = { kind: 'table', ...(object.table ?? { schema: null, name: '' }) }
      return [owner(indexed), inSchemaOf(indexed)]
    }
    case 'sequence':
      // Behind serial and identity: beside its table.
      return object.name === null && object.table !== undefined
        ? [inSchemaOf({ kind: 'table', ...object.table })]
        : [inSchema(object, creating)]
    case 'trigger':
      return [onTable(table, 'TRIGGER', 'OWNER')]
    case 'table':
      return [inSchema(object, creating), ...sources(effect)]
    case 'type':
      return [
        inSchema(object, creating),
        ...(effect.change === undefined && effect.uses !== undefined ? [superuser()] : []),
      ]
    case 'statistics':
      return [
        inSchema(object, creating),
        ...(effect.uses ?? []).filter(({ kind }) => kind === 'table').map((each) => owner(each)),
      ]
    case 'extension':
      return [
        {
          group: 'special',
          object,
          anyOf: ['CREATE EXTENSION', ...(effect.ifNotExists ? ['INSTALLED'] : [])],
          mayBeAbsent: true,
        },
      ]
    case 'publication':
      return [
        onDatabase('CREATE'),
        ...(effect.change === 'FOR ALL TABLES' ? [superuser()] : []),
        ...(effect.uses ?? []).filter(({ kind }) => kind === 'table').map((each) => owner(each)),
      ]
    case 'subscription':
      return serverMajor >= 16
        ? [superuser('pg_create_subscription'), onDatabase('CREATE')]
        : [superuser()]
    case 'role':
      return [{ group: 'special', object: itself, anyOf: ['SUPERUSER', 'CREATEROLE'] }]
    case 'database':
      return [{ group: 'special', object: itself, anyOf: ['SUPERUSER', 'CREATEDB'] }]
    case 'foreign server':
    case 'foreign table':
    case 'user mapping':
      return [
        ...(object.kind === 'foreign table' ? [inSchema(object, creating)] : []),
        ...(effect.uses ?? [])
          .filter(isForeign)
          .map((each): Want => ({ group: 'special', object: each, anyOf: ['USAGE', 'OWNER'] })),
      ]
    default:
      return superuserKinds.has(object.kind) || isTextSearchCode(effect)
        ? [superuser()]
        : inSchemas.has(object.kind)
          ? [inSchema(object, creating), ...replaced(effect)]
          : [underived(object, `what ${statement} takes isn't derived`)]
  }
}

/** CREATE OR REPLACE of what is there is for its owner. */
function replaced(effect: Effect): readonly Want[] {
  return effect.op === 'replace' ? [owner(effect.object, { mayBeAbsent: true })] : []
}

const inSchemas: ReadonlySet<ObjectKind> = new Set([
  'view',
  'materialized view',
  'domain',
  'function',
  'procedure',
  'aggregate',
  'collation',
  'operator',
  'text search',
  'conversion',
])

const superuserKinds: ReadonlySet<ObjectKind> = new Set([
  'event trigger',
  'tablespace',
  'foreign data wrapper',
  'language',
  'access method',
  'operator class',
  'operator family',
])

/** Parsers and templates of text search are code of the server's. */
function isTextSearchCode({ object, change }: Effect): boolean {
  return object.kind === 'text search' && (change === 'PARSER' || change === 'TEMPLATE')
}

function isForeign({ kind }: ObjectRef): boolean {
  return kind === 'foreign server' || kind === 'foreign data wrapper'
}

/** The server asks for CREATE on the schema again when an index is built, be it for a constraint. */
function makesIndex({ constraint }: Effect): boolean {
  const kinds = ['primary key', 'unique', 'exclude']
  return (
    constraint !== undefined && kinds.includes(constraint.type) && constraint.usingIndex === null
  )
}

function inSchema({ schema }: ObjectRef, creating: Creating): Want {
  const name = schema ?? creating.schema
  return { group: 'schemas', object: { kind: 'schema', schema: null, name }, anyOf: ['CREATE'] }
}

function inSchemaOf(table: ObjectRef): Want {
  return { group: 'schemas', object: table, anyOf: ['SCHEMA CREATE'] }
}

/** Parents are altered, what is copied or asked is read. */
function sources({ change = '', uses = [] }: Effect): readonly Want[] {
  const tables = uses.filter(({ kind }) => kind === 'table')
  const altered = /INHERITS|PARTITION OF/.test(change) && !/LIKE/.test(change)
  return tables.map((each) => (altered ? owner(each) : onTable(each, 'SELECT')))
}

function used({ uses = [], object }: Effect): readonly Want[] {
  const reads = object.kind === 'materialized view' ? uses : []
  return [
    ...uses.flatMap((each) => onUsed(each) ?? []),
    ...reads.filter(({ kind }) => kind === 'table').map((each) => onTable(each, 'SELECT')),
  ]
}
