import { privilegeCheck } from '../privileges/check.ts'

/** What is altered, dropped, indexed or commented on belongs to the role, or to one whose privileges it has (pg_has_role USAGE). One query. */
export const privilegesOwnership = privilegeCheck({
  id: 'privileges.ownership',
  group: 'ownership',
  title: 'Ownership of what is changed',
})
