import { alterTable } from './effects/alter-table.ts'
import { clusterWide } from './effects/cluster-wide.ts'
import { comments } from './effects/comment.ts'
import { createTable } from './effects/create-table.ts'
import { definitions } from './effects/definition.ts'
import { dml } from './effects/dml.ts'
import { domains } from './effects/domain.ts'
import { drops } from './effects/drop.ts'
import { type EffectContext, type Family, unknown } from './effects/effect.ts'
import { execution } from './effects/execution.ts'
import { extensions } from './effects/extension.ts'
import { foreign } from './effects/foreign.ts'
import { functions } from './effects/function.ts'
import { indexes } from './effects/index.ts'
import { maintenance } from './effects/maintenance.ts'
import { policies } from './effects/policy.ts'
import { privileges } from './effects/privilege.ts'
import { renames } from './effects/rename.ts'
import { replication } from './effects/replication.ts'
import { resolveNames } from './effects/resolve-names.ts'
import { schemas } from './effects/schema.ts'
import { sequences } from './effects/sequence.ts'
import { settings } from './effects/setting.ts'
import { triggers } from './effects/trigger.ts'
import { types } from './effects/type.ts'
import { views } from './effects/view.ts'
import { readByType, typeOf } from './tree/node.ts'
import type { Effect, Node } from './types.ts'

/** The one table: what a statement does, by the type of its node. */
const FAMILIES: Family = {
  ...alterTable,
  ...clusterWide,
  ...comments,
  ...createTable,
  ...definitions,
  ...dml,
  ...domains,
  ...drops,
  ...execution,
  ...extensions,
  ...foreign,
  ...functions,
  ...indexes,
  ...maintenance,
  ...policies,
  ...privileges,
  ...renames,
  ...replication,
  ...schemas,
  ...sequences,
  ...settings,
  ...triggers,
  ...types,
  ...views,
}

/**
 * What a top-level statement does to catalog and data, in order. `searchPath` holds the schemas of a SET search_path that the file itself
 * made before the statement: unqualified names are given their schema where it is certain. A statement of a type that is not in the table
 * gives one effect 'unknown', never none. The effects of DO are read by do-block.ts.
 */
export function effectsOf(node: Node, context: EffectContext): Effect[] {
  return resolveNames(rawEffects(node), context.searchPath)
}

function rawEffects(node: unknown): readonly Effect[] {
  const effects = readByType(FAMILIES, node, rawEffects)
  return effects ?? [unknown(`${typeOf(node)} is not understood`)]
}
