SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' WHEN 'S' THEN 'sequence'
         WHEN 'c' THEN 'type' ELSE 'table' END,
       CASE WHEN c.relkind IN ('r', 'p', 'f') THEN {name} ELSE '' END, {name},
       concat(c.relkind, c.relpersistence, c.relrowsecurity, c.relreplident, c.reloptions,
              c.relispopulated, pg_get_viewdef(c.oid), c.relpartbound, c.relowner)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {user} AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'c', 'f')
UNION ALL
SELECT 'column', {name}, a.attname,
       concat(format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
              a.attstattarget, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE {user} AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT 'constraint', {name}, k.conname,
       concat(pg_get_constraintdef(k.oid), k.convalidated, obj_description(k.oid, 'pg_constraint'))
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {user}
UNION ALL
SELECT 'index', {name}, i.relname, concat(pg_get_indexdef(i.oid), x.indisclustered, i.reloptions)
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {user}
UNION ALL
SELECT 'trigger', {name}, t.tgname, concat(pg_get_triggerdef(t.oid), t.tgenabled)
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {user} AND NOT t.tgisinternal
UNION ALL
SELECT 'policy', {name}, p.polname, p.polcmd::text
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT 'rule', {name}, r.rulename, pg_get_ruledef(r.oid)
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {user} AND r.rulename <> '_RETURN'
UNION ALL
SELECT 'privileges', {name}, '', c.relacl::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {user} AND c.relacl IS NOT NULL
UNION ALL
SELECT 'comment', {name}, '', obj_description(c.oid, 'pg_class')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {user} AND obj_description(c.oid, 'pg_class') IS NOT NULL
UNION ALL
SELECT 'statistics', {name}, e.stxname, e.stxkind::text
  FROM pg_statistic_ext e JOIN pg_class c ON c.oid = e.stxrelid JOIN pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT 'inherits', {name}, c.relname, (SELECT string_agg(i.inhparent::text, ',') FROM pg_inherits i WHERE i.inhrelid = c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {user} AND c.relkind IN ('r', 'p')
UNION ALL
SELECT 'function', '', CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || p.proname,
       concat(p.prosrc, p.prosqlbody, obj_description(p.oid, 'pg_proc'))
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {user}
UNION ALL
SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, '',
       CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || t.typname,
       concat(t.typtype, t.typnotnull, t.typdefault,
              (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
              (SELECT string_agg(pg_get_constraintdef(k.oid), ',') FROM pg_constraint k WHERE k.contypid = t.oid))
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE {user} AND t.typtype IN ('e', 'd', 'r')
UNION ALL SELECT 'schema', '', n.nspname, n.nspacl::text FROM pg_namespace n WHERE {user}
UNION ALL SELECT 'extension', '', extname, extversion FROM pg_extension
UNION ALL SELECT 'collation', '', collname, '' FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE {user}
UNION ALL SELECT 'publication', '', pubname, '' FROM pg_publication
UNION ALL SELECT 'event trigger', '', evtname, '' FROM pg_event_trigger
UNION ALL SELECT 'cast', '', count(*)::text, '' FROM pg_cast
UNION ALL SELECT 'operator', '', count(*)::text, '' FROM pg_operator
UNION ALL SELECT 'privileges', '', 'default', coalesce(string_agg(defaclacl::text, ','), '') FROM pg_default_acl
UNION ALL SELECT 'large object', '', oid::text, '' FROM pg_largeobject_metadata
