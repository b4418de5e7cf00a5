'use strict'
// What a test of a mini-program stands on: the mini-program served, a server that takes it in, and a browser as its phones.

const { launchForMiniProgram } = require('../runtime/open')
const { serveMiniProgram } = require('../runtime/serve')
const { startHongyan } = require('./hongyan')

/** @param {string} folder of the mini-program */
async function startMiniProgram(folder) {
  const started = {}
  try {
    started.app = await serveMiniProgram(folder)
    started.server = await startHongyan({ origins: [started.app.url] })
    started.browser = await launchForMiniProgram()
  } catch (error) {
    await stopMiniProgram(started)
    throw error
  }
  return started
}

/** However much of it was started. */
async function stopMiniProgram({ app, server, browser }) {
  if (browser) await browser.close()
  if (server) await server.stop()
  if (app) await app.close()
}

/** After a test: its phones would go on, and take the processor from the next one's. */
async function closePhones(started) {
  for (const context of started?.browser?.contexts() ?? []) await context.close()
}

/** Two users nobody else uses, so that the tests of a file do not see each other's messages. */
let nextPair = 100
function freshPair() {
  nextPair += 2
  return [String(nextPair), String(nextPair + 1)]
}

module.exports = { startMiniProgram, stopMiniProgram, closePhones, freshPair }
