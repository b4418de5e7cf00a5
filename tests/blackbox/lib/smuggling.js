// Requests that two HTTP servers could read in two ways, or that are none.

import { pushText, requestText } from './raw.js'

// What follows on the connection: a push that must not be taken for one.
export const innerOf = (smuggler) => pushText({ userId: smuggler, targetUserId: smuggler, content: 'smuggled' })

const size = Buffer.byteLength(innerOf(1001)) // tests' users have four digits
export const corpus = {
  'with Content-Length and Transfer-Encoding': requestText('POST', '/push', { 'Content-Length': 5, 'Transfer-Encoding': 'chunked' }, '0\r\n\r\n'),
  'with Transfer-Encoding and Content-Length': requestText('POST', '/push', { 'Transfer-Encoding': 'chunked', 'Content-Length': size + 5 }, '0\r\n\r\n'),
  'with two different Content-Lengths': requestText('POST', '/push', { 'Content-Length': [0, size] }),
  'with the same Content-Length twice in a list': requestText('POST', '/push', { 'Content-Length': `${size}, ${size}` }),
  'with two Content-Lengths in a list': requestText('POST', '/push', { 'Content-Length': `0, ${size}` }),
  'with Transfer-Encoding: gzip': requestText('POST', '/push', { 'Transfer-Encoding': 'gzip' }),
  'with Transfer-Encoding: xchunked': requestText('POST', '/push', { 'Transfer-Encoding': 'xchunked' }),
  'with Transfer-Encoding: chunked, gzip': requestText('POST', '/push', { 'Transfer-Encoding': 'chunked, gzip' }, '0\r\n\r\n'),
  'with Transfer-Encoding: gzip, chunked': requestText('POST', '/push', { 'Transfer-Encoding': 'gzip, chunked' }, '0\r\n\r\n'),
  'with Transfer-Encoding: identity': requestText('POST', '/push', { 'Transfer-Encoding': 'identity' }),
  'with Transfer-Encoding: "chunked"': requestText('POST', '/push', { 'Transfer-Encoding': '"chunked"' }, '0\r\n\r\n'),
  'with two Transfer-Encodings': requestText('POST', '/push', { 'Transfer-Encoding': ['chunked', 'identity'] }, '0\r\n\r\n'),
  'with Transfer-Encoding in HTTP/1.0': requestText('POST', '/push', { 'Transfer-Encoding': 'chunked' }, '0\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0'),
  'with a space before the colon': requestText('POST', '/push', { 'Content-Length ': size }),
  'with a folded header': 'POST /push HTTP/1.1\r\nHost: x\r\nX-A: b\r\n Content-Length: 0\r\n\r\n',
  'with a folded Transfer-Encoding': 'POST /push HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n',
  'with bare line feeds': 'GET /healthz HTTP/1.1\nHost: x\n\n',
  'with a bare line feed in the header': 'GET /healthz HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n',
  'with a bare carriage return in the header': 'GET /healthz HTTP/1.1\r\nHost: x\rX-A: b\r\n\r\n',
  'with a negative Content-Length': requestText('POST', '/push', { 'Content-Length': -1 }),
  'with a signed Content-Length': requestText('POST', '/push', { 'Content-Length': '+5' }),
  'with a hexadecimal Content-Length': requestText('POST', '/push', { 'Content-Length': '0x5' }),
  'with an empty Content-Length': requestText('POST', '/push', { 'Content-Length': '' }),
  'with a Content-Length beyond 64 bits': requestText('POST', '/push', { 'Content-Length': '18446744073709551621' }),
  'with NUL in the target': 'GET /heal\0thz HTTP/1.1\r\nHost: x\r\n\r\n',
  'with a space in the target': 'GET /healthz x HTTP/1.1\r\nHost: x\r\n\r\n',
  'with NUL in a header': 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n',
  'with a header line without a colon': 'GET /healthz HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n',
  'with an empty header name': 'GET /healthz HTTP/1.1\r\nHost: x\r\n: v\r\n\r\n',
  'with a space in the method': 'GE T /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
  'with an unknown version': 'GET /healthz HTTP/3.7\r\nHost: x\r\n\r\n',
  'of HTTP/0.9': 'GET /healthz\r\n\r\n',
  'of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'with a chunk size that is no number': requestText('POST', '/push', { 'Transfer-Encoding': 'chunked' }, 'zz\r\nx\r\n0\r\n\r\n'),
  'with a negative chunk size': requestText('POST', '/push', { 'Transfer-Encoding': 'chunked' }, '-5\r\nx\r\n0\r\n\r\n'),
  'with a chunk size beyond 64 bits': requestText('POST', '/push', { 'Transfer-Encoding': 'chunked' }, '10000000000000005\r\nx\r\n0\r\n\r\n'),
  'with a chunk longer than it says': requestText('POST', '/push', { 'Transfer-Encoding': 'chunked' }, '2\r\nabcd\r\n0\r\n\r\n'),
  'of TLS': Buffer.from('16030100c8010000c40303', 'hex'),
  'of noise': Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 73 + 129) & 255)),
}
