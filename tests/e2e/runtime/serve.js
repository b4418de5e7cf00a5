'use strict'
// Serves a compiled mini-program, together with the browser's half of the runtime, on 127.0.0.1.

const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { compile } = require('./compile')

const distOf = (name, file) => path.join(path.dirname(require.resolve(`${name}/package.json`)), 'dist', file)
const LIBRARIES = {
  'glass-easel.js': distOf('glass-easel', 'glass_easel.all.es.js'),
  'glass-easel-miniprogram-adapter.js': distOf('glass-easel-miniprogram-adapter', 'glass_easel_miniprogram_adapter.es.js'),
}
const HOST_PAGE = `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/runtime/base.css">
<script type="importmap">{"imports": {
  "glass-easel": "/library/glass-easel.js",
  "glass-easel-miniprogram-adapter": "/library/glass-easel-miniprogram-adapter.js"
}}</script></head>
<body><script src="/app.js"></script><script type="module" src="/runtime/main.js"></script></body></html>`
const TYPES = { '.js': 'text/javascript', '.css': 'text/css' }

/**
 * Serves the mini-program in a folder. Any path without a file name's ending is one of its pages.
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
async function serveMiniProgram(directory) {
  const script = compile(directory)
  const answerTo = (pathname) => {
    if (pathname === '/app.js') return [TYPES['.js'], script]
    if (pathname.startsWith('/library/')) return [TYPES['.js'], fs.readFileSync(LIBRARIES[path.basename(pathname)])]
    if (pathname.startsWith('/runtime/')) {
      const name = path.basename(pathname)
      return [TYPES[path.extname(name)], fs.readFileSync(path.join(__dirname, 'browser', name))]
    }
    return path.extname(pathname) ? null : ['text/html', HOST_PAGE]
  }
  const server = http.createServer((request, response) => {
    const answer = answerTo(new URL(request.url, 'http://localhost').pathname)
    if (!answer) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': `${answer[0]}; charset=utf-8`, 'cache-control': 'no-store' }).end(answer[1])
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    }),
  }
}

module.exports = { serveMiniProgram }
