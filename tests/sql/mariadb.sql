SELECT IF(table_type = 'VIEW', 'view', 'table'), IF(table_type = 'VIEW', '', table_name), table_name,
       concat_ws('|', engine, table_collation, table_comment, create_options)
  FROM information_schema.tables WHERE table_schema = database();

SELECT 'column', table_name, column_name,
       concat_ws('|', ordinal_position, column_type, is_nullable, column_default, extra,
                 column_comment, collation_name)
  FROM information_schema.columns
 WHERE table_schema = database()
   AND table_name NOT IN (SELECT table_name FROM information_schema.views);

SELECT 'index', table_name, index_name,
       concat_ws('|', group_concat(column_name ORDER BY seq_in_index), max(non_unique), max(index_type))
  FROM information_schema.statistics WHERE table_schema = database() GROUP BY table_name, index_name;

SELECT 'constraint', table_name, constraint_name, constraint_type
  FROM information_schema.table_constraints WHERE table_schema = database();

SELECT 'view', '', table_name, view_definition
  FROM information_schema.views WHERE table_schema = database();

SELECT 'trigger', event_object_table, trigger_name, action_statement
  FROM information_schema.triggers WHERE trigger_schema = database();

SELECT 'function', '', routine_name, routine_definition
  FROM information_schema.routines WHERE routine_schema = database();

SELECT 'event', '', event_name, event_definition
  FROM information_schema.events WHERE event_schema = database();
