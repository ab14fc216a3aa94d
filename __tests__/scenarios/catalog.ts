import type { TestDatabase } from '../support/database.ts'

/**
 * The catalog as text, by a query of the tests' own: what the program says of its fingerprint is not taken on trust. Without the journal,
 * object identifiers and statistics.
 */
export async function readCatalog(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ line: string }>(catalogQuery)
  return rows.map(({ line }) => line)
}

const ours = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'airlock')`

const catalogQuery = `
select line from (
  select format('schema %I %s', n.nspname, n.nspacl) as line from pg_namespace n where ${ours}
  union all
  select format('relation %I.%I kind %s owner %s acl %s options %s', n.nspname, c.relname, c.relkind, pg_get_userbyid(c.relowner), c.relacl, c.reloptions)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours}
  union all
  select format('column %I.%I.%s %I %s not null %s default %s', n.nspname, c.relname, row_number() over (partition by c.oid order by a.attnum), a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = c.oid and d.adnum = a.attnum))
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   where ${ours} and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm')
  union all
  select format('constraint %I.%I %I %s validated %s', n.nspname, coalesce(c.relname, ''), k.conname, pg_get_constraintdef(k.oid), k.convalidated)
    from pg_constraint k left join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = k.connamespace where ${ours}
  union all
  select format('index %I %s valid %s ready %s live %s', n.nspname, pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indislive)
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where ${ours}
  union all
  select format('trigger %s enabled %s', pg_get_triggerdef(t.oid), t.tgenabled)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace where ${ours} and not t.tgisinternal
  union all
  select format('function %I.%I %s', n.nspname, p.proname, pg_get_functiondef(p.oid))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
   where ${ours} and p.prokind <> 'a' and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
  union all
  select format('type %I.%I %s', n.nspname, t.typname, array(select e.enumlabel from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder))
    from pg_type t join pg_namespace n on n.oid = t.typnamespace where ${ours}
  union all
  select format('extension %I %s', extname, extversion) from pg_extension
) as lines
order by line collate "C"`
