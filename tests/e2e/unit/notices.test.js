'use strict'
// Subscribe messages: what is granted anew in each tap on Send where somebody chose "always keep".

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Notices } = require('../../../miniprogram/services/notices')

/** Notices of a phone that answers `answers`, where `always` is kept; `asked` and `granted` are what it did. */
async function phone({ always, answers = { T1: 'accept', T2: 'accept' }, refuses = null }) {
  const it = { asked: 0, granted: [] }
  global.wx = {
    getSetting: ({ withSubscriptions, success }) => success({ subscriptionsSetting: withSubscriptions ? { mainSwitch: true, itemSettings: always } : undefined }),
    requestSubscribeMessage: ({ success }) => { it.asked++; success(answers) },
  }
  const client = {
    userId: '1',
    call: async (method, params) => {
      if (method === 'push.status') return { grants: { T1: 0, T2: 0 } }
      if (refuses) throw Object.assign(new Error('no'), refuses)
      it.granted.push(params.templateId)
      return {}
    },
  }
  it.notices = new Notices(client, { get: () => null, set() {} })
  await it.notices.read()
  it.notices.readAlways()
  return it
}

test('renewed silently where it is always kept, at most once a minute', async (t) => {
  const { now } = Date
  t.after(() => { Date.now = now })
  Date.now = () => 1_000_000
  const it = await phone({ always: { T1: 'accept', T2: 'accept' } })
  await it.notices.renew()
  assert.deepEqual(it.granted, ['T1', 'T2'])
  assert.equal(it.notices.left, 2)
  Date.now = () => 1_059_999
  await it.notices.renew()
  assert.equal(it.asked, 1)
  Date.now = () => 1_060_000
  await it.notices.renew()
  assert.equal(it.asked, 2)
  assert.equal(it.notices.left, 4)
})

test('nobody is asked by a tap on Send: not without "always keep", not for one that has it and one that has not', async () => {
  for (const always of [{}, { T1: 'accept' }, { T1: 'accept', T2: 'reject' }]) {
    const it = await phone({ always })
    await it.notices.renew()
    assert.equal(it.asked, 0)
  }
})

test('a server that refuses a grant is not asked again', async () => {
  const it = await phone({ always: {}, refuses: { code: -32003, final: true } })
  assert.equal(it.notices.isDue, true)
  assert.equal(await it.notices.ask(), 'off')
  await it.notices.read()
  assert.equal(it.notices.grants, null)
  assert.equal(it.notices.isDue, false)
})

test('one that is only busy is asked again', async () => {
  const it = await phone({ always: {}, refuses: { code: -32053, final: false } })
  assert.equal(await it.notices.ask(), 'offline')
  assert.equal(it.notices.isDue, true)
})
