import { hideArguments } from './signals.ts'

/**
 * Hides the arguments as it is imported: as the first import of the command line's door it runs before the rest of the
 * program is even loaded.
 */
hideArguments()
