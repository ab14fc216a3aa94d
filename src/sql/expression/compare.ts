import { NUMBER_TYPES, typedLiteral } from './literal.ts'
import { bare, isLiteral, type Term, term } from './term.ts'

/** 'different': certainly not the expression that was written. 'unknown': the texts alone can't tell. */
export type Sameness = 'same' | 'different' | 'unknown'

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '<', '>', '<=', '>='])
const WIDENING: ReadonlySet<string> = new Set(['+', '-', '*'])
const TEXT_TYPES: ReadonlySet<string> = new Set([
  'text',
  'character varying',
  'bpchar',
  'name',
  'text[]',
  'character varying[]',
  'bpchar[]',
])
/** Calls whose arguments are brought to one common type. */
const COMMON_TYPE: ReadonlySet<string> = new Set(['COALESCE', 'GREATEST', 'LEAST', 'NULLIF'])

/**
 * Whether a wider number type changes nothing: between the operands of a comparison and what is added or multiplied below it. Not under
 * a division, where 1 / 2 and 1 / 2.0 differ.
 */
type Numbers = 'widen' | 'exact'

/** Compares an expression as written with the server's deparse of one, which adds the casts that the analysis found necessary. */
export function compareTerms(written: Term, stored: Term, numbers: Numbers = 'widen'): Sameness {
  if (written.form === 'cast' || stored.form === 'cast') {
    return compareCasts(written, stored, numbers)
  }
  if (written.form !== stored.form) return compareForms(written, stored)
  if (written.parts.length !== stored.parts.length) return 'different'
  if (written.text !== stored.text) return compareTexts(written, stored)
  const below = numbersBelow(written, numbers)
  return worst(
    written.parts.map((part, i) => compareTerms(part, stored.parts[i] ?? term('null'), below)),
  )
}

function numbersBelow(value: Term, numbers: Numbers): Numbers {
  if (value.form === 'operator' && COMPARISONS.has(value.text)) return 'widen'
  if (value.form === 'operator' && WIDENING.has(value.text)) return numbers
  if (value.form === 'call' && COMMON_TYPE.has(value.text)) return numbers
  if (['and', 'or', 'not', 'any', 'all', 'case'].includes(value.form)) return 'widen'
  return value.form === 'array' || value.form === 'list' ? numbers : 'exact'
}

function compareCasts(written: Term, stored: Term, numbers: Numbers): Sameness {
  const [inner] = stored.parts
  const [own] = written.parts
  if (written.form === 'cast' && stored.form === 'cast' && written.text === stored.text) {
    const result =
      own === undefined || inner === undefined ? 'unknown' : compareTerms(own, inner, numbers)
    return settled(result, stored)
  }
  if (stored.form === 'cast' && inner !== undefined && mayBeAdded(stored, inner, numbers)) {
    // The cast may have converted the text of a constant: '5 minutes' is stored as '00:05:00'::interval.
    const typed = isLiteral(written) ? typedLiteral(stored.text, written) : written
    const converted = isLiteral(written) && typed.form === 'cast' ? typed.parts[0] : typed
    return settled(compareTerms(converted ?? typed, inner, numbers), stored)
  }
  const [one, other] = [bare(written), bare(stored)]
  const columns = one.form === 'column' && other.form === 'column' && one.text !== other.text
  return columns ? 'different' : 'unknown'
}

/** Two texts of one constant may be one value: '{"a":1}' and '{"a": 1}' of jsonb. */
function settled(result: Sameness, cast: Term): Sameness {
  const constant = isLiteral(bare(cast)) && !knownText(cast.text)
  return result === 'different' && constant ? 'unknown' : result
}

/** Types whose input function keeps a constant's text, so that another text is another value. */
function knownText(type: string): boolean {
  return TEXT_TYPES.has(type) || NUMBER_TYPES.has(type)
}

/** Is this cast one that the server adds by itself, without a change of meaning? */
function mayBeAdded(cast: Term, inner: Term, numbers: Numbers): boolean {
  if (TEXT_TYPES.has(cast.text)) return true
  const literal = bare(inner)
  if (literal.form === 'string' || literal.form === 'null') return true
  if (NUMBER_TYPES.has(cast.text)) {
    if (numbers === 'exact') return false
    return literal.form === 'number' || cast.text === 'numeric'
  }
  return false
}

/** '5' and 5 may be the same number; anything else of two forms is two expressions. */
function compareForms(written: Term, stored: Term): Sameness {
  if (written.form === 'string' && stored.form === 'number') {
    return written.text.trim() === stored.text ? 'same' : 'unknown'
  }
  if (written.form === 'string' && stored.form === 'word') {
    const truth = typedLiteral('boolean', written)
    return truth.form === 'word' && truth.text === stored.text ? 'same' : 'unknown'
  }
  const plain = ['column', 'number', 'operator', 'and', 'or', 'not', 'test']
  return plain.includes(written.form) && plain.includes(stored.form) ? 'different' : 'unknown'
}

function compareTexts(written: Term, stored: Term): Sameness {
  switch (written.form) {
    case 'number':
      return Number(written.text) === Number(stored.text) ? 'unknown' : 'different'
    case 'string':
    case 'column':
    case 'test':
      return 'different'
    case 'operator':
    case 'any':
    case 'all':
      return COMPARISONS.has(written.text) && COMPARISONS.has(stored.text) ? 'different' : 'unknown'
    default:
      return 'unknown'
  }
}

function worst(results: readonly Sameness[]): Sameness {
  if (results.includes('different')) return 'different'
  return results.includes('unknown') ? 'unknown' : 'same'
}
