import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { reportToJson } from '../../src/report/json.ts'
import { reportJsonSchema } from '../../src/report/schema.ts'
import { gateSamples } from './gate-samples.ts'
import { lockSamples } from './lock-samples.ts'
import { deployed, samples } from './samples.ts'

const published: unknown = JSON.parse(readFileSync('schemas/report.schema.json', 'utf8'))
const schema = z.fromJSONSchema(published as Parameters<typeof z.fromJSONSchema>[0])

test('the published schema is the one made from the definition', () => {
  expect(published).toEqual(reportJsonSchema())
})

describe('every sample report is valid by the published schema', () => {
  test.each(Object.entries({ ...samples, ...gateSamples, ...lockSamples }))('%s', (_, report) => {
    expect(schema.safeParse(JSON.parse(reportToJson(report))).error).toBeUndefined()
  })
})

describe('the published schema', () => {
  const report = () => JSON.parse(reportToJson(deployed))

  test('refuses a missing key, an unknown outcome and a wrong type', () => {
    const { outcome, ...without } = report()
    expect(outcome).toBe('deployed')
    expect(schema.safeParse(without).success).toBe(false)
    expect(schema.safeParse({ ...report(), outcome: 'fine' }).success).toBe(false)
    const [first, ...rest] = report().migrations
    const wrong = { ...report(), migrations: [{ ...first, durationMs: '12' }, ...rest] }
    expect(schema.safeParse(wrong).success).toBe(false)
  })

  test('accepts keys that a later version adds', () => {
    expect(schema.safeParse({ ...report(), rehearsal: {} }).success).toBe(true)
  })
})

test('JSON text gives the report back, and ends with a line break', () => {
  for (const report of Object.values({ ...samples, ...gateSamples, ...lockSamples })) {
    const text = reportToJson(report)
    expect(JSON.parse(text)).toEqual(report)
    expect(text.endsWith('}\n')).toBe(true)
  }
})
