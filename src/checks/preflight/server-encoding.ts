import type { Session } from '../../postgres/types.ts'
import { defineCheck, type Finding } from '../check.ts'
import { bounded } from '../details.ts'

interface Encoding {
  readonly encoding: string
  /** LC_COLLATE, LC_CTYPE and, from 15, provider and locale: 'C / C (libc)'. */
  readonly locale: string
  /** The library's version when the database was made; null: C, or not recorded. */
  readonly recorded: string | null
  readonly actual: string | null
  /** Collations in use whose version has changed: 'public.german 153.112, now 153.120'. */
  readonly changed: readonly string[]
}

interface Facts {
  readonly target: Encoding
  readonly staging: Encoding | null
  readonly serverMajor: number
}

/**
 * Encoding and collations. After an upgrade of the operating system's or ICU's library texts may sort otherwise than the indexes hold them:
 * the versions recorded (pg_database.datcollversion, 15 and later; pg_collation.collversion) are compared with those in use. One query, one more on staging.
 */
export const serverEncoding = defineCheck<Facts>({
  id: 'server.encoding',
  group: 'server',
  title: 'Encoding and collation versions',
  severity: 'warn',
  needs: 'Every role may read pg_database and pg_collation.',
  read: async ({ target, staging }) => ({
    target: await readEncoding(target),
    staging: staging === null ? null : await readEncoding(staging),
    serverMajor: target.serverMajor,
  }),
  judge: (facts, { stagingFailure }) => [
    encodingFinding(facts.target),
    versionFinding(facts),
    ...stagingFinding(facts, stagingFailure),
  ],
})

async function readEncoding(session: Session): Promise<Encoding> {
  const major = session.serverMajor
  const iculocale = major >= 17 ? 'd.datlocale' : 'd.daticulocale'
  const provider =
    major >= 15
      ? `' (' || case d.datlocprovider when 'c' then 'libc' when 'i' then 'icu' else 'builtin' end || coalesce(' ' || ${iculocale}, '') || ')'`
      : `' (libc)'`
  const [row] = await session.rows<Encoding>(
    `select pg_catalog.pg_encoding_to_char(d.encoding)::text as encoding,
            d.datcollate || ' / ' || d.datctype || ${provider} as locale,
            ${major >= 15 ? 'd.datcollversion' : 'null::text'} as recorded,
            ${major >= 15 ? 'pg_catalog.pg_database_collation_actual_version(d.oid)' : 'null::text'} as actual,
            array(select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.collname) || ' ' || c.collversion || ', now ' || v.actual
                    from pg_catalog.pg_collation c
                    join pg_catalog.pg_namespace n on n.oid = c.collnamespace
                    cross join lateral (select pg_catalog.pg_collation_actual_version(c.oid) as actual) v
                   where c.collversion is not null and c.collversion <> v.actual
                     and c.oid in (select a.attcollation from pg_catalog.pg_attribute a where a.attnum > 0 and not a.attisdropped)
                   order by 1 limit 100) as changed
       from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`,
  )
  if (row === undefined) throw new Error('the current database is not in pg_database')
  return row
}

function encodingFinding({ encoding }: Encoding): Finding {
  if (encoding === 'UTF8') return { outcome: 'passed', expected: 'UTF8', actual: encoding }
  return {
    outcome: 'problem',
    expected: 'UTF8',
    actual: encoding,
    reason:
      'Migrations are sent as UTF-8: a character that the database’s encoding lacks is refused (22P05), and SQL_ASCII takes any bytes unconverted.',
    fix: 'Keep the migrations to ASCII, or move to a UTF8 database.',
  }
}

function versionFinding({ target, serverMajor }: Facts): Finding {
  const title = 'Collation versions'
  const { locale, recorded, actual, changed } = target
  const own = recorded !== null && actual !== null && recorded !== actual
  if (own || changed.length > 0) {
    const lines = own ? [`database default ${recorded}, now ${actual}`, ...changed] : changed
    return {
      outcome: 'problem',
      title,
      expected: 'the versions that the indexes were built with',
      actual: `${lines.length} changed`,
      reason:
        'Texts may sort otherwise than existing indexes hold them: lookups miss rows, and a unique index may let duplicates in.',
      fix: 'REINDEX what depends on them, then ALTER DATABASE … (or ALTER COLLATION …) REFRESH COLLATION VERSION.',
      details: bounded(lines),
    }
  }
  const fixed = /^(C|POSIX|C\.\S+|ucs_basic) \/ |\(builtin/.test(locale)
  if (recorded === null && !fixed) {
    return {
      outcome: 'not-checked',
      title,
      expected: 'the versions that the indexes were built with',
      actual: locale,
      reason:
        serverMajor < 15
          ? 'before PostgreSQL 15 a database’s own collation version is not recorded'
          : 'the version of the database’s own collation is not recorded',
    }
  }
  return {
    outcome: 'passed',
    title,
    expected: 'unchanged',
    actual: `${locale}${recorded === null ? ', which has no versions' : `, ${recorded}`}`,
  }
}

function stagingFinding(
  { target, staging }: Facts,
  failure: string | undefined,
): readonly Finding[] {
  const title = 'Encoding and collation as on staging'
  if (staging === null) {
    if (failure === undefined) return []
    return [
      {
        outcome: 'not-checked',
        title,
        expected: 'as on staging',
        actual: target.locale,
        reason: failure,
      },
    ]
  }
  const [expected, actual] = [staging, target].map(
    ({ encoding, locale }) => `${encoding}, ${locale}`,
  ) as [string, string]
  if (expected === actual) return [{ outcome: 'passed', title, expected, actual }]
  return [
    {
      outcome: 'problem',
      title,
      expected: `${expected}, as staging`,
      actual,
      reason:
        'Texts sort and compare otherwise than on staging: unique indexes and range conditions may behave otherwise too.',
      fix: 'Make staging with the encoding and locale of the target.',
    },
  ]
}
