// tsc has already turned the tests and the source into ES modules under build/,
// so Jest needs no transform and tests exactly what ncc will bundle.
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/build/__tests__'],
  testMatch: ['**/*.test.js'],
  transform: {},
  globalSetup: '<rootDir>/build/__tests__/support/global-setup.js',
  globalTeardown: '<rootDir>/build/__tests__/support/global-teardown.js',
  testTimeout: 60_000,
  maxWorkers: 2,
  coverageProvider: 'v8',
  collectCoverageFrom: ['<rootDir>/build/src/**/*.js'],
}
