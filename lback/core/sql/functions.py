"""Functions of the databases that change nothing: what is not listed may do anything.

Of PostgreSQL these are functions of pg_catalog that the catalogue itself calls immutable or
stable, which must not write, and those of `_PG_VOLATILE`, one by one. Locks, pauses and
messages to other sessions change neither schema nor rows.
"""

from __future__ import annotations

from functools import lru_cache

from lback.core.sql.tokens import Grammar, Grammars

_PG = """
abs acos acosd acosh age array_agg array_append array_cat array_dims array_fill array_length
array_lower array_ndims array_position array_positions array_prepend array_remove array_replace
array_to_json array_to_string array_to_tsvector array_upper ascii asin asind asinh atan atan2
atan2d atand atanh avg bit_and bit_count bit_length bit_or bit_xor bool_and bool_or box btrim
cardinality cbrt ceil ceiling center char_length character_length chr circle coalesce
col_description concat concat_ws convert convert_from convert_to corr cos cosd cosh cot cotd count
covar_pop covar_samp cume_dist current_catalog current_database current_date
current_role current_schema current_schemas current_setting current_time current_timestamp
current_user date date_bin date_part date_trunc datemultirange daterange decode degrees dense_rank
diameter div encode enum_first enum_last enum_range every exp extract factorial family first_value
float4 float8 floor format format_type gcd generate_series generate_subscripts get_bit get_byte
greatest grouping has_any_column_privilege has_column_privilege has_database_privilege
has_function_privilege has_schema_privilege has_sequence_privilege has_table_privilege
has_type_privilege hashtext hashtextextended height host hostmask inet_client_addr
inet_server_addr initcap int2 int4 int4range int8 int8range is_normalized isclosed isempty
isfinite isopen json json_agg json_array json_array_elements json_array_elements_text
json_array_length json_arrayagg json_build_array json_build_object json_each json_each_text
json_extract_path json_extract_path_text json_object json_object_agg json_object_keys
json_objectagg json_populate_record json_populate_recordset json_strip_nulls json_to_record
json_to_recordset json_typeof jsonb_agg jsonb_array_elements jsonb_array_elements_text
jsonb_array_length jsonb_build_array jsonb_build_object jsonb_concat jsonb_delete jsonb_each
jsonb_each_text jsonb_exists jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object
jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query
jsonb_path_query_array jsonb_path_query_first jsonb_populate_record jsonb_populate_recordset
jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset
jsonb_typeof justify_days justify_hours justify_interval lag last_value lcm lead least left length
line ln localtime localtimestamp log log10 lower lower_inc lower_inf lpad lseg ltrim make_date
make_interval make_time make_timestamp make_timestamptz masklen max md5 min min_scale mod mode
multirange netmask network now nth_value ntile nullif num_nonnulls num_nulls numnode numrange
obj_description octet_length overlay parse_ident path percent_rank percentile_cont
percentile_disc pg_backend_pid pg_client_encoding pg_collation_for pg_column_size pg_describe_object
pg_encoding_to_char pg_function_is_visible pg_get_constraintdef pg_get_expr
pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result
pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_partkeydef pg_get_ruledef
pg_get_serial_sequence pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role
pg_index_column_has_property pg_index_has_property pg_my_temp_schema pg_partition_root
pg_postmaster_start_time pg_sequence_parameters pg_size_bytes pg_size_pretty pg_table_is_visible
pg_timezone_names pg_trigger_depth pg_type_is_visible pg_typeof phraseto_tsquery pi
plainto_tsquery point polygon popen position pow power querytree quote_ident quote_literal
quote_nullable radians radius range_agg range_merge rank regexp_count regexp_instr regexp_like
regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table
regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope repeat replace
reverse right round row_number row_to_json rpad rtrim scale session_user setweight sha224 sha256
sha384 sha512 shobj_description sign sin sind sinh split_part sqrt starts_with
statement_timestamp stddev stddev_pop stddev_samp string_agg string_to_array string_to_table strip
strpos substr substring sum tan tand tanh text timestamp timestamptz timezone to_ascii to_char
to_date to_hex to_json to_jsonb to_number to_regclass to_regnamespace to_regproc to_regprocedure
to_regrole to_regtype to_timestamp to_tsquery to_tsvector transaction_timestamp translate
treat trim trim_array trim_scale trunc ts_delete ts_filter ts_headline ts_lexize ts_rank
ts_rank_cd tsquery_phrase tsrange tstzrange txid_current_if_assigned unistr unnest upper
upper_inc upper_inf user uuid_in var_pop var_samp variance version websearch_to_tsquery width
width_bucket xml_is_well_formed xmlagg xmlconcat xmlelement xmlexists xmlforest xmlparse xmlpi
xmlroot xmlserialize xpath xpath_exists
"""
_PG_VOLATILE = """
clock_timestamp currval gen_random_uuid lastval pg_advisory_lock pg_advisory_lock_shared
pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared pg_advisory_xact_lock
pg_advisory_xact_lock_shared pg_blocking_pids pg_cancel_backend pg_current_wal_lsn
pg_database_size pg_indexes_size pg_is_in_recovery pg_lock_status pg_notify pg_relation_size
pg_sleep pg_sleep_for pg_sleep_until pg_table_size pg_terminate_backend pg_total_relation_size
pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock
pg_try_advisory_xact_lock_shared random setseed timeofday txid_current pg_current_xact_id
"""
# Of extensions that come with PostgreSQL, or that most projects have.
_PG_CONTRIB = """
crypt digest gen_random_bytes gen_salt hmac encrypt decrypt pgp_sym_decrypt pgp_sym_encrypt
uuid_generate_v1 uuid_generate_v1mc uuid_generate_v3 uuid_generate_v4 uuid_generate_v5
uuid_nil uuid_ns_dns uuid_ns_url similarity word_similarity show_trgm unaccent levenshtein soundex
metaphone dmetaphone hstore akeys avals hstore_to_json hstore_to_jsonb slice subpath subltree
nlevel lca text2ltree ltree2text uuidv7 uuidv4
st_area st_asbinary st_asewkb st_asewkt st_asgeojson st_astext st_aswkt st_buffer st_centroid
st_collect st_contains st_convexhull st_coveredby st_covers st_difference st_distance
st_distance_sphere st_distancesphere st_dwithin st_envelope st_equals st_force2d st_force3d
st_geogfromtext st_geohash st_geometrytype st_geomfromewkb st_geomfromewkt st_geomfromgeojson
st_geomfromtext st_geomfromwkb st_intersection st_intersects st_isempty st_isvalid st_length
st_makeenvelope st_makeline st_makepoint st_makepolygon st_makevalid st_multi st_ndims
st_npoints st_numpoints st_overlaps st_perimeter st_point st_pointfromtext st_pointonsurface
st_setsrid st_simplify st_snaptogrid st_srid st_startpoint st_endpoint st_touches st_transform
st_translate st_union st_within st_x st_xmax st_xmin st_y st_ymax st_ymin st_z
"""
_MYSQL = """
abs acos adddate addtime aes_decrypt aes_encrypt any_value ascii asin atan atan2 avg bin
bin_to_uuid bit_and bit_count bit_length bit_or bit_xor cast ceil ceiling char char_length
character_length charset coalesce coercibility collation compress concat concat_ws connection_id
conv convert convert_tz cos cot count crc32 cume_dist curdate current_date current_role
current_time current_timestamp current_user curtime database date date_add date_format date_sub
datediff day dayname dayofmonth dayofweek dayofyear default degrees dense_rank elt exp export_set
extract extractvalue field find_in_set first_value floor format found_rows from_base64 from_days
from_unixtime get_format get_lock greatest group_concat grouping hex hour if ifnull inet6_aton
inet6_ntoa inet_aton inet_ntoa insert instr interval is_free_lock is_used_lock is_uuid isnull
json_array json_array_append json_array_insert json_arrayagg json_contains json_contains_path
json_depth json_extract json_insert json_keys json_length json_merge json_merge_patch
json_merge_preserve json_object json_objectagg json_overlaps json_pretty json_quote json_remove
json_replace json_search json_set json_table json_type json_unquote json_valid json_value lag
last_day last_insert_id lastval lcase lead least left length ln localtime localtimestamp locate
log log10 log2 lower lpad ltrim make_set makedate maketime max md5 microsecond mid min minute mod
month monthname name_const now nth_value ntile nullif nvl nvl2 oct octet_length ord percent_rank
period_add period_diff pi point position pow power quarter quote radians rand rank regexp_instr
regexp_like regexp_replace regexp_substr release_all_locks release_lock repeat replace reverse
right round row_count row_number rpad rtrim schema sec_to_time second session_user sha sha1 sha2
sign sin sleep soundex space sqrt st_area st_asgeojson st_astext st_distance st_geomfromtext
st_srid st_x st_y std stddev stddev_pop stddev_samp str_to_date strcmp subdate substr substring
substring_index subtime sum sysdate system_user tan time time_format time_to_sec timediff timestamp
timestampadd timestampdiff to_base64 to_days to_seconds trim truncate ucase uncompress unhex
unix_timestamp updatexml upper user utc_date utc_time utc_timestamp uuid uuid_short
uuid_to_bin value values var_pop var_samp variance version week weekday weekofyear weight_string
year yearweek
"""
_SQLITE = """
abs avg cast changes char coalesce concat concat_ws count cume_dist current_date current_time
current_timestamp date datetime dense_rank exp first_value format glob group_concat hex ifnull iif
instr json json_array json_array_length json_each json_error_position json_extract
json_group_array json_group_object json_insert json_object json_patch json_quote json_remove
json_replace json_set json_tree json_type json_valid jsonb jsonb_array jsonb_extract jsonb_object
jsonb_set julianday lag last_insert_rowid last_value lead length like likelihood likely ln log
log10 log2 lower ltrim max min mod nth_value ntile nullif octet_length percent_rank pi
pow power pragma_foreign_key_list pragma_index_info pragma_index_list pragma_table_info
pragma_table_xinfo printf quote radians random randomblob rank replace round row_number rtrim sign
sqlite_compileoption_used sqlite_source_id sqlite_version sqrt strftime string_agg substr
substring subtype sum time timediff total total_changes trim trunc typeof unhex unicode unixepoch
unlikely upper zeroblob
"""

_PURE: dict[Grammar, frozenset[str]] = {
    "postgresql": frozenset(f"{_PG} {_PG_VOLATILE} {_PG_CONTRIB}".split()),
    "mysql": frozenset(_MYSQL.split()),
    "sqlite": frozenset(_SQLITE.split()),
}
_BUILT_IN_SCHEMAS = frozenset({"", "pg_catalog", "public", "extensions", "information_schema"})
_PG_OWN = frozenset(f"{_PG} {_PG_VOLATILE}".split())

# Functions of extensions that change the table that their first argument names, and no other.
ONE_TABLE = frozenset(
    """create_hypertable set_chunk_time_interval add_dimension add_retention_policy
    remove_retention_policy add_compression_policy remove_compression_policy add_reorder_policy
    create_distributed_table create_reference_table undistribute_table addgeometrycolumn
    dropgeometrycolumn updategeometrysrid populate_geometry_columns recovergeometrycolumn
    """.split()  # noqa: SIM905
)


@lru_cache(maxsize=4096)
def is_pure(name: str, schema: str, grammars: Grammars) -> bool:
    """Tell whether a function changes nothing, on every database that has it."""
    lowered = name.lower()
    if schema.lower() not in _BUILT_IN_SCHEMAS:
        return False
    if schema.lower() == "public" and lowered in _PG_OWN:
        # Not the database's own one, which needs no schema.
        return False
    if lowered.startswith("pragma_") and "sqlite" in grammars:
        return True
    return any(lowered in _PURE[grammar] for grammar in grammars)
