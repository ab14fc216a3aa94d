import { z } from 'zod'
import { DURATION_PATTERN } from './duration.ts'
import type { Setting, SettingName } from './settings-table.ts'
import { namesInFile, settingOf } from './settings-table.ts'

/** airlock.yml as a zod object, made from the table of settings: strict, every key optional. */
export const airlockSchema = z
  .strictObject({
    ...settingsSchema(namesInFile('file')),
    targets: z
      .record(
        z.string().min(1),
        z
          .strictObject(settingsSchema(namesInFile('target')))
          .describe('Settings that apply when this target is chosen.'),
      )
      .describe('The databases that can be chosen with `target`, by name.')
      .optional(),
  })
  .describe('The runbook of a PostgreSQL deployment: every key is optional.')

/** The JSON Schema of airlock.yml, for editors; the checked-in file is this text. */
export function airlockJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(airlockSchema, { io: 'input' })
  return `${JSON.stringify({ $schema, title: 'pg-airlock runbook', ...schema }, null, 2)}\n`
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
      return z.string().min(1)
  }
}

function description(setting: Setting): string {
  const secret = setting.secret
    ? ` A password is never written here: use \${NAME} of an environment variable.`
    : ''
  return `${setting.description}${secret}${setting.default === undefined ? '' : ` Default: ${setting.default}.`}`
}
