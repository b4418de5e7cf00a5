// -- the page -----------------------------------------------------------------------------------------------------
function translate() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = say(node.dataset.t)
  for (const node of document.querySelectorAll('[data-label]')) node.setAttribute('aria-label', say(node.dataset.label))
  $('#language').textContent = say('other')
  $('#language').setAttribute('aria-label', say('otherName'))
  $('#language').lang = language === 'zh' ? 'en' : 'zh-CN'
  for (const phone of phones) { phone.askForToken(phone.asked); phone.translate() }
  drawFigures()
}

$('#address').textContent = location.origin
$('#v1-address').textContent = `${location.origin.replace(/^http/, 'ws')}/v1/connect?userId=…`
$('#language').onclick = () => {
  language = language === 'zh' ? 'en' : 'zh'
  remembered('language', language)
  translate()
}
$('#copy').onclick = async () => {
  try { await navigator.clipboard.writeText(location.origin) } catch {  // plain http from another host has no clipboard
    getSelection().selectAllChildren($('#address'))
    document.execCommand('copy')
  }
  $('#copy').textContent = say('copied')
  setTimeout(() => { $('#copy').textContent = say('copy') }, 1500)
}
narrow.onchange = () => show(Number(frame.dataset.shown))
const hurry = () => { if (!document.hidden) for (const phone of phones) phone.wake() }
addEventListener('online', hurry)
document.addEventListener('visibilitychange', hurry)
addEventListener('hashchange', () => turnTo(readAddress()))
try {
  for (const [index, text] of (JSON.parse(sessionStorage.getItem('hongyan.tokens')) ?? []).entries()) {
    const token = index < 2 && readToken(text)
    if (token) useToken(index, token)
  }
} catch { /* forbidden, or not ours */ }
turnTo(readAddress())
watch()

// For whoever looks in from the developer tools, and for the tests.
Object.defineProperty(window, 'phones', { get: () => phones })
