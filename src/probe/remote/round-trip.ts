import { gunzipSync } from 'node:zlib';
import { type Dispatcher, request } from 'undici';
import { AnswerError } from './answer-reader';
import type { Reply } from './protocols';

/** One HTTP request. */
export interface Message {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Called when the body leaves. */
  readonly onSend?: () => void;
}

interface Limits {
  /** Milliseconds from connecting to the last byte. */
  readonly timeoutMs: number;
  /** Most bytes of an answer. */
  readonly maxResponseBytes: number;
}

/** Statuses that are an answer; 451 is that of declining one. */
const GOOD = [200, 201, 451];
const MOST_REDIRECTS = 5;

/** A status that is no answer. */
export class StatusError extends AnswerError {
  /** Milliseconds that it asks to wait. */
  readonly wait: number;

  constructor(
    readonly status: number,
    { location, 'retry-after': retryAfter }: Reply['headers'],
    body: Buffer,
  ) {
    const wait = waitAskedFor(retryAfter?.toString());
    const asks = wait > 0 ? `; it asks to wait ${Math.round(wait / 1000)} s` : '';
    // ids of ours, which some servers repeat, take the room of their reason
    const reason = body.toString('utf8', 0, 2000).replace(/[0-9a-f]{64}/g, '…');
    super(
      quote => `status ${status}${location ? `, to ${quote(location)}` : ''}, ${quote(reason, 500)}${asks}`,
    );
    this.wait = wait;
  }
}

/**
 * Sends one request, following redirects within the origin, and reads the complete answer.
 *
 * @param moved called with the address that a redirect leads to
 */
export async function roundTrip(
  dispatcher: Dispatcher,
  address: URL,
  { method, headers, body, onSend }: Message,
  { timeoutMs, maxResponseBytes }: Limits,
  moved: (url: URL) => void,
): Promise<Reply> {
  const late = Object.assign(new Error(`no complete answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
  const abort = new AbortController();
  // undici takes no notice of a signal before the connection stands
  const deadline = new Promise<never>((_, reject) => {
    abort.signal.addEventListener('abort', () => reject(late));
  });
  deadline.catch(() => {}); // handled where it is raced
  const pieces = function* () {
    onSend?.(); // undici asks for the body when the connection stands
    yield body;
  };
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const timer = setTimeout(() => abort.abort(late), timeoutMs);
  try {
    let url = address;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const answered = request(url, {
        method,
        headers: { accept: 'application/json', ...headers, ...length },
        body: body === undefined ? undefined : (pieces() as never),
        dispatcher,
        signal: abort.signal,
      });
      const response = await Promise.race([answered, deadline]);
      const bytes = await read(response, maxResponseBytes);
      const { statusCode, headers: fields } = response;
      if (GOOD.includes(statusCode)) {
        return { status: statusCode, headers: fields, body: bytes, json: () => parse(bytes) };
      }
      const { location } = fields;
      if (![307, 308].includes(statusCode) || location === undefined) {
        throw new StatusError(statusCode, fields, bytes);
      }
      url = new URL(String(location), url);
      if (url.origin !== address.origin) {
        throw new AnswerError(quote => `redirected to ${quote(location)}, expected the same origin`);
      }
      moved(url);
    }
    throw new Error(`more than ${MOST_REDIRECTS} redirects`);
  } finally {
    clearTimeout(timer);
  }
}

/** The bytes of an answer, in one growing buffer: a list of tiny chunks takes a hundred times their memory. */
async function read({ body, headers }: Dispatcher.ResponseData, most: number): Promise<Buffer> {
  const tooLarge = new Error(`the answer is larger than ${most} bytes, see maxResponseBytes`);
  if (Number(headers['content-length'] ?? 0) > most) body.destroy(tooLarge);
  let bytes = Buffer.alloc(2 ** 14);
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (size + chunk.length > most) throw tooLarge;
    if (size + chunk.length > bytes.length) {
      bytes = Buffer.concat([bytes], Math.max(2 * bytes.length, size + chunk.length));
    }
    chunk.copy(bytes, size);
    size += chunk.length;
  }
  bytes = bytes.subarray(0, size);
  if (headers['content-encoding'] !== 'gzip') return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.floor(most) });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge : error;
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString().replace(/^\uFEFF/, ''));
  } catch {
    throw new AnswerError(quote => `the answer is not JSON: ${quote(body.toString('utf8', 0, 200))}`);
  }
}

/** Retry-After, in milliseconds: seconds or a date; 0 when it says neither. */
function waitAskedFor(header: string | undefined): number {
  if (header === undefined) return 0;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now());
}
