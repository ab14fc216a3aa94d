import { listedName, relationName, roleName } from '../tree/name.ts'
import { fieldsOf, membersOf } from '../tree/node.ts'
import type { AlterTableCmd } from '../tree/types.ts'
import type { Effect } from '../types.ts'
import type { AlterCommand, AlterTarget } from './alter-command.ts'
import { effect, memberRef, objectRef } from './effect.ts'
import { partitionBound } from './partition-bound.ts'

/** Commands on the relation as a whole. */
export const relationCommands: Readonly<Record<string, AlterCommand>> = {
  AT_ChangeOwner: (command, target) => [
    effect('set owner', self(target), { to: roleName(command.newowner) }),
  ],
  AT_SetTableSpace: (command, target) => [change('SET TABLESPACE', command, target)],
  AT_SetAccessMethod: (command, target) => [change('SET ACCESS METHOD', command, target)],
  AT_SetLogged: (command, target) => [change('SET LOGGED', command, target)],
  AT_SetUnLogged: (command, target) => [change('SET UNLOGGED', command, target)],
  AT_DropOids: (command, target) => [change('SET WITHOUT OIDS', command, target)],
  AT_ClusterOn: (command, target) => [change('CLUSTER ON', command, target)],
  AT_DropCluster: (command, target) => [change('SET WITHOUT CLUSTER', command, target)],
  AT_SetRelOptions: (command, target) => [options('SET', command, target)],
  AT_ResetRelOptions: (command, target) => [options('RESET', command, target)],
  AT_ReplaceRelOptions: (command, target) => [options('SET', command, target)],
  AT_GenericOptions: (command, target) => [change('OPTIONS', command, target)],
  AT_AddInherit: (command, target) => [parent('INHERIT', command, target)],
  AT_DropInherit: (command, target) => [parent('NO INHERIT', command, target)],
  AT_AddOf: (command, target) => {
    const type = listedName(fieldsOf(command.def, 'TypeName')?.names)
    return [{ ...change('OF', command, target), uses: [objectRef('type', type)] }]
  },
  AT_DropOf: (command, target) => [change('NOT OF', command, target)],
  AT_ReplicaIdentity: (command, target) => {
    const identity = fieldsOf(command.def, 'ReplicaIdentityStmt')
    const words: Readonly<Record<string, string>> = { d: 'DEFAULT', f: 'FULL', n: 'NOTHING' }
    const to = words[identity?.identity_type ?? ''] ?? `USING INDEX ${identity?.name ?? ''}`
    return [effect('alter', self(target), { change: 'REPLICA IDENTITY', to })]
  },

  AT_EnableRowSecurity: (_command, target) => [rowSecurity('enable', 'ROW LEVEL SECURITY', target)],
  AT_DisableRowSecurity: (_command, target) => [
    rowSecurity('disable', 'ROW LEVEL SECURITY', target),
  ],
  AT_ForceRowSecurity: (_command, target) => [
    rowSecurity('enable', 'FORCE ROW LEVEL SECURITY', target),
  ],
  AT_NoForceRowSecurity: (_command, target) => [
    rowSecurity('disable', 'FORCE ROW LEVEL SECURITY', target),
  ],

  AT_EnableTrig: (command, target) => [switched('trigger', 'O', command, target)],
  AT_EnableAlwaysTrig: (command, target) => [switched('trigger', 'A', command, target)],
  AT_EnableReplicaTrig: (command, target) => [switched('trigger', 'R', command, target)],
  AT_DisableTrig: (command, target) => [switched('trigger', 'D', command, target)],
  AT_EnableTrigAll: (_command, target) => [allTriggers('O', 'TRIGGER ALL', target)],
  AT_DisableTrigAll: (_command, target) => [allTriggers('D', 'TRIGGER ALL', target)],
  AT_EnableTrigUser: (_command, target) => [allTriggers('O', 'TRIGGER USER', target)],
  AT_DisableTrigUser: (_command, target) => [allTriggers('D', 'TRIGGER USER', target)],
  AT_EnableRule: (command, target) => [switched('rule', 'O', command, target)],
  AT_EnableAlwaysRule: (command, target) => [switched('rule', 'A', command, target)],
  AT_EnableReplicaRule: (command, target) => [switched('rule', 'R', command, target)],
  AT_DisableRule: (command, target) => [switched('rule', 'D', command, target)],

  AT_AttachPartition: (command, target) => {
    const part = fieldsOf(command.def, 'PartitionCmd')
    const bound = part?.bound === undefined ? {} : { to: partitionBound(part.bound) }
    const partition = relationName(part?.name)
    const uses = [objectRef(target.kind === 'index' ? 'index' : 'table', partition)]
    return [effect('attach', self(target), { partition, uses, ...bound })]
  },
  AT_DetachPartition: (command, target) => {
    const part = fieldsOf(command.def, 'PartitionCmd')
    const change = part?.concurrent === true ? { change: 'CONCURRENTLY' } : {}
    return [effect('detach', self(target), { partition: relationName(part?.name), ...change })]
  },
  AT_DetachPartitionFinalize: (command, target) => {
    const partition = relationName(fieldsOf(command.def, 'PartitionCmd')?.name)
    return [effect('detach', self(target), { partition, change: 'FINALIZE' })]
  },
}

function self(target: AlterTarget) {
  return objectRef(target.kind, target.name)
}

function change(words: string, command: AlterTableCmd, target: AlterTarget): Effect {
  const to = command.name === undefined ? {} : { to: command.name }
  return effect('alter', self(target), { change: words, ...to })
}

/** 'SET (fillfactor, autovacuum_enabled)'. */
function options(word: string, command: AlterTableCmd, target: AlterTarget): Effect {
  const names = membersOf(fieldsOf(command.def, 'List')?.items, 'DefElem').map(
    ({ defnamespace, defname }) =>
      defnamespace === undefined ? defname : `${defnamespace}.${defname}`,
  )
  return change(`${word} (${names.join(', ')})`, command, target)
}

function parent(words: string, command: AlterTableCmd, target: AlterTarget): Effect {
  const uses = [objectRef('table', relationName(fieldsOf(command.def, 'RangeVar')))]
  return { ...change(words, command, target), uses }
}

function rowSecurity(op: 'enable' | 'disable', words: string, target: AlterTarget): Effect {
  return effect(op, self(target), { change: words })
}

function switched(
  kind: 'trigger' | 'rule',
  enabled: NonNullable<Effect['enabled']>,
  command: AlterTableCmd,
  target: AlterTarget,
): Effect {
  const op = enabled === 'D' ? 'disable' : 'enable'
  return effect(op, memberRef(kind, target.name, command.name ?? ''), { enabled })
}

function allTriggers(enabled: 'O' | 'D', change: string, target: AlterTarget): Effect {
  return effect(enabled === 'D' ? 'disable' : 'enable', self(target), { enabled, change })
}
