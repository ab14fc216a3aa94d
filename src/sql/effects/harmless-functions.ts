import type { QualifiedName } from '../types.ts'

/**
 * Is this a function of the server itself that changes nothing? Without a schema the well-known names count: pg_catalog is searched
 * first unless a search path says otherwise.
 */
export function isHarmlessFunction({ schema, name }: QualifiedName): boolean {
  return (schema === null || schema === 'pg_catalog') && HARMLESS.has(name)
}

/** Functions of sequences that change one: the sequence is their first argument. */
export const SEQUENCE_FUNCTIONS: ReadonlySet<string> = new Set(['nextval', 'setval'])

const HARMLESS: ReadonlySet<string> = new Set(
  `
  count sum avg min max array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg bool_and bool_or every bit_and
  bit_or bit_xor any_value stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp mode percentile_cont
  percentile_disc range_agg range_intersect_agg xmlagg regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
  regr_sxy regr_syy grouping
  row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
  now clock_timestamp statement_timestamp transaction_timestamp timeofday age date_part date_trunc date_bin extract isfinite
  justify_days justify_hours justify_interval make_date make_interval make_time make_timestamp make_timestamptz to_char to_date
  to_number to_timestamp timezone date_add date_subtract overlaps
  lower upper initcap length char_length character_length octet_length bit_length concat concat_ws format left right lpad rpad
  ltrim rtrim btrim trim substring substr position strpos replace translate reverse repeat split_part starts_with string_to_array
  string_to_table array_to_string regexp_replace regexp_match regexp_matches regexp_split_to_array regexp_split_to_table
  regexp_count regexp_instr regexp_like regexp_substr quote_ident quote_literal quote_nullable ascii chr md5 sha224 sha256 sha384
  sha512 encode decode convert convert_from convert_to to_hex to_ascii overlay normalize is_normalized unistr similar_to_escape
  similar_escape like_escape parse_ident crc32 crc32c
  abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log10 power pow mod div gcd lcm pi degrees radians sin cos tan asin
  acos atan atan2 sinh cosh tanh factorial random setseed random_normal width_bucket scale min_scale trim_scale numeric_inc
  greatest least coalesce nullif num_nulls num_nonnulls
  array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position array_positions array_prepend
  array_remove array_replace array_sample array_shuffle array_upper array_reverse array_sort cardinality trim_array unnest
  generate_series generate_subscripts
  to_json to_jsonb row_to_json array_to_json json_build_array json_build_object jsonb_build_array jsonb_build_object json_object
  jsonb_object json_array_elements json_array_elements_text jsonb_array_elements jsonb_array_elements_text json_array_length
  jsonb_array_length json_each json_each_text jsonb_each jsonb_each_text json_extract_path json_extract_path_text
  jsonb_extract_path jsonb_extract_path_text json_object_keys jsonb_object_keys json_populate_record json_populate_recordset
  jsonb_populate_record jsonb_populate_recordset json_to_record json_to_recordset jsonb_to_record jsonb_to_recordset json_typeof
  jsonb_typeof json_strip_nulls jsonb_strip_nulls jsonb_set jsonb_set_lax jsonb_insert jsonb_pretty jsonb_path_exists
  jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first
  gen_random_uuid uuidv4 uuidv7 uuid_extract_timestamp uuid_extract_version
  to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery setweight strip ts_rank ts_rank_cd ts_headline
  tsvector_to_array array_to_tsvector numnode querytree ts_delete ts_filter get_current_ts_config ts_debug ts_lexize
  lower_inc upper_inc lower_inf upper_inf isempty range_merge int4range int8range numrange tsrange tstzrange daterange multirange
  current_setting current_schema current_schemas current_database current_catalog current_user session_user version
  pg_backend_pid pg_is_in_recovery pg_postmaster_start_time pg_conf_load_time inet_client_addr inet_server_addr
  inet_client_port inet_server_port txid_current pg_current_xact_id txid_current_if_assigned pg_current_snapshot
  pg_current_wal_lsn pg_last_wal_replay_lsn pg_wal_lsn_diff
  pg_get_constraintdef pg_get_expr pg_get_functiondef pg_get_function_arguments pg_get_function_identity_arguments
  pg_get_function_result pg_get_indexdef pg_get_ruledef pg_get_serial_sequence pg_get_statisticsobjdef pg_get_triggerdef
  pg_get_userbyid pg_get_viewdef pg_get_keywords pg_get_partkeydef pg_typeof format_type col_description obj_description
  shobj_description pg_table_is_visible pg_type_is_visible pg_function_is_visible to_regclass to_regtype to_regproc
  to_regprocedure to_regnamespace to_regrole has_any_column_privilege has_column_privilege has_database_privilege
  has_function_privilege has_schema_privilege has_sequence_privilege has_table_privilege has_type_privilege pg_has_role
  row_security_active pg_relation_size pg_total_relation_size pg_table_size pg_indexes_size pg_database_size pg_size_pretty
  pg_size_bytes pg_column_size pg_tablespace_size pg_relation_filenode pg_blocking_pids pg_partition_tree pg_partition_root
  pg_partition_ancestors pg_input_is_valid pg_input_error_info pg_collation_for pg_stat_get_activity pg_options_to_table
  currval lastval pg_sequence_last_value pg_sleep hashtext hashtextextended hash_record bit_count get_bit get_byte set_bit
  set_byte host masklen family network broadcast hostmask netmask set_masklen text abbrev inet_merge inet_same_family
  point box circle line lseg path polygon area center diameter height width radius isclosed isopen npoints
  xmlcomment xmlelement xmlforest xpath xpath_exists xmlexists xml_is_well_formed
  array_larger array_smaller suppress_redundant_updates_trigger
  `
    .trim()
    .split(/\s+/),
)
