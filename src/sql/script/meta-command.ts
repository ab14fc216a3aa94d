/**
 * What stands behind psql's backslash commands and what a migration can say instead. Only the session of psql knows its own
 * variables, files and connections; a migration is sent to the server as it is.
 */
interface Advice {
  readonly why: string
  readonly fix: string
}

const PSQL_ONLY = 'It is a command of psql, not of the server: no other program can run it.'

/** `\restrict` and `\unrestrict` only guard psql against a hostile dump (pg_dump writes them since 17.6, 16.10, 15.14, 14.19, 13.22). */
export function isAcceptedMeta(text: string): boolean {
  return /^\\(?:un)?restrict(?:\s|$)/.test(text)
}

/** The name with its backslash: `\copy` of `\copy t from 'a.csv'`. */
export function metaName(text: string): string {
  return /^\\(?:[A-Za-z_]+\+?|[^A-Za-z\s]?)/.exec(text)?.[0] ?? text
}

/** Why the meta-command is refused and what to write instead. */
export function metaAdvice(text: string): Advice {
  const name = metaName(text)
  const found = ADVICE.find(({ names }) => names.includes(name.replace(/\+$/, '')))
  return {
    why: found?.why ?? PSQL_ONLY,
    fix: found?.fix ?? 'Remove the line, or write what it does as SQL.',
  }
}

const ADVICE: readonly (Partial<Advice> & {
  readonly names: readonly string[]
  readonly fix: string
})[] = [
  {
    names: ['\\copy'],
    why: 'It reads or writes a file on the machine of psql.',
    fix: 'Write COPY … FROM STDIN; with the rows below it and a line \\. at their end, or a COPY … FROM a file of the server.',
  },
  {
    names: ['\\i', '\\ir', '\\include', '\\include_relative'],
    why: 'A migration is one file: its checksum must bind all that it runs.',
    fix: 'Put the text of that file in this place, or make it a migration of its own.',
  },
  {
    names: ['\\set', '\\unset', '\\prompt', '\\getenv', '\\gset'],
    why: 'There are no psql variables here: the same file must do the same everywhere.',
    fix: "Write the value itself, or keep it in a setting: SET my.value = '…' and current_setting('my.value').",
  },
  {
    names: ['\\gexec'],
    why: 'It runs SQL that a query makes up, which nobody can check beforehand.',
    fix: 'Write the statements out, or a DO block that EXECUTEs format(…) in a loop.',
  },
  {
    names: ['\\g', '\\gx', '\\crosstabview', '\\bind', '\\bind_named', '\\parse', '\\gdesc'],
    fix: 'End the statement with a semicolon.',
  },
  {
    names: ['\\;'],
    why: 'It makes psql send several statements as one message; each is sent on its own here.',
    fix: 'Write a plain semicolon; put BEGIN; and COMMIT; around statements that belong together.',
  },
  {
    names: ['\\c', '\\connect'],
    why: 'A migration changes the one database that the run is connected to and locked.',
    fix: 'Remove the line; deploy another database as a target of its own.',
  },
  {
    names: ['\\if', '\\elif', '\\else', '\\endif'],
    why: 'What a migration does must not depend on the session of psql.',
    fix: 'Use IF [NOT] EXISTS of the statement itself, or a DO block with IF … THEN.',
  },
  {
    names: ['\\echo', '\\qecho', '\\warn'],
    fix: "Make it a comment, or say it with DO $$ BEGIN RAISE NOTICE '…'; END $$;",
  },
  {
    names: ['\\!'],
    why: 'It runs a command of the shell.',
    fix: 'Make it a step of the workflow, before or after this one.',
  },
  {
    names: [
      '\\timing',
      '\\pset',
      '\\x',
      '\\a',
      '\\t',
      '\\f',
      '\\H',
      '\\o',
      '\\out',
      '\\r',
      '\\reset',
      '\\p',
      '\\q',
      '\\quit',
    ],
    fix: 'Remove the line: the report has durations and results.',
  },
  {
    names: [
      '\\d',
      '\\dt',
      '\\di',
      '\\dv',
      '\\df',
      '\\dn',
      '\\dx',
      '\\l',
      '\\du',
      '\\dp',
      '\\z',
      '\\sf',
      '\\sv',
    ],
    fix: 'Remove the line; what must be true afterwards belongs in a verify script.',
  },
  {
    names: ['\\encoding'],
    why: 'Files are read as UTF-8.',
    fix: 'Remove the line and save the file as UTF-8.',
  },
  {
    names: ['\\.'],
    why: 'It ends the rows of a COPY … FROM STDIN, and none is open here.',
    fix: 'Remove the line, or check the COPY statement above it.',
  },
]
