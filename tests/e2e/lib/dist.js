'use strict'
// HONGYAN_WEB=dist: the pages as web/build.mjs wrote them, in place of those in the server, for work on them without building it.

const fs = require('node:fs')
const path = require('node:path')

const DIST = path.join(__dirname, '..', '..', '..', 'web', 'dist')
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8' }

/** `first`: what stands at `/`. */
async function fromDist(page, { first = 'index.html' } = {}) {
  if (process.env.HONGYAN_WEB !== 'dist') return
  // A page that is filled in here counts as one from elsewhere.
  await page.context().grantPermissions(['local-network-access'])
  const named = { '/': first, '/chat': 'index.html', '/demo': 'demo.html', '/admin': 'admin.html' }
  const fileOf = ({ pathname }) => named[pathname] || (/^\/assets\/([\w.]+)$/.exec(pathname) || [])[1]
  await page.route((url) => Boolean(fileOf(url)), (route) => {
    const file = fileOf(new URL(route.request().url()))
    route.fulfill({ body: fs.readFileSync(path.join(DIST, file)), headers: { 'Content-Type': TYPES[path.extname(file)], 'Content-Security-Policy': POLICY, 'Cache-Control': 'no-cache' } })
  })
}

module.exports = { fromDist }
