import { fieldsOf, membersOf, readByType } from './tree/node.ts'
import { booleanOption } from './tree/option.ts'
import type { ByType } from './tree/types.ts'
import type { Node } from './types.ts'

/** CONCURRENTLY as written, of CREATE, DROP and REINDEX INDEX, DETACH PARTITION and REFRESH. */
export function isConcurrent(node: Node): boolean {
  return readByType(READERS, node) === true
}

const READERS: ByType<boolean> = {
  AlterTableStmt: ({ cmds }) =>
    membersOf(cmds, 'AlterTableCmd').some(
      ({ def }) => fieldsOf(def, 'PartitionCmd')?.concurrent === true,
    ),
  DropStmt: ({ concurrent }) => concurrent === true,
  IndexStmt: ({ concurrent }) => concurrent === true,
  RefreshMatViewStmt: ({ concurrent }) => concurrent === true,
  ReindexStmt: ({ params }) => booleanOption(params, 'concurrently'),
}
