/**
 * After about thirty seconds without a sign of life from us the server ends a backend of ours, and its locks with it: by default it would take two hours
 * where nothing is under way, and a quarter of an hour where an answer is. On a Unix socket they are ignored, and where the server's platform has none of
 * them it says so in its log only. Behind a pooler they hold between it and the server.
 */
export const silenceSettings = {
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '4',
  tcp_user_timeout: '30s',
} as const
