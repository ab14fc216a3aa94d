/**
 * GitHub's toolkit. It takes longer to load than all the rest of the program (it brings an HTTP client along), so only those load it who have a
 * runner to talk to, and `dist/` holds it in a file of its own.
 */
export const loadToolkit = () => import(/* webpackIgnore: true */ '@actions/core')

/** Its way to run programs: loaded by the first who runs one. */
export const loadExec = () => import(/* webpackIgnore: true */ '@actions/exec')
