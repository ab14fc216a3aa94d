import type { QualifiedName } from '../sql/types.ts'

export type GivenKind = 'operator class' | 'access method' | 'type' | 'function'

/** What well-known extensions bring along, by kind and name: to say which one is missing where a name isn't found. */
const GIVEN: Readonly<Record<GivenKind, Readonly<Record<string, string>>>> = {
  'operator class': {
    pg_trgm: 'gin_trgm_ops gist_trgm_ops',
    hstore: 'gin_hstore_ops gist_hstore_ops btree_hstore_ops hash_hstore_ops',
    intarray: 'gin__int_ops gist__int_ops gist__intbig_ops',
    citext: 'citext_ops citext_pattern_ops',
    ltree: 'ltree_ops gist_ltree_ops gist__ltree_ops hash_ltree_ops',
    cube: 'cube_ops gist_cube_ops',
    postgis:
      'gist_geometry_ops_2d gist_geometry_ops_nd gist_geography_ops brin_geometry_inclusion_ops_2d spgist_geometry_ops_2d',
    vector:
      'vector_ops vector_l2_ops vector_ip_ops vector_cosine_ops vector_l1_ops halfvec_l2_ops halfvec_ip_ops halfvec_cosine_ops sparsevec_l2_ops bit_hamming_ops bit_jaccard_ops',
    btree_gist:
      'gist_int4_ops gist_int8_ops gist_text_ops gist_uuid_ops gist_timestamp_ops gist_timestamptz_ops gist_date_ops',
  },
  'access method': { bloom: 'bloom', vector: 'hnsw ivfflat', rum: 'rum', pg_bigm: 'bigm' },
  type: {
    citext: 'citext',
    hstore: 'hstore ghstore',
    ltree: 'ltree lquery ltxtquery',
    cube: 'cube',
    seg: 'seg',
    lo: 'lo',
    earthdistance: 'earth',
    isn: 'ean13 isbn13 ismn13 issn13 isbn ismn issn upc',
    intarray: 'query_int',
    postgis: 'geometry geography box2d box3d geometry_dump',
    postgis_raster: 'raster',
    vector: 'vector halfvec sparsevec',
    tablefunc: 'tablefunc_crosstab_2 tablefunc_crosstab_3 tablefunc_crosstab_4',
  },
  function: {
    'uuid-ossp':
      'uuid_generate_v1 uuid_generate_v1mc uuid_generate_v3 uuid_generate_v4 uuid_generate_v5 uuid_nil uuid_ns_dns uuid_ns_url uuid_ns_oid',
    pgcrypto:
      'crypt gen_salt digest hmac encrypt decrypt gen_random_bytes pgp_sym_encrypt pgp_sym_decrypt pgp_pub_encrypt pgp_pub_decrypt armor dearmor',
    pg_trgm: 'similarity word_similarity strict_word_similarity show_trgm show_limit set_limit',
    unaccent: 'unaccent',
    fuzzystrmatch:
      'soundex difference levenshtein levenshtein_less_equal metaphone dmetaphone dmetaphone_alt daitch_mokotoff',
    tablefunc: 'crosstab crosstab2 crosstab3 crosstab4 normal_rand connectby',
    dblink: 'dblink dblink_connect dblink_exec dblink_disconnect',
    earthdistance: 'll_to_earth earth_distance earth_box latitude longitude',
    intarray: 'icount uniq idx subarray',
    hstore: 'hstore akeys avals skeys svals hstore_to_json hstore_to_jsonb',
    ltree: 'nlevel subpath subltree lca text2ltree ltree2text',
    citext: 'citext',
    moddatetime: 'moddatetime',
    autoinc: 'autoinc',
    insert_username: 'insert_username',
    refint: 'check_primary_key check_foreign_key',
    lo: 'lo_manage lo_oid',
    tcn: 'triggered_change_notification',
    timescaledb: 'create_hypertable add_retention_policy add_compression_policy time_bucket',
    pg_partman: 'create_parent run_maintenance',
  },
}

const byName: Readonly<Record<GivenKind, ReadonlyMap<string, string>>> = {
  'operator class': indexed('operator class'),
  'access method': indexed('access method'),
  type: indexed('type'),
  function: indexed('function'),
}

function indexed(kind: GivenKind): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(GIVEN[kind]).flatMap(([extension, names]) =>
      names.split(' ').map((name): [string, string] => [name, extension]),
    ),
  )
}

/** The extension that is known to bring it; null for none. */
export function extensionGiving(kind: GivenKind, { schema, name }: QualifiedName): string | null {
  if (kind === 'function' && schema === 'cron') return 'pg_cron'
  if (kind === 'function' && /^st_/.test(name)) return 'postgis'
  return byName[kind].get(name) ?? null
}
