import type { BuildRow } from './progress.ts'

/**
 * What share of a whole build each phase takes, in percent: B-trees over 1.5 million rows of integers and of texts, with and without parallel workers, on
 * 14 and 18. The mean of these runs; a single one differed by up to a third, hence 'about' beside each estimate.
 */
const plainWeights: readonly (readonly [phase: string, weight: number])[] = [
  ['building index: scanning table', 40],
  ['building index: sorting live tuples', 20],
  ['building index: loading tuples in tree', 40],
]

/** Waits are told, and weigh nothing: how long others take says nothing of the build. */
const concurrentWeights: readonly (readonly [phase: string, weight: number])[] = [
  ['waiting for writers before build', 0],
  ['building index: scanning table', 34],
  ['building index: sorting live tuples', 12],
  ['building index: loading tuples in tree', 23],
  ['waiting for writers before validation', 0],
  ['index validation: scanning index', 6],
  ['index validation: sorting tuples', 18],
  ['index validation: scanning table', 7],
  ['waiting for old snapshots', 0],
  ['waiting for readers before marking dead', 0],
  ['waiting for readers before dropping', 0],
]

/**
 * How much of the whole build is done, 0 to 1, by its phase and what is done of that; null where the phase tells nothing. Of a partitioned table
 * partitions count alike.
 */
export function fractionOfBuild(row: BuildRow): number | null {
  const concurrently = row.command.endsWith('CONCURRENTLY')
  const weights = concurrently ? concurrentWeights : plainWeights
  const inner = ofPhase(weights, row)
  if (row.partitions_total <= 0) return inner
  return Math.min(1, (row.partitions_done + (inner ?? 0)) / row.partitions_total)
}

function ofPhase(weights: typeof plainWeights, row: BuildRow): number | null {
  const place = weights.findIndex(([phase]) => phase === row.phase)
  if (place >= 0) {
    const before = sum(weights.slice(0, place))
    return (before + (weights[place]?.[1] ?? 0) * share(row)) / 100
  }
  if (row.phase !== 'building index') return null
  // Access methods without phases of their own (hash, GiST) read the table and build in one.
  const build = weights.filter(([phase]) => phase.startsWith('building index'))
  return (sum(build) * share(row)) / 100
}

function sum(weights: typeof plainWeights): number {
  return weights.reduce((total, [, weight]) => total + weight, 0)
}

/** A phase counts blocks or tuples; the other pair is 0, or left over from the phase before. Sorting counts neither. */
function share(row: BuildRow): number {
  if (row.phase.includes('sorting')) return 0
  const { tuples_done, tuples_total, blocks_done, blocks_total } = row
  const [done, total] = row.phase.includes('loading')
    ? [tuples_done, tuples_total]
    : [blocks_done, blocks_total]
  return total > 0 ? Math.min(1, done / total) : 0
}
