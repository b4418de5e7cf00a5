'use strict'
// `node pack.js FOLDER`: WeChat's "Build npm" on the mini-program in a folder. It asks for a key and never uses it.

const path = require('node:path')
const ci = require('miniprogram-ci')

const projectPath = path.resolve(process.argv[2])
const project = new ci.Project({ appid: 'touristappid', type: 'miniProgram', projectPath, privateKeyPath: __filename })
ci.packNpm(project, {}).then((warnings) => {
  for (const { msg } of warnings) console.error(msg)
  process.exitCode = warnings.length
})
