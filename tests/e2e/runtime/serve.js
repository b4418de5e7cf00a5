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
<link rel="stylesheet" href="/runtime/phone.css"><link rel="stylesheet" href="/runtime/components.css">
<script type="importmap">{"imports": {
  "glass-easel": "/library/glass-easel.js",
  "glass-easel-miniprogram-adapter": "/library/glass-easel-miniprogram-adapter.js"
}}</script></head>
<body><script src="/runtime/wxs-globals.js"></script><script src="/app.js"></script>
<script type="module" src="/runtime/main.js"></script></body></html>`
const TYPES = {
  '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
  '.png': 'image/png', '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg', '.gif': 'image/gif', '.webp': 'image/webp', '.svg': 'image/svg+xml',
  '.mp3': 'audio/mpeg', '.mp4': 'video/mp4',
}
const isPackaged = (file) => TYPES[path.extname(file)] && !/\.(js|css)$/.test(file)

/** A file below a folder, or nothing. */
function readBelow(folder, pathname) {
  const file = path.join(folder, path.posix.normalize(decodeURIComponent(pathname)))
  return fs.existsSync(file) && fs.statSync(file).isFile() ? [TYPES[path.extname(file)], fs.readFileSync(file)] : null
}

/**
 * Serves the mini-program in a folder. Any path without a file name's ending is one of its pages.
 * @param {object} options of compile()
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
async function serveMiniProgram(directory, options = {}) {
  const script = compile(directory, options)
  const answerTo = (pathname) => {
    if (pathname === '/app.js') return [TYPES['.js'], script]
    if (pathname.startsWith('/library/')) return [TYPES['.js'], fs.readFileSync(LIBRARIES[path.basename(pathname)])]
    if (pathname.startsWith('/runtime/')) return readBelow(path.join(__dirname, 'browser'), pathname.slice('/runtime'.length))
    if (isPackaged(pathname)) return readBelow(directory, pathname)
    return path.extname(pathname) ? null : ['text/html; charset=utf-8', HOST_PAGE]
  }
  const server = http.createServer((request, response) => {
    const answer = answerTo(new URL(request.url, 'http://localhost').pathname)
    if (!answer) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': answer[0], 'cache-control': 'no-store' }).end(answer[1])
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
