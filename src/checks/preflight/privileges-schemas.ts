import { privilegeCheck } from '../privileges/check.ts'

/** CREATE where something is made (an index asks for it too, whoever owns its table) and USAGE where something is named. One query. */
export const privilegesSchemas = privilegeCheck({
  id: 'privileges.schemas',
  group: 'schemas',
  title: 'CREATE and USAGE on schemas',
})
