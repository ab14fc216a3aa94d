/** A secret of one or two characters would blot out half of every text and hides nothing. */
export const shortestSecret = 3

/** A text as it is, decoded, percent-encoded and as in an SQL literal: the ways in which a secret may turn up. */
export function textForms(written: string): readonly string[] {
  let decoded = written
  try {
    decoded = decodeURIComponent(written)
  } catch {
    // A raw % in a password: what is written is what is sent.
  }
  const forms = [written, decoded, encodeURIComponent(decoded), decoded.replaceAll("'", "''")]
  return [...new Set(forms)].filter((form) => form !== '')
}

/**
 * What must never be printed because of a password, in every form. Host, user and database are never masked: a password that equals one of
 * them (postgres:postgres), or is too short, is hidden only where it stands as a password in a URL (`:postgres@`).
 *
 * @param names user, database and hosts of the same connection
 */
export function passwordForms(written: string, names: readonly string[]): readonly string[] {
  const open = new Set(names.flatMap(textForms))
  return textForms(written).map((form) =>
    form.length >= shortestSecret && !open.has(form) ? form : `:${form}@`,
  )
}
