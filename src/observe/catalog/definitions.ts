import { comment, isOwned, privileges, type Section } from './section.ts'

const routines: Section = {
  title: 'functions and procedures',
  sql: `
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
      n.nspname::text, p.proname::text, NULL, pg_get_function_identity_arguments(p.oid),
      quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')',
      json_build_object(
        'definition', CASE WHEN p.prokind = 'a' THEN (
            SELECT concat_ws(', ', 'SFUNC = ' || g.aggtransfn::text, 'STYPE = ' || format_type(g.aggtranstype, NULL),
                     'INITCOND = ' || quote_literal(g.agginitval), 'FINALFUNC = ' || nullif(g.aggfinalfn::text, '-'),
                     'COMBINEFUNC = ' || nullif(g.aggcombinefn::text, '-'), 'SERIALFUNC = ' || nullif(g.aggserialfn::text, '-'),
                     'DESERIALFUNC = ' || nullif(g.aggdeserialfn::text, '-'), 'MSFUNC = ' || nullif(g.aggmtransfn::text, '-'),
                     'MINVFUNC = ' || nullif(g.aggminvtransfn::text, '-'), 'MFINALFUNC = ' || nullif(g.aggmfinalfn::text, '-'),
                     'MINITCOND = ' || quote_literal(g.aggminitval), 'SORTOP = ' || nullif(g.aggsortop, 0)::regoperator::text,
                     'KIND = ' || g.aggkind::text, 'PARALLEL = ' || p.proparallel::text)
              FROM pg_aggregate g WHERE g.aggfnoid = p.oid)
          ELSE pg_get_functiondef(p.oid) END,
        'owner', pg_get_userbyid(p.proowner),
        'privileges', ${privileges('p.proacl', 'f', 'p.proowner')},
        'comment', ${comment('pg_proc', 'p.oid')})
    FROM pg_proc p JOIN ns n ON n.oid = p.pronamespace
    WHERE NOT ${isOwned('pg_proc', 'p.oid')}
      -- The constructors of a range type come and go with it.
      AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')`,
}

/** Types that people make; rows of tables, arrays and multiranges come with what they belong to. */
const types: Section = {
  title: 'types and domains',
  sql: `
    SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, n.nspname::text, t.typname::text, NULL, NULL,
      quote_ident(n.nspname) || '.' || quote_ident(t.typname),
      json_build_object(
        'type', CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) WHEN 'e' THEN 'enum' WHEN 'c' THEN 'composite' WHEN 'r' THEN 'range' WHEN 'b' THEN 'base' ELSE 'shell' END,
        'not null', CASE WHEN t.typtype = 'd' THEN t.typnotnull::text END,
        'default', CASE WHEN t.typtype = 'd' THEN coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)) END,
        'collation', (SELECT l.oid::regcollation::text FROM pg_collation l, pg_type b
                       WHERE t.typtype = 'd' AND b.oid = t.typbasetype AND l.oid = t.typcollation AND t.typcollation <> b.typcollation),
        'labels', CASE WHEN t.typtype = 'e' THEN (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) END,
        'columns', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                     WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
        'range', (SELECT concat_ws(', ', 'SUBTYPE = ' || format_type(r.rngsubtype, NULL), 'OPCLASS = ' || (SELECT quote_ident(k.opcname) FROM pg_opclass k WHERE k.oid = r.rngsubopc),
                    'COLLATION = ' || nullif(r.rngcollation, 0)::regcollation::text, 'CANONICAL = ' || nullif(r.rngcanonical::text, '-'),
                    'SUBTYPE_DIFF = ' || nullif(r.rngsubdiff::text, '-'), 'MULTIRANGE = ' || format_type(r.rngmultitypid, NULL))
                    FROM pg_range r WHERE t.typtype = 'r' AND r.rngtypid = t.oid),
        'base', CASE WHEN t.typtype = 'b' THEN concat_ws(', ', t.typinput, t.typoutput, t.typreceive, t.typsend, t.typlen, t.typbyval, t.typalign, t.typstorage, t.typcategory, t.typdelim) END,
        'owner', pg_get_userbyid(t.typowner),
        'privileges', ${privileges('t.typacl', 'T', 't.typowner')},
        'comment', coalesce(${comment('pg_type', 't.oid')}, ${comment('pg_class', 't.typrelid')}))
    FROM pg_type t JOIN ns n ON n.oid = t.typnamespace
    WHERE NOT ${isOwned('pg_type', 't.oid')}
      AND t.typtype IN ('d', 'e', 'c', 'r', 'b', 'p')
      AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
      AND (t.typtype <> 'c' OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))`,
}

const enumValues: Section = {
  title: 'enum values',
  sql: `
    SELECT 'enum value', n.nspname::text, e.enumlabel::text, t.typname::text, NULL,
      quote_ident(n.nspname) || '.' || quote_ident(t.typname) || '.' || quote_ident(e.enumlabel), '{}'::json
    FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN ns n ON n.oid = t.typnamespace
    WHERE NOT ${isOwned('pg_type', 't.oid')}`,
}

const collations: Section = {
  title: 'collations',
  sql: `
    SELECT 'collation', n.nspname::text, l.collname::text, NULL, NULL, quote_ident(n.nspname) || '.' || quote_ident(l.collname),
      json_build_object(
        'provider', l.collprovider::text,
        'deterministic', l.collisdeterministic::text,
        'locale', concat_ws(', ', l.collcollate, l.collctype, to_jsonb(l) ->> 'colliculocale', to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'collicurules'),
        'owner', pg_get_userbyid(l.collowner),
        'comment', ${comment('pg_collation', 'l.oid')})
    FROM pg_collation l JOIN ns n ON n.oid = l.collnamespace WHERE NOT ${isOwned('pg_collation', 'l.oid')}`,
}

const operators: Section = {
  title: 'operators',
  sql: `
    SELECT 'operator', n.nspname::text, p.oprname::text, NULL,
      concat_ws(', ', CASE WHEN p.oprleft = 0 THEN 'NONE' ELSE format_type(p.oprleft, NULL) END, format_type(p.oprright, NULL)),
      p.oid::regoperator::text,
      json_build_object(
        'definition', concat_ws(', ', p.oprcode::text, 'returns ' || format_type(p.oprresult, NULL), 'commutator ' || nullif(p.oprcom, 0)::regoperator::text,
           'negator ' || nullif(p.oprnegate, 0)::regoperator::text, 'restrict ' || nullif(p.oprrest::text, '-'), 'join ' || nullif(p.oprjoin::text, '-'),
           CASE WHEN p.oprcanmerge THEN 'merges' END, CASE WHEN p.oprcanhash THEN 'hashes' END),
        'owner', pg_get_userbyid(p.oprowner),
        'comment', ${comment('pg_operator', 'p.oid')})
    FROM pg_operator p JOIN ns n ON n.oid = p.oprnamespace WHERE NOT ${isOwned('pg_operator', 'p.oid')}`,
}

const operatorClasses: Section = {
  title: 'operator classes',
  sql: `
    SELECT 'operator class', n.nspname::text, k.opcname::text, NULL, m.amname::text,
      quote_ident(n.nspname) || '.' || quote_ident(k.opcname) || ' USING ' || m.amname,
      json_build_object(
        'definition', concat_ws(', ', format_type(k.opcintype, NULL), CASE WHEN k.opcdefault THEN 'default' END, 'storage ' || format_type(nullif(k.opckeytype, 0), NULL)),
        'operators', (SELECT string_agg(o.amopstrategy || ' ' || o.amopopr::regoperator::text, ', ' ORDER BY o.amopstrategy, o.amopopr::regoperator::text)
                        FROM pg_amop o WHERE o.amopfamily = k.opcfamily AND o.amoplefttype = k.opcintype),
        'functions', (SELECT string_agg(f.amprocnum || ' ' || f.amproc::text, ', ' ORDER BY f.amprocnum, f.amproc::text)
                        FROM pg_amproc f WHERE f.amprocfamily = k.opcfamily AND f.amproclefttype = k.opcintype),
        'owner', pg_get_userbyid(k.opcowner))
    FROM pg_opclass k JOIN ns n ON n.oid = k.opcnamespace JOIN pg_am m ON m.oid = k.opcmethod
    WHERE NOT ${isOwned('pg_opclass', 'k.oid')}`,
}

/** Made by people: those of initdb have OIDs below 16384 (FirstNormalObjectId). */
const casts: Section = {
  title: 'casts',
  sql: `
    SELECT 'cast', NULL, format_type(k.castsource, NULL) || ' AS ' || format_type(k.casttarget, NULL), NULL, NULL,
      '(' || format_type(k.castsource, NULL) || ' AS ' || format_type(k.casttarget, NULL) || ')',
      json_build_object('function', CASE WHEN k.castfunc <> 0 THEN k.castfunc::regprocedure::text END,
        'context', k.castcontext::text, 'method', k.castmethod::text, 'comment', ${comment('pg_cast', 'k.oid')})
    FROM pg_cast k WHERE k.oid >= 16384 AND NOT ${isOwned('pg_cast', 'k.oid')}`,
}

const textSearch: Section = {
  title: 'text search',
  sql: `
    SELECT 'text search', n.nspname::text, x.cfgname::text, NULL, 'configuration', 'configuration ' || quote_ident(n.nspname) || '.' || quote_ident(x.cfgname),
      json_build_object(
        'parser', (SELECT p.prsname FROM pg_ts_parser p WHERE p.oid = x.cfgparser),
        'mappings', (SELECT string_agg(m.maptokentype || ' ' || m.mapdict::regdictionary::text, ', ' ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = x.oid),
        'owner', pg_get_userbyid(x.cfgowner), 'comment', ${comment('pg_ts_config', 'x.oid')})
    FROM pg_ts_config x JOIN ns n ON n.oid = x.cfgnamespace WHERE NOT ${isOwned('pg_ts_config', 'x.oid')}
    UNION ALL
    SELECT 'text search', n.nspname::text, x.dictname::text, NULL, 'dictionary', 'dictionary ' || quote_ident(n.nspname) || '.' || quote_ident(x.dictname),
      json_build_object(
        'template', (SELECT p.tmplname FROM pg_ts_template p WHERE p.oid = x.dicttemplate),
        'options', x.dictinitoption,
        'owner', pg_get_userbyid(x.dictowner), 'comment', ${comment('pg_ts_dict', 'x.oid')})
    FROM pg_ts_dict x JOIN ns n ON n.oid = x.dictnamespace WHERE NOT ${isOwned('pg_ts_dict', 'x.oid')}`,
}

export const definitionSections: readonly Section[] = [
  routines,
  types,
  enumValues,
  collations,
  operators,
  operatorClasses,
  casts,
  textSearch,
]
