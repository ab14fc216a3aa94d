import type { Refusal, RefusalParts } from '../../report/refusal.ts'
import { fieldsOf } from '../tree/node.ts'
import { optionOf } from '../tree/option.ts'
import { textOf } from '../tree/value.ts'
import type { Node } from '../types.ts'
import type { CopySpan } from './lexer.ts'

/** Makes a refusal at an offset of the source. */
export type RefuseAt = (offset: number, parts: Omit<RefusalParts, 'where' | 'excerpt'>) => Refusal

/** @throws Refusal for rows without an end, and for text where they should begin. */
export function checkCopyRows({ statement, end, strayAt }: CopySpan, refuse: RefuseAt): void {
  if (strayAt !== null) {
    throw refuse(strayAt, {
      what: 'Text stands between COPY … FROM STDIN; and its rows',
      why: 'The rows of a COPY begin on the line after its semicolon.',
      fix: 'Move this text below the line \\. that ends the rows.',
    })
  }
  if (end === null) {
    throw refuse(statement, {
      what: 'The rows of this COPY … FROM STDIN have no end',
      why: 'Rows go on up to a line that holds only \\. – without it, statements below would be read as rows.',
      fix: 'Add a line \\. after the last row.',
    })
  }
}

/**
 * The part of the source that holds the rows of a COPY … FROM STDIN; null for any other statement, COPY from a file included.
 * @throws Refusal for a COPY that would need psql's own input or output.
 */
export function copyRowsOf(
  node: Node,
  start: number,
  rows: CopySpan | undefined,
  refuse: RefuseAt,
): { readonly start: number; readonly end: number } | null {
  const copy = fieldsOf(node, 'CopyStmt')
  if (copy === undefined || copy.filename !== undefined) return null
  if (copy.is_from !== true) {
    throw refuse(start, {
      what: 'COPY … TO STDOUT has nobody to read it',
      why: 'A migration changes the database; its output goes nowhere.',
      fix: 'Copy to a table (CREATE TABLE … AS), or export in a step of the workflow.',
    })
  }
  if (rows === undefined || rows.end === null) {
    throw refuse(start, {
      what: 'COPY … FROM STDIN has no rows',
      why: 'Its rows must follow in the file: there is no other input.',
      fix: 'End the statement with a semicolon, put the rows on the lines after it and a line \\. after the last.',
    })
  }
  if (textOf(optionOf(copy.options, 'format')?.arg) === 'binary') {
    throw refuse(start, {
      what: 'COPY … FROM STDIN in binary format has no rows that a text file could hold',
      why: 'Rows in a SQL file are text.',
      fix: 'Write the rows in text or CSV format.',
    })
  }
  return { start: rows.start, end: rows.end }
}
