import { z } from 'zod'
import { DURATION_PATTERN } from './duration.ts'
import { sections } from './gates/sections.ts'
import { connectionText } from './gates/values.ts'
import type { Setting, SettingName } from './settings-table.ts'
import { namesInFile, settingOf } from './settings-table.ts'

/** What may stand in a target: its settings and its sections. */
const targetSchema = z
  .strictObject({ ...settingsSchema(namesInFile('target')), ...sections })
  .describe(
    'What holds when this target is chosen. A section replaces the whole section of that name of the file.',
  )

/** airlock.yml as a zod object, made from the table of settings and the sections of the gates: strict, every key optional. */
export const airlockSchema = z
  .strictObject({
    ...settingsSchema(namesInFile('file')),
    ...sections,
    targets: z
      .record(z.string().min(1), targetSchema)
      .describe('The databases that can be chosen with `target`, by name.')
      .optional(),
  })
  .describe('The runbook of a PostgreSQL deployment: every key is optional.')

/** The JSON Schema of airlock.yml, for editors; the checked-in file is this text. */
export function airlockJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(airlockSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const words = jsonSchema as Record<string, unknown>
      plainWords(words)
      // zod leaves it out of what transforms, since its own default would be of the output.
      const written = z.globalRegistry.get(zodSchema) as { readonly default?: unknown } | undefined
      if (written?.default !== undefined) words.default = written.default
    },
  })
  return `${JSON.stringify({ $schema, title: 'pg-airlock runbook', ...schema }, null, 2)}\n`
}

/** Our own notes on a value, as JSON Schema says them. */
function plainWords(schema: Record<string, unknown>): void {
  const { secret, value, form } = schema
  for (const note of ['secret', 'literal', 'value', 'form']) delete schema[note]
  const sentences = [
    schema.description,
    form === undefined ? undefined : `Write ${String(form)}.`,
    secret === true ? SECRET : undefined,
  ].filter((sentence) => typeof sentence === 'string')
  if (sentences.length > 0) schema.description = [...new Set(sentences)].join(' ')
  // YAML reads 15 as a number: it is taken as it is written.
  if (value === 'version') schema.type = ['string', 'number']
}

function settingsSchema(names: readonly SettingName[]): Record<string, z.ZodType> {
  return Object.fromEntries(
    names.map((name) => {
      const setting = settingOf(name)
      const value = valueSchema(setting).describe(description(setting))
      return [name, value.optional()]
    }),
  )
}

function valueSchema(setting: Setting): z.ZodType {
  switch (setting.kind) {
    case 'boolean':
      return z.boolean()
    case 'choice':
      return z.enum(setting.choices ?? [])
    case 'duration':
      return z.string().regex(DURATION_PATTERN)
    case 'text':
      return setting.secret ? connectionText : z.string().min(1)
  }
}

function description(setting: Setting): string {
  return `${setting.description}${setting.default === undefined ? '' : ` Default: ${setting.default}.`}`
}

const SECRET = `\${NAME} of an environment variable is filled in; a password is never written here.`
