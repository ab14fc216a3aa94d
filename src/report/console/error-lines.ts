import { consoleLine, consoleLines } from '../escape.ts'
import type { Place } from '../refusal.ts'
import { sqlstateName } from '../sqlstate.ts'
import type { ErrorReport } from '../types.ts'
import { paint, type Style } from './paint.ts'

/** An error in full: message, place, statement with caret, what the server added, what to do. */
export function errorLines(error: ErrorReport, style: Style): string[] {
  return [
    ...labelled('✗', error.message, (text) => paint(text, 'red', style)),
    ...(error.where === undefined ? [] : [`  at ${placeText(error.where)}`]),
    ...(error.excerpt === undefined ? [] : excerpt(error.excerpt)),
    ...(error.sqlstate === undefined ? [] : labelled('  SQLSTATE:', state(error.sqlstate))),
    ...(error.detail === undefined ? [] : labelled('  detail:', error.detail)),
    ...(error.hint === undefined ? [] : labelled('  hint:', error.hint)),
    ...(error.context === undefined ? [] : labelled('  context:', error.context)),
    ...(error.why === undefined ? [] : labelled('  why:', error.why)),
    ...(error.fix === undefined ? [] : labelled('  what to do:', error.fix)),
  ]
}

/** A label, then a text from anywhere; its further lines stand below its first. */
export function labelled(label: string, text: string, ink = (line: string) => line): string[] {
  const indent = ' '.repeat(label.length + 1)
  return consoleLines(text).map((line, index) =>
    index === 0 ? ink(`${label} ${line}`) : `${indent}${line}`,
  )
}

/** `file:line:column` as terminals and editors make it clickable. */
export function placeText(where: Place): string {
  return consoleLine(`${where.file}:${where.line}:${where.column}`)
}

function excerpt(text: string): string[] {
  return consoleLines(text).map((line) => `    │ ${line}`)
}

function state(code: string): string {
  const name = sqlstateName(code)
  return name === undefined ? code : `${code} ${name}`
}
