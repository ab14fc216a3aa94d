import { describe, expect, test } from '@jest/globals'
import { Refusal } from '../../src/report/refusal.ts'
import { discoverMigrations } from '../../src/runbook/layout.ts'

function discover(...paths: string[]) {
  return discoverMigrations(
    paths.map((path) => ({ path: `migrations/${path}`, text: 'SELECT 1;' })),
    'migrations',
  )
}

function refusal(action: () => unknown): Refusal {
  try {
    action()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('the folder of migrations', () => {
  test('gives each migration its version, name, rollback and verify script', () => {
    const [migration, ...others] = discover(
      '20250115120000_add_x.sql',
      'rollbacks/20250115120000_add_x_rollback.sql',
      'verify/20250115120000_add_x_verify.sql',
    )
    expect(others).toEqual([])
    expect(migration).toMatchObject({
      version: '20250115120000',
      name: 'add_x',
      order: [20250115120000n],
      forward: { path: 'migrations/20250115120000_add_x.sql' },
      rollback: { path: 'migrations/rollbacks/20250115120000_add_x_rollback.sql' },
      verify: { path: 'migrations/verify/20250115120000_add_x_verify.sql' },
    })
  })

  test.each([
    ['V1.2__add_x.sql', '1.2', 'add_x'],
    ['v7-add-x.sql', '7', 'add-x'],
    ['2025_01_15_add_x.sql', '2025_01_15', 'add_x'],
    ['1_2fa.sql', '1', '2fa'],
    ['1__2_x.sql', '1', '2_x'],
    ['001_Ünïcode name; DROP.sql', '001', 'Ünïcode name; DROP'],
    ['99999999999999999999999_big.sql', '99999999999999999999999', 'big'],
  ])('reads %s as version %s, name %s', (path, version, name) => {
    expect(discover(path)).toMatchObject([{ version, name }])
  })

  test('orders versions group by group as numbers, not as text', () => {
    const versions = discover('10_c.sql', '9_b.sql', '9.10_a.sql', '9.9_a.sql', 'V1_a.sql')
    expect(versions.map(({ version }) => version)).toEqual(['1', '9', '9.9', '9.10', '10'])
  })

  test('tells versions apart that a floating-point number could not', () => {
    const found = discover('9007199254740993_b.sql', '9007199254740992_a.sql')
    expect(found.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test.each([
    ['1_a.sql', '1_b.sql'],
    ['1_a.sql', 'V1.0__b.sql'],
    ['01_a.sql', '1-b.sql'],
    ['1.2_a.sql', '1_2_b.sql'],
  ])('refuses %s beside %s as one version twice', (one, other) => {
    const { parts } = refusal(() => discover(one, other))
    expect(parts.what).toContain(one)
    expect(parts.what).toContain(other)
    expect(parts.fix).not.toBe('')
  })

  test.each([
    'add_x.sql',
    '1.sql',
    '1_.sql',
    '1_a.SQL',
    'seeds/1_a.sql',
    'rollbacks/old/1_a_rollback.sql',
    'rollbacks/1_a.sql',
    'verify/1_a_verify.sql',
    'rollbacks/1_a_rollback.sql',
    '.hidden.sql',
  ])('refuses %s by name', (path) => {
    const { parts } = refusal(() => discover('2_b.sql', path))
    expect(parts.what).toContain(`migrations/${path}`)
    expect(parts.where?.file).toBe(`migrations/${path}`)
    expect(parts.fix).not.toBe('')
  })

  test('ignores files that are not SQL, wherever they lie', () => {
    expect(discover('README.md', 'rollbacks/.gitkeep', 'seeds/data.csv', 'a.sql.bak')).toEqual([])
  })

  test('tells the first problem in full and names the others', () => {
    const { parts } = refusal(() => discover('a.sql', 'b.sql', 'c/1_x.sql'))
    expect(parts.what).toContain('migrations/a.sql')
    expect(parts.why).toContain('2 more')
    expect(parts.why).toContain('migrations/b.sql')
    expect(parts.why).toContain('migrations/c/1_x.sql')
  })

  test('names the subfolder or migration that was meant', () => {
    expect(refusal(() => discover('1_a.sql', 'rollback/1_a_rollback.sql')).parts.fix).toContain(
      'rollbacks/',
    )
    expect(refusal(() => discover('1_add_x.sql', 'verify/1_ad_x_verify.sql')).parts.fix).toContain(
      'verify/1_add_x_verify.sql',
    )
  })

  test.each(['./migrations', 'migrations/', './migrations//'])(
    'takes the folder as %s',
    (folder) => {
      const files = [{ path: 'migrations/1_a.sql', text: '' }]
      expect(discoverMigrations(files, folder)).toHaveLength(1)
    },
  )

  test('takes the working directory itself as the folder', () => {
    expect(discoverMigrations([{ path: '1_a.sql', text: '' }], '.')).toHaveLength(1)
  })

  test('gives the same checksum for other line endings and a BOM, another for other text', () => {
    const sum = (text: string) =>
      discoverMigrations([{ path: 'm/1_a.sql', text }], 'm')[0]?.checksum ?? ''
    expect(sum('\uFEFFa\r\nb\rc\n')).toBe(sum('a\nb\nc\n'))
    expect(sum('a\nb')).not.toBe(sum('a\nb\n'))
    expect(sum('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })
})
