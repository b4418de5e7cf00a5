'use strict'
// What pages show before anything is known of what they are for.

const assert = require('node:assert/strict')
const test = require('node:test')
const { startProduct, stopProduct, openProduct } = require('./lib/product')

let it
test.before(async () => { it = await startProduct() })
test.after(async () => { await stopProduct(it) })

const NOWHERE = { url: 'http://127.0.0.1:1' }

test('contacts: that one has none is not said before the server has said it', async () => {
  const page = await openProduct({ ...it, server: NOWHERE }, { as: '10', path: '/pages/contacts/contacts' })
  await page.locator('.bone').first().waitFor()
  assert.equal(await page.getByText('还没有联系人').count(), 0)
  await page.getByText('加载失败，点此重试').waitFor({ timeout: 20000 })
  assert.equal(await page.locator('.bone').count() + await page.getByText('还没有联系人').count(), 0)

  const known = await openProduct(it, { as: '11', path: '/pages/contacts/contacts' })
  await known.getByText('还没有联系人').waitFor()
  assert.equal(await known.locator('.bone').count(), 0)
})
