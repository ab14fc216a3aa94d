import { running } from './running.ts'

export default async function tearDown(): Promise<void> {
  await Promise.all(running.map((server) => server.stop()))
}
