// Writes what is generated: action.yml and the JSON Schema of airlock.yml from the table of settings, that of the report from its type.
import { writeFileSync } from 'node:fs'
import { reportJsonSchema } from '../src/report/schema.ts'
import { airlockJsonSchema } from '../src/runbook/airlock-schema.ts'
import { actionYaml } from '../src/runbook/reference.ts'

writeFileSync(new URL('../action.yml', import.meta.url), actionYaml())
writeFileSync(new URL('../schemas/airlock.schema.json', import.meta.url), airlockJsonSchema())
writeFileSync(
  new URL('../schemas/report.schema.json', import.meta.url),
  JSON.stringify(reportJsonSchema(), null, 2),
)
