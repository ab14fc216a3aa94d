// Writes what is generated: action.yml from the table of settings, the JSON Schema of airlock.yml and its reference from its schema, the
// JSON Schema of the report from its type, the reference of the checks from their registry.
import { writeFileSync } from 'node:fs'
import { checksReference } from '../src/checks/preflight/reference.ts'
import { reportJsonSchema } from '../src/report/schema.ts'
import { airlockReference } from '../src/runbook/airlock-reference.ts'
import { airlockJsonSchema } from '../src/runbook/airlock-schema.ts'
import { actionYaml } from '../src/runbook/reference.ts'

writeFileSync(new URL('../action.yml', import.meta.url), actionYaml())
writeFileSync(new URL('../docs/airlock-yml.md', import.meta.url), airlockReference())
writeFileSync(new URL('../docs/checks.md', import.meta.url), checksReference())
writeFileSync(new URL('../schemas/airlock.schema.json', import.meta.url), airlockJsonSchema())
writeFileSync(
  new URL('../schemas/report.schema.json', import.meta.url),
  JSON.stringify(reportJsonSchema(), null, 2),
)
