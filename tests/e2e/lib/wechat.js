'use strict'
// The app with WeChat's login, and a server that has it: what WeChat's servers say the black-box tests' stand-in says.

const { serveMiniProgram } = require('../runtime/serve')
const { startHongyan } = require('./hongyan')
const { closePhones, copyProduct } = require('./product')

/**
 * @param {{browser: object}} it whose browser is used
 * @param {(started: {app, browser, server, blackbox}, wechat: object) => Promise<void>} run blackbox: what the black-box tests have of keys and templates
 * @param {{hasLogin?: boolean, subscribe?: object[]}} options whether the server has the login; its [[wechat.subscribe]]
 */
async function withWechat({ browser }, run, { hasLogin = true, subscribe = [] } = {}) {
  const [keysOf, { WechatStandIn }, setup] = await Promise.all(['keys', 'wechat', 'wechat-setup'].map((name) => import(`../../blackbox/lib/${name}.js`)))
  const copy = copyProduct({ 'config.js': (text) => text.replace("login: 'demo'", "login: 'wechat'") })
  const wechat = await WechatStandIn.start()
  const keys = new keysOf.KeyFiles()
  const settings = new setup.WechatSettings(null, wechat, { subscribe, login: hasLogin })
  const started = { browser, blackbox: { ...keysOf, ...setup } }
  try {
    started.app = await serveMiniProgram(copy.folder)
    started.server = await startHongyan({ origins: [started.app.url], args: keys.args, config: settings.toml })
    await run(started, wechat)
  } finally {
    await closePhones(started)
    await started.server?.stop()
    await started.app?.close()
    settings.dispose()
    keys.dispose()
    copy.remove()
    await wechat.stop() // fails where WeChat was asked wrongly
  }
}

module.exports = { withWechat }
