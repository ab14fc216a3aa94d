import { privilegeCheck } from '../privileges/check.ts'

/**
 * What only superusers, predefined roles or attributes of a role allow: extensions and whether they are trusted, ALTER SYSTEM, roles, files and
 * programs of the server, untrusted languages, publications and subscriptions, CREATE on the database. One query.
 */
export const privilegesSpecial = privilegeCheck({
  id: 'privileges.special',
  group: 'special',
  title: 'Attributes of the role and privileges on the database',
})
