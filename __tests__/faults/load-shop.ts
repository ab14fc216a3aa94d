/** A bakery's shop: two tables that its application uses all the time, and the migrations that are deployed on them meanwhile. */

export const orders = 40_000

export const shopTables = `
create table orders (id bigint generated always as identity primary key, customer int not null, status text not null default 'new');
insert into orders (customer) select g % 500 from generate_series(1, ${orders}) as g;
create table items (id bigint generated always as identity primary key, order_id bigint not null, quantity int not null);
insert into items (order_id, quantity) select 1 + g % ${orders}, g % 9 from generate_series(1, ${orders} * 2) as g;
create index items_order on items (order_id);
`

/** What can be seen when the second migration is done: from here on the dump holds its lock, so that the fourth meets it. */
export const secondIsDone = `select from pg_catalog.pg_constraint where conname = 'items_order_fkey' and convalidated`

const backfill = `update orders set channel = 'shop' where channel is null`

/**
 * The files for the program. The application never names the new columns, as it must be while two of its versions run. `items` before
 * `orders` everywhere, as its INSERTs lock them: another order could deadlock with them whatever runs the migration.
 */
export const shopMigrations: Readonly<Record<string, string>> = {
  '1_channel': `alter table orders add column channel text;\nalter table orders alter column channel set default 'web';\n`,
  '2_foreign_key': `alter table items add constraint items_order_fkey foreign key (order_id) references orders (id) not valid;
alter table items validate constraint items_order_fkey;\n`,
  '3_backfill': `-- airlock: batch key=id todo="channel is null" size=2000 pause=50ms\n${backfill} and id > $1 and id <= $2;\n`,
  '4_two_tables':
    'begin;\nalter table items add column note text;\nalter table orders add column note text;\ncommit;\n',
  '5_index': 'create index concurrently orders_customer on orders (customer);\n',
  '6_not_null': `alter table orders add constraint channel_known check (channel is not null) not valid;
alter table orders validate constraint channel_known;
alter table orders alter column channel set not null;
alter table orders drop constraint channel_known;\n`,
}

/** The same for psql, which has no batches: the backfill is one UPDATE. */
export const shopScripts: Readonly<Record<string, string>> = {
  ...shopMigrations,
  '3_backfill': `${backfill};\n`,
}

/** One row, all true, where every migration has done what it says. */
export const shopIsChanged = `select
  (select convalidated from pg_catalog.pg_constraint where conname = 'items_order_fkey') as "foreignKey",
  (select indisvalid from pg_catalog.pg_index where indexrelid = pg_catalog.to_regclass('orders_customer')) as index,
  (select pg_catalog.bool_and(attnotnull) from pg_catalog.pg_attribute where attrelid = 'orders'::pg_catalog.regclass and attname = 'channel') as "notNull",
  (select count(*) = 2 from pg_catalog.pg_attribute where attname = 'note' and attrelid in ('orders'::pg_catalog.regclass, 'items'::pg_catalog.regclass)) as notes`
