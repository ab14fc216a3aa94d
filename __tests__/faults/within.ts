/** Whatever has happened to it, a run must have ended by itself after this time: where nothing answers any more, one wait after the other runs out (measured: 71 to 108 s). */
export const deadlineMs = 150_000

/** The result, or 'too late'. */
export async function within<Result>(
  ms: number,
  promise: Promise<Result>,
): Promise<Result | 'too late'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'too late'>((resolve) => {
    timer = setTimeout(() => resolve('too late'), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
