/** What a template may hold. */
export const PLACEHOLDERS = ['target', 'date', 'run', 'commit'] as const
export type Placeholder = (typeof PLACEHOLDERS)[number]

/** `NAMEDATALEN` − 1, to which pg_create_restore_point() holds the name of a restore point. */
export const LONGEST_NAME = 63

/** The names in braces, as written. */
export function placeholdersIn(template: string): readonly string[] {
  return [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)
}

/** Names in braces that none of `allowed` is. */
export function unknownPlaceholders(
  template: string,
  allowed: readonly Placeholder[],
): readonly string[] {
  return placeholdersIn(template).filter((name) => !allowed.some((known) => known === name))
}

/** Bytes of what is fixed: the template without what will be filled in. */
export function fixedBytes(template: string): number {
  return new TextEncoder().encode(template.replace(/\{[^{}]*\}/g, '')).length
}

/** The template with its values; in a value everything but letters, digits, `.`, `_` and `-` becomes `_`, so that it can be part of a path. */
export function fillTemplate(
  template: string,
  values: Readonly<Record<Placeholder, string>>,
): string {
  return template.replace(/\{([^{}]*)\}/g, (written, name: string) => {
    const known = PLACEHOLDERS.find((placeholder) => placeholder === name)
    return known === undefined ? written : values[known].replace(/[^\p{L}\p{N}._-]/gu, '_')
  })
}
