/** A request, as fetch takes it: no credentials in the URL. */
export interface HttpRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** A redirect with one of these statuses is the answer, and not followed. */
  readonly finalStatuses: readonly number[]
}

/** What came back, or why nothing did. Texts are ours: none quotes the URL, which may hold secrets. */
export type HttpAnswer =
  | {
      readonly type: 'answer'
      readonly status: number
      readonly body: string
      /** The body was longer than is read. */
      readonly truncated: boolean
    }
  /** No application spoke: refused, reset, timed out, no such host. */
  | { readonly type: 'no-answer'; readonly reason: string }
  /** Somebody spoke, and it can't be used: TLS, a redirect elsewhere, an answer that is no HTTP. */
  | { readonly type: 'unusable'; readonly reason: string }

/** So much of a body is read. */
export const MAX_BODY_BYTES = 1_048_576

const MAX_REDIRECTS = 10

/**
 * Asks over HTTP. Redirects are followed within the same origin only: a header may be a secret, and another host is not what was to be tested.
 * Each request has a connection of its own, since a pooled one may lead to a process that is gone. Never throws for what a server or network does.
 *
 * @param signal ends it; a timeout is told as such
 */
export async function requestHttp(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  let { url, method, body } = request
  const headers = { ...request.headers, connection: 'close' }
  try {
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const response = await fetch(url, { method, headers, body, redirect: 'manual', signal })
      const target = redirectOf(response, request.finalStatuses)
      if (target === null) return await answerOf(response)
      await response.body?.cancel()
      const next = URL.canParse(target, url) ? new URL(target, url) : null
      if (next === null || next.origin !== new URL(url).origin) {
        const where = next === null ? 'somewhere that is no URL' : next.origin
        return unusable(`status ${response.status} redirects to ${where}, which is not followed`)
      }
      // As browsers do: after these a form is not sent again.
      if (response.status === 303 || (response.status < 303 && method === 'POST')) {
        method = method === 'HEAD' ? 'HEAD' : 'GET'
        body = null
      }
      url = next.href
    }
    return unusable(`more than ${MAX_REDIRECTS} redirects`)
  } catch (error) {
    return failureOf(error)
  }
}

function redirectOf(response: Response, finalStatuses: readonly number[]): string | null {
  const isRedirect = [301, 302, 303, 307, 308].includes(response.status)
  return isRedirect && !finalStatuses.includes(response.status)
    ? response.headers.get('location')
    : null
}

async function answerOf(response: Response): Promise<HttpAnswer> {
  const decoder = new TextDecoder()
  let body = ''
  let left = MAX_BODY_BYTES
  for await (const chunk of response.body ?? []) {
    const bytes: Uint8Array = chunk
    body += decoder.decode(bytes.subarray(0, left), { stream: true })
    left -= bytes.length
    // Leaving the loop cancels the rest.
    if (left < 0) break
  }
  return {
    type: 'answer',
    status: response.status,
    body: body + decoder.decode(),
    truncated: left < 0,
  }
}

/** What Node and OpenSSL call it, by code: fetch itself only says "fetch failed", and its messages may quote the URL. */
const NO_ANSWER: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  UND_ERR_SOCKET: 'connection closed before an answer',
  ENOTFOUND: 'no such host (DNS)',
  EAI_AGAIN: 'the name can’t be looked up (DNS)',
  EAI_FAIL: 'the name can’t be looked up (DNS)',
  ETIMEDOUT: 'timed out',
  UND_ERR_CONNECT_TIMEOUT: 'timed out while connecting',
  UND_ERR_HEADERS_TIMEOUT: 'timed out while waiting for an answer',
  UND_ERR_BODY_TIMEOUT: 'timed out while reading the answer',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
}

const TLS =
  /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|EPROTO$|HOSTNAME_MISMATCH)/

function failureOf(error: unknown): HttpAnswer {
  if (nameOf(error) === 'TimeoutError') return { type: 'no-answer', reason: 'timed out' }
  if (nameOf(error) === 'AbortError') return { type: 'no-answer', reason: 'cancelled' }
  const code = codeOf(error)
  const reason = NO_ANSWER[code]
  if (reason !== undefined) return { type: 'no-answer', reason }
  if (TLS.test(code)) return unusable(`TLS failed: ${code}`)
  return unusable(
    code === '' ? `the request failed (${nameOf(error)})` : `the request failed: ${code}`,
  )
}

/** The code of the error, or of what caused it; of several addresses that all failed, the first one’s. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown[] }
  if (typeof code === 'string' && code !== '') return code
  return codeOf(cause) || (Array.isArray(errors) ? codeOf(errors[0]) : '')
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : 'unknown'
}

function unusable(reason: string): HttpAnswer {
  return { type: 'unusable', reason }
}
