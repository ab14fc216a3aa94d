/** A text constant (also cut off at the end), or a number that is no part of a name or parameter. */
const constants = /'(?:[^']|'')*(?:'|$)|(?<![\w$."])-?\d+(?:\.\d+)?(?![\w"])/g

/**
 * A query with its constants as parameters, as pg_stat_statements shows it: 'select … where id = $1'. An application sends one query with a
 * thousand values, and what the values are is nobody's business. Names in double quotes stay; dollar-quoted texts are not looked for.
 */
export function withoutConstants(query: string): string {
  let parameters = 0
  return query.replace(constants, () => {
    parameters += 1
    return `$${parameters}`
  })
}
