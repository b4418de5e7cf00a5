// -- files: what they look like, and how they are looked at
/** What a file that is chosen looks like, before the server says what it is: {kind, content, seconds}, and `local`, its address in this page. */
async function lookAt(file) {
  const content = { name: file.name, size: file.size }, kind = { image: 'image', audio: 'voice', video: 'video' }[file.type.split('/')[0]]
  if (!kind) return { kind: 'file', content }
  const node = document.createElement({ image: 'img', voice: 'audio', video: 'video' }[kind]), local = URL.createObjectURL(file)
  await Promise.race([sleep(3000), new Promise(done => { node.onload = node.onloadedmetadata = node.onerror = done; node.src = local })])
  const width = node.naturalWidth || node.videoWidth, seconds = isFinite(node.duration) ? Math.round(node.duration * 1000) / 1000 : undefined
  if (kind === 'image' ? !width : !(node.readyState > 0)) return { kind: 'file', content }
  return { kind, seconds, local, content: { ...content, width, height: node.naturalHeight || node.videoHeight, seconds } }
}

const viewer = $('.viewer')
viewer.onclick = () => viewer.close()

function view(address) {
  $('img', viewer).src = address
  viewer.showModal()
}

/** What goes over the wire, beside the phones; but no token, since screens are shown to others. */
function noteFrame(userId, { out, text }) {
  const list = $('.wire ol'), atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24
  const row = element('li', out ? 'out' : '')
  row.append(element('span', '', `${cut(userId, 8)} ${out ? '→' : '←'}`), element('code', '', cut(text.replace(/"token":"[^"]*"/, '"token":"…"'), FRAME_SHOWN)))
  list.append(row)
  while (list.children.length > FRAMES_KEPT) list.firstChild.remove()
  if (atEnd) list.scrollTop = list.scrollHeight
}
